// Losses and metrics of the reference.
#pragma once

#include <array>
#include <cstdint>

#include <saltus/loss.h>
#include <saltus/metric.h>

#include "reference/batch.h"

namespace saltus::reference {

/// The bounds to which the cross-entropies clip probabilities: 1e-7 and 1 - 1e-7 as float32 has
/// them, that is 1.00000001e-7 and 1 - 2^-23 = 0.99999988. Keras clips in float32, and so does the
/// engine; the exact 1 - 1e-7 would move the loss of a clipped probability by one percent
/// (log(p / (1 - p)) = 15.942 against 16.118) and call some clipped that are not.
inline constexpr double kClipLow = static_cast<double>(1e-7f);
inline constexpr double kClipHigh = static_cast<double>(1.0f - 1e-7f);

/// A loss over a batch.
struct LossValue {
  double sum = 0;  ///< of the samples' losses
  Batch gradient;  ///< of the mean over the samples, with respect to the network's output
};

/// The loss of outputs y against targets t of the same size. Categorical losses take logits in both
/// of these cases: where Loss says so, and where `fused` does, for networks that end in a Softmax;
/// y is then what goes into it, and the gradient is with respect to that.
LossValue evaluate(const Loss& loss, const Batch& y, const Batch& t, bool fused);

/// Whether this is a loss that is computed together with a Softmax before it.
bool fuses_with_softmax(const Loss& loss);

/// Sums over a batch: those of the loss and of the metrics, whose definitions stand in
/// kernels/loss.
struct Sums {
  std::int64_t rows = 0;
  double loss = 0;
  std::array<double, ListedMetrics::kCount> metrics = {};
  std::int64_t clipped =
      0;  ///< gradient elements that clipvalue cut, or tensors that a norm scaled
};

/// The sum of a metric, in sums of whatever kind.
template <class M, class AnySums>
auto&& metric(AnySums&& sums) {
  return sums.metrics[ListedMetrics::place_of<M>()];
}

/// All sums but those of the loss and the clipping.
Sums count(const Batch& y, const Batch& t);

}  // namespace saltus::reference
