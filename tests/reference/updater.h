#pragma once

#include <cstdint>

#include <saltus/optimizer.h>

#include "reference/batch.h"
#include "reference/optimizers.h"

namespace saltus::reference {

/// An optimizer with its moments.
class Updater {
 public:
  explicit Updater(const Optimizer& optimizer) : optimizer_(optimizer) {}

  /// Clips the gradients and updates the weights they belong to. Returns how much was clipped: see
  /// Sums::clipped.
  std::int64_t update(Weights& weights, Weights gradients);

  /// Updates done.
  std::uint32_t steps() const { return steps_; }

 private:
  Optimizer optimizer_;
  std::uint32_t steps_ = 0;
  std::map<std::string, Array<Moments>, std::less<>> moments_;  ///< by weight
};

}  // namespace saltus::reference
