// saltus depth: signals and gradients through a deep network that has just been initialized.
#include <cmath>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <saltus/depth.h>

#include "commands.h"
#include "interrupt.h"
#include "lists.h"
#include "output.h"
#include "output_folder.h"
#include "terminal.h"
#include "text_layout.h"

namespace saltus::app {
namespace {

struct Arguments {
  std::string activations = list_of(tutorial_activations());
  std::string initializer = text_of(std::nullopt);
  DepthOptions options;
  std::string out = "runs/depth";
};

std::string number(double value) {
  return std::isfinite(value) ? fmt::format("{:.3g}", value) : "overflow";
}

std::string table_of(const std::vector<DepthSignals>& all) {
  TextTable table;
  table.add_column("activation");
  table.add_column("initializer");
  for (const char* title : {"sd first", "sd last", "mean last", "gradient first/last", "theory"})
    table.add_column(title, Align::right);
  for (const DepthSignals& signals : all) {
    const LayerSignals& first = signals.layers.front();
    const LayerSignals& last = signals.layers.back();
    table.add_row({signals.activation.label(), to_string(signals.initializer), number(first.sd),
                   number(last.sd), number(last.mean), number(signals.gradient_ratio()),
                   number(signals.expected.front().gradient)});
  }
  return table.str(static_cast<std::size_t>(output_columns()));
}

int run_depth(const Arguments& arguments) {
  DepthOptions options = arguments.options;
  options.initializer = parse_initializer_or_recipe(arguments.initializer);
  catch_interrupts();
  std::vector<DepthSignals> all;
  for (const Activation& activation : parse_activations("--activations", arguments.activations)) {
    throw_if_interrupted();
    all.push_back(probe_depth(activation, options));
  }
  const OutputFolder folder(arguments.out, Existing::overwrite);
  write_depth_csv(folder.path() / "depth.csv", all);
  draw_depth(folder.path(), all);
  print(
      "{}\n{} dense layers of {}, before any training. A ratio of gradients far below 1 is a "
      "gradient that\nvanishes on its way to the first layer, far above 1 one that explodes.\n"
      "wrote depth.csv, depth.svg and depth.png into {}\n",
      table_of(all), options.layers, options.width, folder.path().string());
  return 0;
}

}  // namespace

Run make_depth(CLI::App& command) {
  const auto arguments = std::make_shared<Arguments>();
  command
      .add_option(
          "--activations", arguments->activations,
          "Which; parameters as in elu:alpha=0.2, formulas as in x*atan(exp(x)); see saltus "
          "activations")
      ->type_name("all|ACTIVATION,...")
      ->capture_default_str();
  DepthOptions& options = arguments->options;
  add_number(command, "--layers", options.layers, "Dense layers, up to 1000")->type_name("N");
  add_number(command, "--width", options.width, "Units of each, up to 4096")->type_name("N");
  command
      .add_option("--initializer", arguments->initializer,
                  "Of all kernels; recipe: of each activation its own, as the list has it")
      ->type_name("recipe|INITIALIZER")
      ->capture_default_str();
  add_number(command, "--seed", options.seed, "Of weights and inputs")->type_name("N");
  add_number(command, "--threads", options.threads,
             "CPU threads, up to 1024; 0: one for each core that this process may use; results do "
             "not depend on it")
      ->type_name("N");
  command.add_option("--out", arguments->out, "Folder for the files, which are replaced")
      ->type_name("DIR")
      ->capture_default_str();
  command.footer(
      "Example:\n  saltus depth --activations sigmoid,tanh,relu,selu --layers 20\n"
      "  saltus depth --activations sigmoid --initializer variance_scaling:scale=16");
  return [arguments] { return run_depth(*arguments); };
}

}  // namespace saltus::app
