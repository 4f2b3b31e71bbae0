#pragma once

#include <cstdint>

#include <saltus/optimizer.h>

#include "reference/batch.h"
#include "reference/optimizers.h"

namespace saltus::reference {

/// An optimizer with its moments, and with an average of the weights where the momentum of that is
/// not 0.
class Updater {
 public:
  explicit Updater(const Optimizer& optimizer, double ema_momentum = 0)
      : optimizer_(optimizer), ema_momentum_(ema_momentum) {}

  /// Clips the gradients and updates the weights they belong to. Returns how much was clipped: see
  /// Sums::clipped.
  std::int64_t update(Weights& weights, Weights gradients);

  /// Of the weights that were updated; empty before the first step, and where there are none.
  const Weights& averages() const { return averages_; }

  /// Updates done.
  std::uint32_t steps() const { return steps_; }

 private:
  Optimizer optimizer_;
  double ema_momentum_;
  Weights averages_;
  std::uint32_t steps_ = 0;
  std::map<std::string, Array<Moments>, std::less<>> moments_;  ///< by weight
};

}  // namespace saltus::reference
