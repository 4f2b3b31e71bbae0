// saltus map: what activations do to signals in deep networks, by theory.
#include <cmath>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <saltus/theory.h>

#include "commands.h"
#include "common_options.h"
#include "lists.h"
#include "output.h"
#include "output_folder.h"
#include "terminal.h"
#include "text_layout.h"

namespace saltus::app {
namespace {

struct MapArguments {
  std::string activations = "all";
  std::string out = "runs/map";
};

std::string short_number(double value) {
  if (std::abs(value) < 1e-12) return "0";  // what rounding leaves of it
  return fmt::format("{:.4g}", value);
}

/// A depth is an estimate: two digits.
std::string depth_text(double depth) {
  if (depth >= 1000) return std::isinf(depth) ? "any" : ">1000";
  return depth < 10 ? fmt::format("{:.2g}", depth) : fmt::format("{:.0f}", depth);
}

std::string table_of(const std::vector<SignalMap>& maps) {
  TextTable table;
  table.add_column("activation");
  table.add_column("critical");
  for (const char* title :
       {"K*", "weights", "biases", "gain", "mean", "chi", "depth", "variance", "slope"}) {
    table.add_column(title, Align::right);
  }
  for (const SignalMap& map : maps) {
    const auto& at = map.critical;
    const auto& fixed = map.fixed;
    table.add_row({map.activation.label(), std::string(to_string(map.criticality)),
                   at ? short_number(at->length) : "-",
                   at ? short_number(at->weight_variance) : "-",
                   at ? short_number(at->bias_variance) : "-", short_number(map.gain),
                   short_number(map.standard.mean), short_number(map.initialized.chi),
                   depth_text(map.initialized.depth), fixed ? short_number(fixed->variance) : "-",
                   fixed ? short_number(fixed->variance_slope) : "-"});
  }
  return table.str(static_cast<std::size_t>(output_columns()));
}

int run_map(const MapArguments& arguments) {
  std::vector<SignalMap> maps;
  for (const Activation& activation : parse_activations("--activations", arguments.activations))
    maps.push_back(map_signals(activation));
  const OutputFolder folder(arguments.out, Existing::overwrite);
  write_map_csv(folder.path() / "map.csv", maps);
  write_critical_lines_csv(folder.path() / "critical_lines.csv", maps);
  draw_map(folder.path(), maps);
  print("{}\n", table_of(maps));
  print(
      "critical, K*, weights, biases: where lengths are kept and chi is 1, and by which variances\n"
      "gain: keeps a length of 1; mean: of the outputs there\n"
      "chi, depth: with the activation's initializer; about how many layers can be trained\n"
      "variance, slope: one that the outputs have, too, and below 1: differences from it shrink\n"
      "wrote map.csv, critical_lines.csv, map.svg and map.png into {}\n",
      folder.path().string());
  return 0;
}

}  // namespace

Run make_map(CLI::App& command) {
  const auto arguments = std::make_shared<MapArguments>();
  add_activations(command, arguments->activations);
  add_replaced_folder(command, arguments->out);
  command.footer(
      "Example:\n  saltus map --activations gelu,silu,selu\n"
      "  saltus map --activations \"relu, mine = x * atan(exp(x))\"");
  return [arguments] { return run_map(*arguments); };
}

}  // namespace saltus::app
