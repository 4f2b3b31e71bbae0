#include "sweep/digest.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <span>
#include <vector>

#include <fmt/format.h>

#include <saltus/sweep.h>

#include "core/boundary.h"
#include "sweep/trial_id.h"

namespace saltus {
namespace {

/// Whether a clock measured it.
bool is_time(const std::string& figure) {
  return figure == "seconds" || figure == "images_per_second";
}

}  // namespace

std::string compared_text(const TrialResult& trial) {
  std::string text =
      fmt::format("{} {} {}\n", trial.id, to_string(trial.status), trial.history.epoch.size());
  const auto out = std::back_inserter(text);
  if (trial.divergence) {
    fmt::format_to(out, "{} {} {}\n", trial.divergence->epoch, trial.divergence->step,
                   trial.divergence->tensor);
  }
  const auto add = [&](const std::string& name, std::span<const double> values) {
    text += name;
    for (const double value : values) {
      if (std::isfinite(value)) {
        fmt::format_to(out, " {}", value);
      } else {
        text += " -";
      }
    }
    text += '\n';
  };
  for (const auto& [name, values] : trial.history.history) {
    if (!is_time(name) && !is_layer_figure(name)) add(name, values);
  }
  for (const auto& [name, value] : trial.test) add("test_" + name, std::span(&value, 1));
  return text;
}

std::optional<std::string> results_digest(const SweepResult& result) try {
  if (!result.complete) return std::nullopt;
  std::vector<std::string> trials;
  for (const SettingResult& setting : result.settings) {
    for (const TrialResult& trial : setting.trials) trials.push_back(compared_text(trial));
  }
  std::ranges::sort(trials);
  std::string text = "saltus-digest 1\n";
  for (const std::string& trial : trials) text += trial;
  return hash_of(text);
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
