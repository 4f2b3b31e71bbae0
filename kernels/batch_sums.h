#pragma once

#include <cstdint>

namespace saltus::kernels {

/// Sums over the rows of one batch, kept on the device until the host wants them. An array of them
/// has a place for each BatchRange::number; all zero beforehand.
struct BatchSums {
  double loss = 0;                          ///< sum of the samples' losses
  double absolute_error = 0;                ///< sum over samples of the mean |y - t|
  unsigned long long rows = 0;              ///< 0: the trial was left out
  unsigned long long binary_hits = 0;       ///< outputs on the right side of 0.5
  unsigned long long categorical_hits = 0;  ///< samples whose largest output is the target
  unsigned long long clipped = 0;  ///< gradient elements that clipvalue cut, or tensors scaled
};

}  // namespace saltus::kernels
