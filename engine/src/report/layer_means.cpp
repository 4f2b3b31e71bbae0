#include "report/layer_means.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace saltus {
namespace {

/// A mean that grows.
struct Mean {
  double sum = 0;
  double count = 0;
};

}  // namespace

std::vector<std::vector<LayerDiagnostics>> mean_diagnostics(const SettingResult& result) {
  using Epochs = std::vector<std::vector<LayerDiagnostics>>;
  std::vector<Epochs> trials;
  for (const TrialResult& trial : result.trials) {
    if (trial.status != TrialStatus::ok && result.ok > 0) continue;
    trials.push_back(layer_diagnostics(trial.history));
  }
  const auto longest = std::ranges::max_element(trials, {}, &Epochs::size);
  if (longest == trials.end()) return {};
  Epochs means = *longest;
  for (std::size_t epoch = 0; epoch < means.size(); ++epoch) {
    for (std::size_t layer = 0; layer < means[epoch].size(); ++layer) {
      for (const LayerFigure& figure : layer_figures()) {
        Mean mean;
        for (const Epochs& trial : trials) {
          if (trial.size() <= epoch || trial[epoch].size() <= layer) continue;
          const double value = trial[epoch][layer].*figure.value;
          if (!std::isfinite(value)) continue;
          mean.sum += value;
          mean.count += 1;
        }
        means[epoch][layer].*figure.value = mean.sum / mean.count;  // NaN of none
      }
    }
  }
  return means;
}

std::string layer_text(const LayerDiagnostics& layer) {
  std::string text;
  const auto add = [&](std::string_view name, const std::string& value) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, value);
  };
  const auto add_share = [&](std::string_view name, double share) {
    if (!std::isnan(share)) add(name, fmt::format("{:.0f} %", 100 * share));
  };
  const auto add_number = [&](std::string_view name, double value) {
    if (!std::isnan(value)) add(name, fmt::format("{:.3g}", value));
  };
  const auto add_spread = [&](std::string_view name, double mean, double deviation) {
    if (!std::isnan(mean)) add(name, fmt::format("{:.3g} ± {:.3g}", mean, deviation));
  };
  add_share("dead", layer.dead);
  add_share("saturated", layer.saturated);
  add_spread("z", layer.z_mean, layer.z_sd);
  add_share("z > 0:", layer.z_positive);
  add_spread("a", layer.a_mean, layer.a_sd);
  add_share("a > 0:", layer.a_positive);
  add_number("|a|", layer.a_norm);
  add_number("|dC/dz|", layer.dz_norm);
  add_number("|weights|", layer.weight_norm);
  add_number("|their gradient|", layer.dw_norm);
  add_number("update/weights", layer.update_ratio);
  add_share("clipped", layer.clipped);
  add_number("effective rank", layer.effective_rank);
  return text;
}

}  // namespace saltus
