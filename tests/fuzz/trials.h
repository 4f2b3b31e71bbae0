// What holds of trials that were read back.
#pragma once

#include <span>

#include <saltus/sweep.h>

#include "tests/fuzz/target.h"

namespace saltus::fuzz {

/// Every figure has a value for every epoch, those of layers as diagnostics.
inline void require_sound(std::span<const TrialResult> trials) {
  for (const TrialResult& trial : trials) {
    for (const auto& [name, values] : trial.history.history) {
      require(values.size() == trial.history.epoch.size());
    }
    const auto layers = layer_diagnostics(trial.history);
    require(layers.empty() || layers.size() == trial.history.epoch.size());
  }
}

}  // namespace saltus::fuzz
