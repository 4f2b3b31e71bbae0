// The update of a dense layer's weights in the epilogue of their gradient, which is not stored: the
// product x^T dy is made tile by tile, and each tile goes through the optimizer as it is finished.
#pragma once

#include <saltus/kernels/matrix/engine.h>
#include <saltus/kernels/update/update.h>

namespace saltus::kernels {

/// dw = x^T dy, a sum over all rows of the batch. T: float, Bf16.
template <class T>
struct GemmGradient {
  PerTrial<const T> x;   ///< [batch][rows][in]
  PerTrial<const T> dy;  ///< [batch][rows][out]
  int rows = 1;          ///< of a sample
  int in = 0, out = 0;   ///< multiples of 8
};

/// Rows of a batch, all samples' together, that a gradient may be a sum of.
inline constexpr int kMostGradientRows = 1 << 20;

/// What has to be known of dw before the update begins: whether it is finite, and db.
///
/// A check is 0, or NaN where any element of its part of dw is not finite. It asks x and dy: where
/// all are at most 2^50, no sum of 2^20 products of them overflows. Only where one is larger, or
/// not finite itself, the product is made, and looked at. So a check says exactly what dw would.
template <class T>
struct GemmCheck {
  GemmGradient<T> gradient;
  PerTrial<double> checks;  ///< [gemm_checks()], or none; of Update's, from the layer's first on
  PerTrial<float> db;       ///< [out]: the sums of dy's columns; or none
};
template <class T>
void check_gemm(Engine engine, const GemmCheck<T>& arguments, const LaunchContext& context);

/// How many checks a gradient takes.
int gemm_checks(Engine engine, int in);

/// Updates w as update() does from a stored gradient, to the same bits. Comes behind check_gemm()
/// and a prepare_update() of the same trials, in whose pieces w is not. Of a trial that this has
/// ended nothing changes, and dw is stored. No trial may clip by a norm.
template <class T>
struct GemmUpdate {
  GemmGradient<T> gradient;
  std::int64_t first = 0;  ///< where w begins in the flat arrays
  PerTrial<float> dw;      ///< [in][out]: of a trial that this batch has ended; else left as it is
  Update update;           ///< what prepare_update() was given
  bool with_pieces = false;  ///< in place of an update_pieces()
};
template <class T>
void gemm_update(Engine engine, const GemmUpdate<T>& arguments, const LaunchContext& context);

// All throw CudaError where a launch fails, and std::invalid_argument where a batch can have more
// than kMostGradientRows rows.

}  // namespace saltus::kernels
