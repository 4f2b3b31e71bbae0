#include <algorithm>
#include <cmath>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include <saltus/depth.h>

#include "core/boundary.h"
#include "core/file.h"
#include "core/number.h"
#include "core/text.h"
#include "report/figure.h"
#include "report/gnuplot.h"

namespace saltus {
namespace {

constexpr double kHeight = 400;
constexpr double kPanelWidth = 270;

/// What a panel shows of a layer.
struct DepthPanel {
  const char* title;
  int column;
  const char* axis;
};
// Beyond these ends numbers are on their way to 0 or to overflow, and others shall be seen, too.
constexpr DepthPanel kPanels[] = {
    {"standard deviation of outputs", 2,
     "set logscale y\nset format y '1e%T'\nset yrange [1e-9<*:*<1e9]\n"},
    {"mean / root mean square of outputs", 3,
     "unset logscale y\nset format y '%g'\nset yrange [-1.05:1.05]\n"},
    {"gradient / that of the last layer", 4,
     "set logscale y\nset format y '1e%T'\nset yrange [1e-40<*:*<1e9]\n"}};

/// A number that a logarithmic axis can show, or "NaN".
std::string positive(double value) {
  return value > 0 && std::isfinite(value) ? fmt::format("{}", value) : "NaN";
}

/// The layers as data, under a name.
std::string data_of(std::string_view name, std::size_t number,
                    const std::vector<LayerSignals>& layers) {
  std::string data = fmt::format("${}{} << EOD\n", name, number);
  const double last = layers.back().gradient;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const LayerSignals& layer = layers[i];
    const double centre = layer.mean / std::hypot(layer.mean, layer.sd);
    fmt::format_to(std::back_inserter(data), "{} {} {} {}\n", i + 1, positive(layer.sd),
                   std::isfinite(centre) ? fmt::format("{}", centre) : "NaN",
                   positive(layer.gradient / last));
  }
  return data + "EOD\n";
}

std::string theory_look(std::size_t line) {
  return fmt::format("lines linewidth 0.8 linecolor '{}' dashtype (2,2)",
                     kColours[line_style(line, 0, line).colour]);
}

std::string look(std::size_t line) {
  const LineStyle style = line_style(line, 0, line);
  return fmt::format(
      "linespoints linewidth 1.4 linecolor '{}' dashtype {} pointtype {} pointsize 0.4",
      kColours[style.colour], style.dash, style.marker);
}

}  // namespace

void write_depth_csv(const std::filesystem::path& file, std::span<const DepthSignals> signals) try {
  std::string text =
      "activation,initializer,layer,mean,sd,gradient,positive,"
      "expected_mean,expected_sd,expected_gradient,expected_positive\n";
  for (const DepthSignals& one : signals) {
    const std::string name = csv_field(one.activation.label());
    const std::string initializer = csv_field(to_string(one.initializer));
    for (std::size_t i = 0; i < one.layers.size(); ++i) {
      fmt::format_to(std::back_inserter(text), "{},{},{}", name, initializer, i + 1);
      for (const std::vector<LayerSignals>& layers : {one.layers, one.expected}) {
        const LayerSignals& layer = layers[i];
        fmt::format_to(std::back_inserter(text), ",{},{},{},{}", written(layer.mean),
                       written(layer.sd), written(layer.gradient / layers.back().gradient),
                       written(layer.positive));
      }
      text += "\n";
    }
  }
  write_file_atomic(file, text);
} catch (...) {
  throw_as_promised();
}

void draw_depth(const std::filesystem::path& folder, std::span<const DepthSignals> signals) try {
  const std::size_t layers = signals.front().layers.size();
  std::size_t longest = 0;
  std::string script =
      "set encoding utf8\nset multiplot\nunset key\n"
      "set border 3 linecolor '#444444'\n"
      "set tics nomirror out scale 0.6 textcolor '#222222'\n"
      "set grid ytics linetype 1 linecolor '#e4e4e4' linewidth 0.6\n"
      "set xlabel 'layer' offset 0,0.4\n";
  for (std::size_t i = 0; i < signals.size(); ++i) {
    script += data_of("seen", i, signals[i].layers) + data_of("expected", i, signals[i].expected);
    longest = std::max(longest, signals[i].activation.label().size());
  }
  fmt::format_to(std::back_inserter(script), "set xrange [0.5:{}.5]\n", layers);
  FigureWords words = {.title = "Signals and gradients by layer", .plots = {}};
  const double panels = static_cast<double>(std::size(kPanels));
  const FigureSize size{
      .width = static_cast<int>(panels * kPanelWidth) + 60 + 8 * static_cast<int>(longest),
      .height =
          static_cast<int>(std::max(kHeight, 80 + 17.0 * static_cast<double>(signals.size())))};
  double left = 0;
  for (const DepthPanel& panel : kPanels) {
    fmt::format_to(std::back_inserter(script),
                   "set lmargin at screen {:.4f}\nset rmargin at screen {:.4f}\n"
                   "set tmargin at screen {:.4f}\nset bmargin at screen {:.4f}\n"
                   "{}set title {} offset 0,-0.4\nplot ",
                   (left + 58) / size.width, (left + kPanelWidth - 8) / size.width,
                   1 - 34.0 / size.height, 46.0 / size.height, panel.axis,
                   gnuplot_quote(panel.title));
    for (std::size_t i = 0; i < signals.size(); ++i) {
      fmt::format_to(std::back_inserter(script),
                     "{0}$expected{1} using 1:{2} with {3}, $seen{1} using 1:{2} with {4}",
                     i == 0 ? "" : ", ", i, panel.column, theory_look(i), look(i));
      const std::string name = signals[i].activation.label();
      words.plots.push_back(fmt::format("{} of {}, expected", panel.title, name));
      words.plots.push_back(fmt::format("{} of {}", panel.title, name));
    }
    script += "\n";
    left += kPanelWidth;
  }
  fmt::format_to(std::back_inserter(script),
                 "set lmargin at screen {:.4f}\nset rmargin at screen 0.995\n"
                 "set tmargin at screen {:.4f}\nset bmargin at screen 0.02\n"
                 "unset border\nunset tics\nunset xlabel\nunset title\nunset logscale\nunset grid\n"
                 "set xrange [0:1]\nset yrange [0:1]\n"
                 "set key left top Left reverse samplen 2.6 spacing 1.15 noopaque width 0\n"
                 "plot NaN notitle",
                 (left + 4) / size.width, 1 - 30.0 / size.height);
  words.plots.emplace_back("key");
  for (std::size_t i = 0; i < signals.size(); ++i) {
    const std::string label = signals[i].activation.label();
    fmt::format_to(std::back_inserter(script), ", keyentry with {} title {}", look(i),
                   gnuplot_quote(label));
    words.plots.push_back(label);
  }
  script += ", keyentry with lines linewidth 0.8 linecolor '#444444' dashtype (2,2) title 'theory'";
  words.plots.emplace_back("theory");
  script += "\nunset multiplot\n";
  write_figure(folder, "depth", size, words, script);
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
