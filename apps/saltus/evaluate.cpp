// saltus evaluate: loss and metrics of a saved model.
#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <saltus/error.h>

#include "commands.h"
#include "interrupt.h"
#include "model_run.h"
#include "output.h"

namespace saltus::app {
namespace {

struct EvaluateArguments {
  ModelRunArguments run;
  bool json = false;
};

using Figures = std::vector<std::pair<std::string, double>>;

/// Means over all images, the loss first.
Figures evaluate(Model& model, const ImageSet& images) {
  Logs sums;
  for_each_part(images, "evaluating", [&](const Samples& part) {
    for (const auto& [name, mean] : model.evaluate(part)) {
      sums[name] += mean * static_cast<double>(part.count);
    }
  });
  Figures figures;
  for (const auto& [name, sum] : sums) {
    figures.emplace_back(name, sum / static_cast<double>(images.count));
  }
  std::stable_partition(figures.begin(), figures.end(),
                        [](const auto& figure) { return figure.first == "loss"; });
  return figures;
}

void print_lines(const Figures& figures) {
  std::size_t width = 0;
  for (const auto& [name, value] : figures) width = std::max(width, name.size());
  for (const auto& [name, value] : figures) {
    // The sign of a NaN says nothing.
    print("{:<{}}  {:.6g}\n", name, width,
          std::isnan(value) ? std::numeric_limits<double>::quiet_NaN() : value);
  }
}

void print_json(const Figures& figures) {
  nlohmann::ordered_json json;
  for (const auto& [name, value] : figures) json[name] = value;
  print("{}\n", json.dump(2));
}

int run_evaluate(const EvaluateArguments& arguments) {
  catch_interrupts();
  Model model = Model::load(arguments.run.model, {.device = parse_device(arguments.run.device),
                                                  .threads = arguments.run.threads,
                                                  .precision = Precision::fp32});
  if (!model.compiled()) {
    throw InvalidArgument(fmt::format(
        "{} was never compiled, so that it has no loss to evaluate: compile it in C++ and save it "
        "again, or compute from what saltus predict gives",
        arguments.run.model));
  }
  const Figures figures = evaluate(model, load_images(arguments.run, model).images);
  arguments.json ? print_json(figures) : print_lines(figures);
  return 0;
}

}  // namespace

Run make_evaluate(CLI::App& command) {
  const auto arguments = std::make_shared<EvaluateArguments>();
  add_model_run_options(command, arguments->run);
  command.add_flag("--json", arguments->json, "As JSON, with all digits");
  command.footer("Example:\n  saltus evaluate digits.safetensors --data mnist --set train --json");
  return [arguments] { return run_evaluate(*arguments); };
}

}  // namespace saltus::app
