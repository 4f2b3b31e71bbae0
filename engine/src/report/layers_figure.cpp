// diagnostics.svg: which units of which layer are dead or saturated, epoch by epoch.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "report/figure.h"
#include "report/gnuplot.h"
#include "report/layer_means.h"
#include "report/outputs.h"
#include "report/panels.h"
#include "report/series.h"

namespace saltus {
namespace {

/// More settings than this make no picture that is looked at: the best are drawn.
constexpr std::size_t kMostPanels = 40;
/// More layers than this have no room for all of their names.
constexpr std::size_t kMostNames = 12;
/// An epoch a column; of more, the last of several.
constexpr std::size_t kMostColumns = 100;
constexpr std::size_t kMostTicks = 8;
constexpr int kNames = 62;  ///< points that names take
constexpr std::size_t kLongestName = 12;

constexpr std::string_view kDead = kColours[1];
constexpr std::string_view kSaturated = kColours[5];
constexpr std::string_view kNothing = "#b0b0b0";

std::array<double, 3> parts_of(std::string_view colour) {
  std::array<double, 3> parts{};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    int value = 0;
    const char* begin = colour.data() + 1 + 2 * i;
    std::from_chars(begin, begin + 2, value, 16);
    parts[i] = value;
  }
  return parts;
}

/// White where all units are well; the shares of others mix their colours into it.
std::uint32_t colour_of(const LayerDiagnostics& layer) {
  const bool is_known = std::isfinite(layer.dead) && std::isfinite(layer.saturated);
  std::uint32_t colour = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    const double mixed = is_known ? 255 * (1 - layer.dead - layer.saturated) +
                                        layer.dead * parts_of(kDead)[i] +
                                        layer.saturated * parts_of(kSaturated)[i]
                                  : parts_of(kNothing)[i];
    colour = colour << 8 | static_cast<std::uint32_t>(std::lround(std::clamp(mixed, 0.0, 255.0)));
  }
  return colour;
}

/// The layers of a network that have units: the first at the top.
std::vector<std::size_t> layers_with_units(
    const std::vector<std::vector<LayerDiagnostics>>& epochs) {
  std::vector<std::size_t> places;
  for (std::size_t layer = 0; layer < epochs.front().size(); ++layer) {
    const bool has_units = std::ranges::any_of(
        epochs, [&](const auto& layers) { return !std::isnan(layers[layer].dead); });
    if (has_units) places.push_back(layer);
  }
  return places;
}

std::string panel(const std::vector<std::vector<LayerDiagnostics>>& epochs,
                  const std::vector<std::size_t>& layers, const std::string& title,
                  std::size_t number, std::size_t first) {
  std::string script = fmt::format("$layers{} << EOD\n", number);
  auto out = std::back_inserter(script);
  const std::size_t shown = epochs.size() - first;
  const std::size_t wide = (shown + kMostColumns - 1) / kMostColumns;
  for (std::size_t begin = first; begin < epochs.size(); begin += wide) {
    const std::size_t end = std::min(begin + wide, epochs.size());
    for (std::size_t row = 0; row < layers.size(); ++row) {
      const auto y = static_cast<double>(row);
      fmt::format_to(out, "{} {} {} {} {} {} {}\n", end, y, static_cast<double>(begin) + 0.5,
                     static_cast<double>(end) + 0.5, y - 0.5, y + 0.5,
                     colour_of(epochs[end - 1][layers[row]]));
    }
  }
  fmt::format_to(out, "EOD\nset title {} offset 0,-0.6\nset ytics (",
                 gnuplot_quote(shortened(title, 30)));
  const std::size_t step = (layers.size() + kMostNames - 1) / kMostNames;
  for (std::size_t row = 0; row < layers.size(); row += step) {
    const std::string& name = epochs.front()[layers[row]].layer;
    fmt::format_to(out, "{}{} {}", row == 0 ? "" : ", ",
                   gnuplot_quote(shortened(name, kLongestName)), row);
  }
  fmt::format_to(
      out,
      ") font ',8'\nset xtics {},{}\nset xrange [{}:{}]\nset yrange [{}:-0.5]\n"
      "plot $layers{} using 1:2:3:4:5:6:7 with boxxyerror linecolor rgb variable fillstyle solid "
      "1.0 noborder\n",
      first + 1, (shown + kMostTicks - 1) / kMostTicks, static_cast<double>(first) + 0.5,
      static_cast<double>(epochs.size()) + 0.5, static_cast<double>(layers.size()) - 0.5, number);
  return script;
}

}  // namespace

std::vector<std::string> draw_diagnostics(std::string_view name, const Drawing& drawing) {
  const std::vector<std::string> labels = setting_labels(drawing.result);
  std::vector<std::string> panels;
  FigureWords words = {.title = "Dead and saturated units by layer and epoch", .plots = {}};
  for (const std::size_t i : by_rank(drawing.result)) {
    const auto epochs = mean_diagnostics(drawing.result.settings[i]);
    if (epochs.size() <= drawing.first_epoch || panels.size() == kMostPanels) continue;
    const std::vector<std::size_t> layers = layers_with_units(epochs);
    if (layers.empty()) continue;
    panels.push_back(panel(epochs, layers, labels[i], panels.size(), drawing.first_epoch));
    words.plots.push_back(labels[i]);
  }
  if (panels.empty()) return {};
  words.plots.insert(words.plots.end(), {"key", "all dead", "all saturated", "none", "not known"});
  const Panels layout(panels.size(), {.names = kNames});
  const std::string setup =
      "unset xzeroaxis\nunset yzeroaxis\nset xlabel 'epoch' offset 0,1 font ',8' textcolor "
      "'#666666'\n";
  const auto entry = [](std::string_view colour, std::string_view title, int shape) {
    return fmt::format("keyentry with points pointtype {} pointsize 1.4 linecolor '{}' title '{}'",
                       shape, colour, title);
  };
  const std::string key = fmt::format("{}, {}, {}, {}", entry(kDead, "all units dead", 5),
                                      entry(kSaturated, "all saturated", 5),
                                      entry("#777777", "none", 4), entry(kNothing, "not known", 5));
  return write_figure(drawing.folder, name, layout.size(), words, layout.script(setup, panels, key),
                      drawing.formats);
}

}  // namespace saltus
