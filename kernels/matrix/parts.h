// Long sums in parts, which different blocks add up. How a sum is cut depends on the shape alone,
// and the parts are added in a fixed order: neither the device nor the number of rows of the batch
// changes a bit.
#pragma once

#include <cstdint>

#include <saltus/kernels/matrix/epilogue.h>
#include <saltus/kernels/matrix/views.h>
#include <saltus/kernels/stage.h>

namespace saltus::kernels {

/// How the k of a product is cut.
struct Parts {
  int length = 0;  ///< of a part, a multiple of 64; 0: all of k is one

  [[nodiscard]] SALTUS_HD int count(int k) const {
    return length == 0 ? 1 : k / length + (k % length != 0 ? 1 : 0);
  }
  /// The steps of a part end here.
  [[nodiscard]] SALTUS_HD int end(int part, int k) const {
    return length == 0 || k - part * length < length ? k : (part + 1) * length;
  }
};

/// Where the sums of parts are stored: of part p at p * stride, and of B's columns beside them.
struct PartSums {
  Parts parts;
  PerTrial<float> sums;         ///< [part: stride] of [m][n]
  PerTrial<float> column_sums;  ///< [part: stride] of [n], or none
  std::int64_t stride = 0;
};

/// For each trial dw = the sum of the parts of `count` elements at `sums`, and db of the `n` at
/// `column_sums`, where there are any. k is that of the product.
struct AddParts {
  PartSums from;
  Count k;
  PerTrial<float> dw, db;
  std::int64_t count = 0;
  int n = 0;
};
void add_parts(const AddParts& arguments, const Stage& stage);

/// The epilogue of a product [m][n] whose sums are in parts.
template <class Out>
struct FinishParts {
  PartSums from;
  Count m;
  int n = 0;
  Count k;
  Epilogue<Out> epilogue;
};

/// Out: float, Bf16.
template <class Out>
void finish_parts(const FinishParts<Out>& arguments, const Stage& stage);

}  // namespace saltus::kernels
