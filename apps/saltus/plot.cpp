// saltus plot: a sweep's pictures, drawn again.
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <saltus/error.h>
#include <saltus/nearest.h>
#include <saltus/report.h>

#include "commands.h"
#include "lists.h"
#include "output.h"
#include "output_folder.h"

namespace saltus::app {
namespace {

struct PlotArguments {
  std::string folder;
  std::string activations = "all";
  std::string figure = "all";
  std::string out;
  bool drop_first = false;
  bool pdf = false;
};

int run_plot(const PlotArguments& arguments) {
  const StoredSweep sweep = read_sweep(arguments.folder);
  DrawOptions options;
  options.drop_first_epoch = arguments.drop_first;
  options.pdf = arguments.pdf;
  // "all" are those of the sweep here, and formulas are known since it was
  // read.
  if (arguments.activations != "all") {
    options.activations = parse_activations("--activations", arguments.activations);
  }
  if (arguments.figure != "all") {
    for (const std::string_view name : split_list("--figure", arguments.figure)) {
      options.figures.emplace_back(name);
    }
  }
  const OutputFolder folder(arguments.out.empty() ? arguments.folder : arguments.out,
                            Existing::overwrite);
  const std::vector<std::string> written =
      draw_sweep(folder.path(), sweep.plan, sweep.result, options);
  app::print("wrote {} into {}\n", fmt::join(written, ", "), folder.path().string());
  return 0;
}

}  // namespace

Run make_plot(CLI::App& command) {
  const auto arguments = std::make_shared<PlotArguments>();
  command.add_option("DIR", arguments->folder, "The folder that saltus sweep wrote")
      ->type_name("DIR")
      ->required();
  command
      .add_option("--activations", arguments->activations,
                  "Which of the sweep's to draw; of several settings of one, all")
      ->type_name("all|ACTIVATION,...")
      ->capture_default_str();
  command
      .add_option("--figure", arguments->figure,
                  "Which pictures; that of parameters needs learned ones")
      ->type_name("all|" + fmt::format("{}", fmt::join(sweep_figures(), "|")) + ",...")
      ->capture_default_str();
  command.add_flag("--drop-first", arguments->drop_first,
                   "Without the first epoch, whose figures are far from the others");
  command.add_flag("--pdf", arguments->pdf, "Each as a PDF, too");
  command
      .add_option("--out", arguments->out,
                  "Folder for the pictures, which are replaced (default: DIR)")
      ->type_name("DIR");
  command.footer(
      "Example:\n  saltus plot runs/article --activations relu,selu "
      "--figure accuracy "
      "--drop-first --out pictures");
  return [arguments] { return run_plot(*arguments); };
}

}  // namespace saltus::app
