// What the kernels can count. Sums of elements over a batch are counted in 64 bits; pixels of a
// batch and elements of one image in an int, for speed. These checks say where that ends; the
// launchers make them, and whoever plans memory may, before anything runs.
#pragma once

#include <cstdint>
#include <limits>
#include <stdexcept>

#include <saltus/kernels/window.h>

namespace saltus::kernels {

/// The largest index in an int: those of a tile may lie beyond it.
inline constexpr int kLargestIndex = std::numeric_limits<int>::max() - 4096;

/// first * others... Throws std::invalid_argument where 64 bits do not hold it.
template <class... Counts>
std::int64_t product(std::int64_t first, Counts... others) {
  bool fits = true;
  ((fits = fits && !__builtin_mul_overflow(first, std::int64_t{others}, &first)), ...);
  if (!fits)
    throw std::invalid_argument("a layer needs more than 2^63 elements; use a smaller one");
  return first;
}

/// Throw std::invalid_argument where indices of a pooling, or of a convolution or dense layer and
/// its gradients, on batches of so many rows do not fit an int.
void check_pooling(const Window& window, int max_rows);
void check_convolution(const Window& window, int max_rows);

}  // namespace saltus::kernels
