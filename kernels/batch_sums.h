#pragma once

#include <saltus/kernels/loss/metrics.h>

namespace saltus::kernels {

/// Metrics of a model that are formulas.
inline constexpr int kMostFormulaMetrics = 8;

/// Sums over the rows of one batch, kept on the device until the host wants them. An array of them
/// has a place for each BatchRange::number; all zero beforehand.
struct BatchSums {
  double loss = 0;                                   ///< sum of the samples' losses
  double metrics[ListedMetrics::kCount] = {};        ///< sums over the samples, of each in the list
  double formula_metrics[kMostFormulaMetrics] = {};  ///< likewise, of those that are formulas
  unsigned long long rows = 0;                       ///< 0: the trial was left out
  unsigned long long clipped = 0;  ///< gradient elements that clipvalue cut, or tensors scaled
};

}  // namespace saltus::kernels
