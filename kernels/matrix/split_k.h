// Long sums in slices, which different blocks add up. How a sum is cut depends on the shape alone,
// and the slices are added in a fixed order: neither the device nor the number of rows of the batch
// changes a bit.
#pragma once

#include <cstdint>

#include <saltus/kernels/launch_context.h>
#include <saltus/kernels/matrix/epilogue.h>
#include <saltus/kernels/matrix/views.h>

namespace saltus::kernels {

/// How the k of a product is cut.
struct SplitK {
  int length = 0;  ///< of a slice, a multiple of 64; 0: all of k is one

  [[nodiscard]] SALTUS_HD int count(int k) const {
    return length == 0 ? 1 : k / length + (k % length != 0 ? 1 : 0);
  }
  /// The steps of a slice end here.
  [[nodiscard]] SALTUS_HD int end(int slice, int k) const {
    return length == 0 || k - slice * length < length ? k : (slice + 1) * length;
  }
};

/// Where the sums of slices are stored: of slice p at p * stride, and of B's columns beside them.
struct PartialSums {
  SplitK split;
  PerTrial<float> sums;         ///< [slice: stride] of [m][n]
  PerTrial<float> column_sums;  ///< [slice: stride] of [n], or none
  std::int64_t stride = 0;
};

/// For each trial dw = the sum of the slices of `count` elements at `sums`, and db of the `n` at
/// `column_sums`, where there are any. k is that of the product.
struct ReduceSplitK {
  PartialSums from;
  Count k;
  PerTrial<float> dw, db;
  std::int64_t count = 0;
  int n = 0;
};
void reduce_split_k(const ReduceSplitK& arguments, const LaunchContext& context);

/// The epilogue of a product [m][n] whose sums are in slices.
template <class Out>
struct FinishSplitK {
  PartialSums from;
  Count m;
  int n = 0;
  Count k;
  Epilogue<Out> epilogue;
};

/// Out: float, Bf16.
template <class Out>
void finish_split_k(const FinishSplitK<Out>& arguments, const LaunchContext& context);

}  // namespace saltus::kernels
