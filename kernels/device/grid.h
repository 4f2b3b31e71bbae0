#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

#include <cuda_runtime_api.h>

namespace saltus::kernels {

/// Blocks of `size` that cover `count` elements.
constexpr std::int64_t blocks_for(std::int64_t count, int size) {
  return count / size + (count % size != 0 ? 1 : 0);
}

/// The blocks of a launch. Every launcher says them in 64 bits, and none launches more than CUDA
/// can count.
class Grid {
 public:
  static constexpr std::int64_t kMostX = 2147483647;
  static constexpr std::int64_t kMostYZ = 65535;

  /// Throws std::invalid_argument where there are more of them.
  // A number is a grid.  NOLINTNEXTLINE(google-explicit-constructor)
  Grid(std::int64_t x, std::int64_t y = 1, std::int64_t z = 1) {
    if (x > kMostX || y > kMostYZ || z > kMostYZ)
      throw std::invalid_argument("a step on the GPU needs " + std::to_string(x) + " x " +
                                  std::to_string(y) + " x " + std::to_string(z) + " blocks, but " +
                                  std::to_string(kMostX) + " x " + std::to_string(kMostYZ) + " x " +
                                  std::to_string(kMostYZ) +
                                  " are the most there can be; use smaller layers or batches, or "
                                  "fewer trials side by side");
    extent_ = dim3(static_cast<unsigned>(x), static_cast<unsigned>(y), static_cast<unsigned>(z));
  }

  [[nodiscard]] bool empty() const { return extent_.x == 0 || extent_.y == 0 || extent_.z == 0; }
  [[nodiscard]] dim3 extent() const { return extent_; }

 private:
  dim3 extent_;
};

}  // namespace saltus::kernels
