#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <saltus/depth_grid.h>

#include "core/boundary.h"
#include "core/file.h"
#include "core/number.h"
#include "core/text.h"
#include "report/figure.h"
#include "report/gnuplot.h"
#include "report/panels.h"

namespace saltus {
namespace {

/// A cell is a rectangle around its place: variances as they are listed, depths likewise, one step
/// each, as lists are rarely even.
std::string panel(const DepthGrid& grid, std::size_t number) {
  std::string script = fmt::format("$cells{} << EOD\n", number);
  auto out = std::back_inserter(script);
  const std::size_t depths = grid.depths.size();
  for (std::size_t i = 0; i < grid.weight_variances.size(); ++i)
    for (std::size_t depth = 0; depth < depths; ++depth)
      fmt::format_to(out, "{} {} {}\n", i, depth, written(grid.at(i, depth)));
  fmt::format_to(out, "EOD\n$theory{} << EOD\n", number);
  for (std::size_t i = 0; i < grid.weight_variances.size(); ++i) {
    // Between two depths of the list by the logarithm; beyond the ends at the edge of the picture.
    const double depth = grid.expected_depth[i];
    double place = -0.5;
    if (depth >= grid.depths.back()) {
      place = static_cast<double>(depths) - 0.5;
    } else if (depth >= grid.depths.front()) {
      const auto next = std::ranges::upper_bound(grid.depths, depth) - grid.depths.begin();
      const double low = grid.depths[static_cast<std::size_t>(next) - 1];
      const double high = grid.depths[static_cast<std::size_t>(next)];
      place = static_cast<double>(next) - 1 + std::log(depth / low) / std::log(high / low);
    }
    fmt::format_to(out, "{} {}\n", i, place);
  }
  fmt::format_to(out, "EOD\nset title {} offset 0,-0.6\nset xtics (",
                 gnuplot_quote(grid.activation.label()));
  for (std::size_t i = 0; i < grid.weight_variances.size(); ++i)
    fmt::format_to(out, "{}'{}' {}", i == 0 ? "" : ", ", grid.weight_variances[i], i);
  fmt::format_to(out, ")\nset ytics (");
  for (std::size_t i = 0; i < depths; ++i)
    fmt::format_to(out, "{}'{}' {}", i == 0 ? "" : ", ", grid.depths[i], i);
  fmt::format_to(out,
                 ")\nset xrange [-0.5:{0}-0.5]\nset yrange [-0.5:{1}-0.5]\n"
                 "plot $cells{2} using 1:2:3 with image, "
                 "$theory{2} using 1:2 with linespoints linewidth 1.8 linecolor '{3}' pointtype 7 "
                 "pointsize 0.5\n",
                 grid.weight_variances.size(), depths, number, kColours[3]);
  return script;
}

}  // namespace

void write_depth_grid_csv(const std::filesystem::path& file, std::span<const DepthGrid> grids) try {
  std::string text = "activation,weight_variance,depth,accuracy,expected_depth\n";
  for (const DepthGrid& grid : grids) {
    const std::string name = csv_field(grid.activation.label());
    for (std::size_t i = 0; i < grid.weight_variances.size(); ++i) {
      for (std::size_t depth = 0; depth < grid.depths.size(); ++depth) {
        fmt::format_to(std::back_inserter(text), "{},{},{},{},{}\n", name, grid.weight_variances[i],
                       grid.depths[depth], written(grid.at(i, depth)), grid.expected_depth[i]);
      }
    }
  }
  write_file_atomic(file, text);
} catch (...) {
  throw_as_promised();
}

void draw_depth_grid(const std::filesystem::path& folder, std::span<const DepthGrid> grids) try {
  std::vector<std::string> panels;
  FigureWords words = {.title = "Accuracy by depth and variance of weights", .plots = {}};
  for (std::size_t i = 0; i < grids.size(); ++i) {
    panels.push_back(panel(grids[i], i));
    const std::string name = grids[i].activation.label();
    words.plots.push_back("accuracies of " + name);
    words.plots.push_back("theory's depth of " + name);
  }
  words.plots.insert(words.plots.end(), {"key", "accuracy 50 %", "100 %", "not finite", "theory"});
  const Panels layout(panels.size());
  // Grey is what diverged: no image is drawn there.
  const std::string setup =
      "set palette defined (0 '#ffffff', 0.5 '#8fb3d9', 1 '#002168')\n"
      "set cbrange [0:1]\nunset colorbox\nset object 1 rectangle from graph 0,0 to graph 1,1 "
      "behind fillcolor '#b0b0b0' fillstyle solid noborder\n";
  const std::string key = fmt::format(
      "keyentry with points pointtype 5 pointsize 1.4 linecolor '#8fb3d9' title 'accuracy 50 %', "
      "keyentry with points pointtype 5 pointsize 1.4 linecolor '#002168' title '100 %', "
      "keyentry with points pointtype 5 pointsize 1.4 linecolor '#b0b0b0' title 'not finite', "
      "keyentry with linespoints linewidth 1.8 pointtype 7 pointsize 0.5 linecolor '{}' "
      "title 'theory'",
      kColours[3]);
  write_figure(folder, "depth_grid", layout.size(), words, layout.script(setup, panels, key));
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
