// Additions, multiplications and functions of the kernels, launch by launch; none for padding.
#pragma once

#include <vector>

namespace saltus::test {

/// Of an element.
inline constexpr double kLoadFlops = 1;
inline constexpr double kActivateFlops = 2;  ///< f and its slope
inline constexpr double kBiasFlops = 1;
inline constexpr double kActivateBackwardFlops = 1;
inline constexpr double kDropFlops = 2;
inline constexpr double kDropBackwardFlops = 1;
/// Half a pair of normal numbers (a difference, logarithm, scale, root, sine, cosine, two
/// products), scaled and added.
inline constexpr double kNoiseFlops = 6;
inline constexpr double kSquaresFlops = 2;
inline constexpr double kAdamFlops = 14;
/// Binary cross-entropy on a softmax: exp, a share, two logarithms and their sum, and six
/// operations of the gradient.
inline constexpr double kLossFlops = 12;

/// A convolution or dense layer, on the whole batch.
struct ProductSizes {
  double y = 0;    ///< elements of its output
  double w = 0;    ///< its weights, without the bias
  double out = 0;  ///< channels of its output

  /// Of a pass.
  [[nodiscard]] double flops() const { return 2 * y * (w / out); }
};

/// A sum in several parts takes a second launch, which adds them up.
inline std::vector<double> forward_flops(const ProductSizes& sizes, double parts) {
  const double epilogue = (kBiasFlops + kActivateFlops) * sizes.y;
  if (parts == 1) return {sizes.flops() + epilogue};
  return {sizes.flops(), epilogue + (parts - 1) * sizes.y};
}
inline std::vector<double> backward_filter_flops(const ProductSizes& sizes, double parts) {
  std::vector<double> flops = {sizes.flops() + sizes.y};
  if (parts > 1) flops.push_back((parts - 1) * (sizes.w + sizes.out));
  return flops;
}

}  // namespace saltus::test
