#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <saltus/theory.h>

#include "core/boundary.h"
#include "core/file.h"
#include "core/number.h"
#include "core/text.h"
#include "report/axis.h"
#include "report/figure.h"
#include "report/gnuplot.h"
#include "report/panels.h"

namespace saltus {
namespace {

/// Biases' variances that a panel shows.
constexpr double kMostBias = 1;

std::string csv_row(const SignalMap& map) {
  std::vector<std::string> cells = {csv_field(map.activation.label()),
                                    std::string(to_string(map.criticality))};
  const auto add = [&](auto... values) {
    (cells.push_back(fmt::format("{}", written(values))), ...);
  };
  const auto add_empty = [&](std::size_t count) { cells.insert(cells.end(), count, ""); };
  if (map.critical) {
    add(map.critical->length, map.critical->weight_variance, map.critical->bias_variance);
  } else {
    add_empty(3);
  }
  const GaussianMoments& standard = map.standard;
  add(map.gain, standard.mean, standard.square, standard.slope_square, map.poincare);
  if (map.fixed) {
    add(map.fixed->variance, map.fixed->mean, map.fixed->mean_slope, map.fixed->variance_slope);
  } else {
    add_empty(4);
  }
  cells.emplace_back(map.activation.info().initializer);
  const Propagation& initialized = map.initialized;
  add(initialized.weight_variance, initialized.length, initialized.chi, initialized.correlation,
      initialized.depth);
  return fmt::format("{}\n", fmt::join(cells, ","));
}

/// The largest variance of weights that a panel shows: lines that rise steeply are cut.
double most_weight(const SignalMap& map) {
  Range points;
  points.include(map.initialized.weight_variance);
  if (map.critical && map.critical->bias_variance <= kMostBias)
    points.include(map.critical->weight_variance);
  Range all = points;
  for (const CriticalPoint& point : map.line)
    if (point.bias_variance <= kMostBias) all.include(point.weight_variance);
  return 1.15 * std::min(all.high, 5 * points.high);
}

std::string panel(const SignalMap& map, std::size_t number) {
  std::string script = fmt::format("$line{} << EOD\n", number);
  auto out = std::back_inserter(script);
  for (const CriticalPoint& point : map.line)
    fmt::format_to(out, "{} {}\n", point.bias_variance, point.weight_variance);
  if (map.line.empty()) fmt::format_to(out, "NaN NaN\n");
  fmt::format_to(out, "EOD\n$points{} << EOD\n0 {}\n", number, map.initialized.weight_variance);
  if (map.critical) {
    fmt::format_to(out, "{} {}\n", map.critical->bias_variance, map.critical->weight_variance);
  } else {
    fmt::format_to(out, "NaN NaN\n");
  }
  const std::string title =
      fmt::format("{}: {}", map.activation.label(), to_string(map.criticality));
  fmt::format_to(out,
                 "EOD\nset title {0} offset 0,-0.6\nset yrange [0:{1}]\n"
                 "plot $line{2} using 1:2 with lines linewidth 1.9 linecolor '{3}', "
                 "$points{2} every ::0::0 using 1:2 with points pointtype 7 pointsize 0.6 "
                 "linecolor '{4}', "
                 "$points{2} every ::1::1 using 1:2 with points pointtype 12 pointsize 1.1 "
                 "linewidth 1.6 linecolor '{3}'\n",
                 gnuplot_quote(title), most_weight(map), number, kColours[0], kColours[1]);
  return script;
}

}  // namespace

void write_map_csv(const std::filesystem::path& file, std::span<const SignalMap> maps) try {
  std::string text =
      "activation,class,length,weight_variance,bias_variance,gain,mean,square,slope_square,"
      "poincare,fixed_variance,fixed_mean,mean_slope,variance_slope,initializer,"
      "initializer_variance,initialized_length,chi,correlation,depth\n";
  for (const SignalMap& map : maps) text += csv_row(map);
  write_file_atomic(file, text);
} catch (...) {
  throw_as_promised();
}

void write_critical_lines_csv(const std::filesystem::path& file,
                              std::span<const SignalMap> maps) try {
  std::string text = "activation,length,weight_variance,bias_variance\n";
  for (const SignalMap& map : maps) {
    const std::string name = csv_field(map.activation.label());
    for (const CriticalPoint& point : map.line) {
      fmt::format_to(std::back_inserter(text), "{},{},{},{}\n", name, written(point.length),
                     written(point.weight_variance), written(point.bias_variance));
    }
  }
  write_file_atomic(file, text);
} catch (...) {
  throw_as_promised();
}

void draw_map(const std::filesystem::path& folder, std::span<const SignalMap> maps) try {
  std::vector<std::string> panels;
  FigureWords words = {.title = "Variances of weights and biases that let signals pass",
                       .plots = {}};
  for (std::size_t i = 0; i < maps.size(); ++i) {
    panels.push_back(panel(maps[i], i));
    const std::string name = maps[i].activation.label();
    for (const char* what : {"critical line", "initializer", "critical point"})
      words.plots.push_back(fmt::format("{} of {}", what, name));
  }
  words.plots.insert(words.plots.end(), {"key", "chi = 1", "critical point", "its initializer"});
  const Panels layout(panels.size());
  const std::string setup = fmt::format(
      "set xrange [-0.04:{}]\nset xtics 0.5\n"
      "set label 1 'biases' at graph 0.99,0.05 right font ',8' textcolor '#666666'\n"
      "set label 2 'weights' at graph 0.08,0.95 left font ',8' textcolor '#666666'\n",
      kMostBias);
  const std::string key = fmt::format(
      "keyentry with lines linewidth 1.9 linecolor '{0}' "
      "title 'chi = 1', "
      "keyentry with points pointtype 12 pointsize 1.1 linewidth 1.6 linecolor '{0}' "
      "title 'critical point', "
      "keyentry with points pointtype 7 pointsize 0.6 linecolor '{1}' title 'its initializer'",
      kColours[0], kColours[1]);
  write_figure(folder, "map", layout.size(), words, layout.script(setup, panels, key));
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
