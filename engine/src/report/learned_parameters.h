// The learned parameters of activations among the figures of a history.
#pragma once

#include <set>
#include <string>

#include <saltus/sweep.h>

namespace saltus {

/// "activation/beta": those that any trial has. Histories have them by the names of their weights,
/// in which alone there is a '/'.
inline std::set<std::string> learned_parameters(const SweepResult& result) {
  std::set<std::string> names;
  for (const SettingResult& setting : result.settings) {
    for (const TrialResult& trial : setting.trials) {
      for (const auto& [name, values] : trial.history.history)
        if (name.find('/') != std::string::npos) names.insert(name);
    }
  }
  return names;
}

}  // namespace saltus
