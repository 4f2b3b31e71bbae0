#include "diagnostics/figures.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <system_error>

#include <fmt/format.h>

#include "core/boundary.h"

namespace saltus {
namespace {

using diagnostics::Applies;

/// A figure, and what a layer must have for it; null: every layer has it.
struct Entry {
  LayerFigure figure;
  bool Applies::*needs = nullptr;
};

constexpr Entry kEntries[] = {
    {{"dead", &LayerDiagnostics::dead}, &Applies::activation},
    {{"saturated", &LayerDiagnostics::saturated}, &Applies::activation},
    {{"z_mean", &LayerDiagnostics::z_mean}},
    {{"z_sd", &LayerDiagnostics::z_sd}},
    {{"z_positive", &LayerDiagnostics::z_positive}},
    {{"a_mean", &LayerDiagnostics::a_mean}, &Applies::activation},
    {{"a_sd", &LayerDiagnostics::a_sd}, &Applies::activation},
    {{"a_positive", &LayerDiagnostics::a_positive}, &Applies::activation},
    {{"a_norm", &LayerDiagnostics::a_norm}, &Applies::activation},
    {{"dz_norm", &LayerDiagnostics::dz_norm}, &Applies::gradient},
    {{"weight_norm", &LayerDiagnostics::weight_norm}, &Applies::weights},
    {{"dw_norm", &LayerDiagnostics::dw_norm}, &Applies::weights},
    {{"update_ratio", &LayerDiagnostics::update_ratio}, &Applies::weights},
    {{"clipped", &LayerDiagnostics::clipped}, &Applies::weights},
    {{"effective_rank", &LayerDiagnostics::effective_rank}, &Applies::rank},
};

/// The figures are of some images, and no digit behind the sixth says anything of others.
double rounded(double value) {
  if (!std::isfinite(value)) return value;
  char text[32];
  const auto written =
      std::to_chars(std::begin(text), std::end(text), value, std::chars_format::general, 6);
  std::from_chars(std::begin(text), written.ptr, value);
  return value;
}

/// A figure's name in a history, taken apart.
struct Name {
  std::size_t number = 0;
  std::string_view layer;
  double LayerDiagnostics::*value = nullptr;
};

std::optional<Name> parsed(std::string_view text) {
  const std::size_t first = text.find(':');
  const std::size_t last = text.rfind(':');
  if (first == std::string_view::npos || first == last) return std::nullopt;
  Name name;
  const auto [end, error] = std::from_chars(text.data(), text.data() + first, name.number);
  if (error != std::errc() || end != text.data() + first) return std::nullopt;
  name.layer = text.substr(first + 1, last - first - 1);
  for (const LayerFigure& figure : layer_figures())
    if (figure.name == text.substr(last + 1)) name.value = figure.value;
  if (name.value == nullptr) return std::nullopt;
  return name;
}

}  // namespace

std::span<const LayerFigure> layer_figures() {
  static const std::vector<LayerFigure> figures = [] {
    std::vector<LayerFigure> all;
    for (const Entry& entry : kEntries) all.push_back(entry.figure);
    return all;
  }();
  return figures;
}

bool is_layer_figure(std::string_view name) {
  return parsed(name).has_value();
}

std::vector<std::vector<LayerDiagnostics>> layer_diagnostics(const History& history) try {
  std::map<std::size_t, std::size_t> places;  // of the layers, by their numbers
  std::map<std::size_t, std::string_view> names;
  for (const auto& [text, values] : history.history)
    if (const auto name = parsed(text)) names[name->number] = name->layer;
  std::vector<LayerDiagnostics> layers;
  for (const auto& [number, layer] : names) {
    places[number] = layers.size();
    layers.emplace_back().layer = layer;
  }
  if (layers.empty()) return {};
  std::vector<std::vector<LayerDiagnostics>> epochs(history.epoch.size(), layers);
  for (const auto& [text, values] : history.history) {
    const auto name = parsed(text);
    if (!name) continue;
    for (std::size_t epoch = 0; epoch < std::min(values.size(), epochs.size()); ++epoch)
      epochs[epoch][places[name->number]].*name->value = values[epoch];
  }
  return epochs;
} catch (...) {
  throw_as_promised();
}

namespace diagnostics {

void log_figures(std::size_t number, const LayerDiagnostics& found, const Applies& applies,
                 Logs& logs) {
  for (const Entry& entry : kEntries) {
    if (entry.needs != nullptr && !(applies.*entry.needs)) continue;
    logs[fmt::format("{}:{}:{}", number + 1, found.layer, entry.figure.name)] =
        rounded(found.*entry.figure.value);
  }
}

}  // namespace diagnostics
}  // namespace saltus
