// saltus curves: functions and derivatives as a table and as pictures.
#include <filesystem>
#include <memory>

#include <saltus/report.h>
#include <saltus/sweep.h>

#include "commands.h"
#include "common_options.h"
#include "lists.h"
#include "output.h"
#include "output_folder.h"

namespace saltus::app {
namespace {

struct CurvesArguments {
  std::string activations = list_of(tutorial_activations());
  CurveOptions curve;
  std::string out = "runs/curves";
};

int run_curves(const CurvesArguments& arguments) {
  std::vector<Curve> curves;
  for (const Activation& activation : parse_activations("--activations", arguments.activations)) {
    curves.push_back(compute_curve(activation, arguments.curve));
  }
  const OutputFolder folder(arguments.out, Existing::overwrite);
  write_curves_csv(folder.path() / "curves.csv", curves);
  draw_curves(folder.path(), curves);
  print("wrote curves.csv, curves.svg and curves.png into {}\n", folder.path().string());
  return 0;
}

}  // namespace

Run make_curves(CLI::App& command) {
  const auto arguments = std::make_shared<CurvesArguments>();
  add_activations(command, arguments->activations);
  add_number(command, "--from", arguments->curve.from, "Smallest x")->type_name("X");
  add_number(command, "--to", arguments->curve.to, "Largest x")->type_name("X");
  add_number(command, "--points", arguments->curve.points, "Points of each curve")->type_name("N");
  add_replaced_folder(command, arguments->out);
  command.footer(
      "Example:\n  saltus curves --activations mish,silu,elu:alpha=0.2 --from -6 --to 6\n"
      "  saltus curves --activations \"gelu, mine = x * atan(exp(b * x)); b = 2\"");
  return [arguments] { return run_curves(*arguments); };
}

}  // namespace saltus::app
