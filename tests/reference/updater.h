#pragma once

#include <cstdint>

#include <saltus/optimizer.h>

#include "reference/batch.h"

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
  void apply(const Adam& adam, Values& w, const Values& g, const std::string& name);
  void apply(const SGD& sgd, Values& w, const Values& g, const std::string& name);

  Optimizer optimizer_;
  std::uint32_t steps_ = 0;
  Weights first_;   ///< Adam's mean of gradients, or SGD's velocity
  Weights second_;  ///< Adam's mean of squared gradients
};

}  // namespace saltus::reference
