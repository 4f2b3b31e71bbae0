// saltus depth: signals and gradients through a deep network that has just been initialized.
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <saltus/dataset.h>
#include <saltus/depth.h>
#include <saltus/depth_grid.h>
#include <saltus/progress.h>
#include <saltus/theory.h>

#include "commands.h"
#include "common_options.h"
#include "data_progress.h"
#include "interrupt.h"
#include "lists.h"
#include "output.h"
#include "output_folder.h"
#include "terminal.h"
#include "text_layout.h"

namespace saltus::app {
namespace {

struct DepthArguments {
  std::string activations = list_of(tutorial_activations());
  std::string initializer = text_of(std::nullopt);
  DepthOptions options;
  bool train = false;
  std::string data = "mnist";
  std::string depths = fmt::format("{}", fmt::join(DepthGridOptions{}.depths, ","));
  std::string weight_variances =
      fmt::format("{}", fmt::join(DepthGridOptions{}.weight_variances, ","));
  std::int64_t train_limit = 2000;
  int epochs = DepthGridOptions{}.epochs;
  std::string out = "runs/depth";
};

constexpr std::int64_t kTestImages = 1000;

std::string number(double value) {
  return std::isfinite(value) ? fmt::format("{:.3g}", value) : "overflow";
}

std::string born_dead_text(const DepthSignals& signals, std::int64_t width) {
  const std::optional<double> bound =
      born_dead_bound(signals.activation, static_cast<int>(signals.layers.size()), width);
  return !bound ? "-" : *bound == 0 ? "never" : fmt::format("<= {:.2g}", *bound);
}

std::string table_of(const std::vector<DepthSignals>& all, std::int64_t width) {
  TextTable table;
  table.add_column("activation");
  table.add_column("initializer");
  for (const char* title : {"sd first", "sd last", "mean last", "positive", "born dead",
                            "gradient first/last", "theory"})
    table.add_column(title, Align::right);
  for (const DepthSignals& signals : all) {
    const LayerSignals& first = signals.layers.front();
    const LayerSignals& last = signals.layers.back();
    table.add_row({signals.activation.label(), to_string(signals.initializer), number(first.sd),
                   number(last.sd), number(last.mean), fmt::format("{:.0f} %", 100 * last.positive),
                   born_dead_text(signals, width), number(signals.gradient_ratio()),
                   number(signals.expected.front().gradient)});
  }
  return table.str(static_cast<std::size_t>(output_columns()));
}

/// Trains the grids, with progress on standard error.
std::vector<DepthGrid> train_grids(const DepthArguments& arguments,
                                   const std::vector<Activation>& activations,
                                   const ImageDataset& data) {
  DepthGridOptions options;
  options.depths = parse_numbers<int>("--depths", arguments.depths);
  options.weight_variances =
      parse_numbers<double>("--weight-variances", arguments.weight_variances);
  options.epochs = arguments.epochs;
  options.seed = arguments.options.seed;
  options.threads = arguments.options.threads;
  const ImageSet train = data.train.first(arguments.train_limit);
  const ImageSet test = data.test.first(kTestImages);
  std::vector<DepthGrid> grids;
  for (const Activation& activation : activations) {
    ProgressBar bar(std::cerr, can_redraw(STDERR_FILENO),
                    {.label = activation.label(), .ascii = !shows_unicode()});
    options.progress = [&](std::int64_t done, std::int64_t all) {
      throw_if_interrupted();
      bar.update(done, all, {"networks"});
    };
    grids.push_back(train_depth_grid(activation, train, test,
                                     {train.height, train.width, train.channels}, data.classes,
                                     options));
  }
  return grids;
}

void show_grids(const std::vector<DepthGrid>& grids, std::int64_t classes,
                const std::filesystem::path& folder) {
  write_depth_grid_csv(folder / "depth_grid.csv", grids);
  draw_depth_grid(folder, grids);
  TextTable table;
  table.add_column("activation");
  for (const char* title : {"weights", "theory", "trained"}) table.add_column(title, Align::right);
  for (const DepthGrid& grid : grids) {
    const std::vector<double> trained = trained_depths(grid, classes);
    for (std::size_t i = 0; i < trained.size(); ++i) {
      const double expected = grid.expected_depth[i];
      table.add_row({i == 0 ? grid.activation.label() : "",
                     fmt::format("{}", grid.weight_variances[i]),
                     std::isinf(expected) ? "any" : fmt::format("{:.2g}", expected),
                     fmt::format("{:.2g}", trained[i])});
    }
  }
  print(
      "\n{}\nDepths that theory lets be trained, and that were, from {} to {}: Spearman's rank "
      "correlation is {:.2f}.\nwrote depth_grid.csv, depth_grid.svg and depth_grid.png\n",
      table.str(static_cast<std::size_t>(output_columns())), grids.front().depths.front(),
      grids.front().depths.back(), depth_correlation(grids, classes));
}

int run_depth(const DepthArguments& arguments) {
  DepthOptions options = arguments.options;
  options.initializer = parse_initializer_or_recipe(arguments.initializer);
  catch_interrupts();
  const std::vector<Activation> activations =
      parse_activations("--activations", arguments.activations);
  std::vector<DepthSignals> all;
  for (const Activation& activation : activations) {
    throw_if_interrupted();
    all.push_back(probe_depth(activation, options));
  }
  // Before anything is written: what is refused leaves nothing.
  std::vector<DepthGrid> grids;
  std::int64_t classes = 0;
  if (arguments.train) {
    DataProgress progress;
    const ImageDataset data = load_dataset(arguments.data, progress.options());
    classes = data.classes;
    grids = train_grids(arguments, activations, data);
  }
  const OutputFolder folder(arguments.out, Existing::overwrite);
  write_depth_csv(folder.path() / "depth.csv", all);
  draw_depth(folder.path(), all);
  print(
      "{}\n{} dense layers of {}, before any training. A ratio of gradients far below 1 is a "
      "gradient that\nvanishes on its way to the first layer, far above 1 one that explodes.\n"
      "wrote depth.csv, depth.svg and depth.png into {}\n",
      table_of(all, options.width), options.layers, options.width, folder.path().string());
  if (!grids.empty()) show_grids(grids, classes, folder.path());
  return 0;
}

}  // namespace

Run make_depth(CLI::App& command) {
  const auto arguments = std::make_shared<DepthArguments>();
  add_activations(command, arguments->activations);
  DepthOptions& options = arguments->options;
  add_number(command, "--layers", options.layers, "Dense layers, up to 1000")->type_name("N");
  add_number(command, "--width", options.width, "Units of each, up to 4096")->type_name("N");
  command
      .add_option("--initializer", arguments->initializer,
                  "Of all kernels; recipe: of each activation its own, as the list has it")
      ->type_name("recipe|INITIALIZER")
      ->capture_default_str();
  add_number(command, "--seed", options.seed, "Of weights and inputs")->type_name("N");
  add_threads(command, options.threads);
  command.add_flag("--train", arguments->train,
                   "Train networks of several depths and scales of weights, too, and compare how "
                   "deep they can be with theory: some seconds for each activation");
  command
      .add_option("--data", arguments->data, "With --train: a data set, as saltus sweep takes it")
      ->type_name(dataset_names() + "|DIR")
      ->capture_default_str();
  command.add_option("--depths", arguments->depths, "With --train: dense layers of 64 units")
      ->type_name("N,...")
      ->capture_default_str();
  command
      .add_option("--weight-variances", arguments->weight_variances,
                  "With --train: of weights, times the fan-in")
      ->type_name("V,...")
      ->capture_default_str();
  add_number(command, "--train-limit", arguments->train_limit, "With --train: images")
      ->type_name("N");
  add_number(command, "--epochs", arguments->epochs, "With --train: epochs")->type_name("N");
  add_replaced_folder(command, arguments->out);
  command.footer(
      "Example:\n  saltus depth --activations sigmoid,tanh,relu,selu --layers 20\n"
      "  saltus depth --activations sigmoid --initializer variance_scaling:scale=16");
  return [arguments] { return run_depth(*arguments); };
}

}  // namespace saltus::app
