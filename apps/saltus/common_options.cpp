#include "common_options.h"

#include "lists.h"

namespace saltus::app {

void add_activations(CLI::App& command, std::string& activations) {
  command
      .add_option(
          "--activations", activations,
          "Which; parameters as in elu:alpha=0.2, formulas as in x*atan(exp(x)); see saltus "
          "activations")
      ->type_name("all|ACTIVATION,...")
      ->capture_default_str();
}

void add_activation_names(CLI::App& command, std::vector<std::string>& names) {
  command.add_option("ACTIVATION", names, "Which, by name or as a formula; all without one")
      ->type_name("ACTIVATION");
}

std::vector<Activation> named_activations(const std::vector<std::string>& names) {
  if (names.empty()) return parse_activations("ACTIVATION", "all");
  std::vector<Activation> activations;
  activations.reserve(names.size());
  for (const std::string& name : names) activations.push_back(Activation::parse(name));
  return activations;
}

void add_replaced_folder(CLI::App& command, std::string& folder) {
  command.add_option("--out", folder, "Folder for the files, which are replaced")
      ->type_name("DIR")
      ->capture_default_str();
}

void add_threads(CLI::App& command, int& threads) {
  add_number(command, "--threads", threads,
             "CPU threads, up to 1024; 0: one for each core that this process may use; results do "
             "not depend on it")
      ->type_name("N");
}

}  // namespace saltus::app
