// Windows, arrays and the walk over windows, for the tests of poolings.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/kernels/device/compare.h"
#include "tests/kernels/device/trial_table.h"
#include "tests/kernels/device/windows.h"

namespace saltus::test {

constexpr int kTrials = 3;  // of which the second is not active
constexpr int kMaxRows = 3;
constexpr int kRows = 2;
constexpr int kImages = kTrials * kMaxRows;

inline TrialTable pooling_table(const std::vector<kernels::ActivationRef>& activations = {}) {
  return TrialTable({.rows = kRows,
                     .max_rows = kMaxRows,
                     .states = {{}, {.active = 0}, {}},
                     .activations = activations});
}

/// Types of elements, for typed tests.
template <class In_, class Out_>
struct Types {
  using In = In_;
  using Out = Out_;
};
using PoolTypes = testing::Types<Types<float, float>, Types<kernels::Bf16, float>,
                                 Types<float, kernels::Bf16>, Types<kernels::Bf16, kernels::Bf16>>;

/// Windows of all kinds: rows and columns left over, padding, strides that skip and that overlap;
/// channels that are and are not whole quads, and more than one block has threads for.
inline std::vector<kernels::Window> pool_windows() {
  const auto pool = [](Shape shape) {
    shape.out = shape.in;
    return window_of(shape);
  };
  return {
      pool({.image = {1, 1}, .size = {1, 1}, .in = 1}),
      pool({.image = {3, 4}, .size = {1, 1}, .in = 3}),
      pool({.image = {8, 6}, .size = {2, 2}, .strides = {2, 2}, .in = 64}),
      pool({.image = {7, 5}, .size = {2, 2}, .strides = {2, 2}, .in = 66}),
      pool({.image = {5, 6}, .size = {2, 2}, .same = true, .in = 3}),
      pool({.image = {9, 7}, .size = {3, 3}, .strides = {2, 2}, .same = true, .in = 8}),
      pool({.image = {8, 9}, .size = {2, 3}, .strides = {3, 4}, .in = 1}),
      pool({.image = {4, 9}, .size = {1, 3}, .strides = {2, 1}, .same = true, .in = 4}),
      pool({.image = {5, 6}, .size = {5, 4}, .same = true, .in = 4}),
      pool({.image = {2, 2}, .size = {2, 2}, .in = 301}),
      pool({.image = {1, 4}, .size = {1, 2}, .strides = {1, 2}, .in = 1028}),
      pool({.image = {17, 16}, .size = {16, 16}, .in = 4}),
  };
}

/// An array of `kTrials` trials whose elements begin `shift` elements behind an aligned place.
template <class T>
class Shifted {
 public:
  Shifted(const std::vector<T>& values, int shift)
      : shift_(static_cast<std::size_t>(shift)), array_(values.size() + shift_) {
    std::vector<T> all(shift_);
    all.insert(all.end(), values.begin(), values.end());
    array_.write(all);
  }

  [[nodiscard]] kernels::PerTrial<T> per_trial() const {
    return {array_.data() + shift_, static_cast<std::int64_t>(array_.size() - shift_) / kTrials};
  }
  [[nodiscard]] std::vector<T> read() const {
    const std::vector<T> all = array_.read();
    return {all.begin() + static_cast<std::ptrdiff_t>(shift_), all.end()};
  }

 private:
  std::size_t shift_;
  DeviceArray<T> array_;
};

/// What stands in outputs before a launch.
constexpr float kBefore = 77;

template <class T>
Shifted<T> output(std::size_t of_row, int shift) {
  return {elements<T>(std::vector<float>(kImages * of_row, kBefore)), shift};
}
inline Shifted<std::uint8_t> output_index(std::size_t of_row, int shift) {
  return {std::vector<std::uint8_t>(kImages * of_row, static_cast<std::uint8_t>(kBefore)), shift};
}

/// `all` where a kernel writes, elsewhere what was there before.
inline std::vector<double> only_active(std::vector<double> all) {
  const std::size_t row = all.size() / kImages;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (i / row / kMaxRows == 1 || i / row % kMaxRows >= kRows) all[i] = double{kBefore};
  return all;
}

/// Small integers, among which ties are common, with NaN and infinities here and there.
inline std::vector<float> tied_values(std::size_t count, std::uint32_t seed) {
  auto values = small_integers(count, 3, seed);
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  constexpr float kSpecial[] = {std::numeric_limits<float>::quiet_NaN(), kInfinity, -kInfinity};
  for (std::size_t i = 0; i < count; i += 13) values[i] = kSpecial[i % 3];
  return values;
}

/// One position of one window, inside the image.
struct Tap {
  std::size_t in, out;  ///< places in x and y
  int place;            ///< in the window
};

/// Visits the positions of all windows of `kImages` images, output after output, each window's row
/// by row.
template <class Visit>
void for_each_tap(const kernels::Window& w, Visit visit) {
  const auto place = [&](int image, int y, int x, const kernels::Extent& extent, int c) {
    const int pixel = (image * extent.height + y) * extent.width + x;
    return static_cast<std::size_t>(pixel * w.channels_in + c);
  };
  for (int image = 0; image < kImages; ++image)
    for (int oy = 0; oy < w.output.height; ++oy)
      for (int ox = 0; ox < w.output.width; ++ox)
        for (int c = 0; c < w.channels_in; ++c)
          for (int ky = 0; ky < w.size.height; ++ky)
            for (int kx = 0; kx < w.size.width; ++kx) {
              const int y = oy * w.strides.height - w.padding.height + ky;
              const int x = ox * w.strides.width - w.padding.width + kx;
              if (y < 0 || y >= w.image.height || x < 0 || x >= w.image.width) continue;
              visit(Tap{place(image, y, x, w.image, c), place(image, oy, ox, w.output, c),
                        ky * w.size.width + kx});
            }
}

/// Positions of the window of each element of y.
inline std::vector<int> window_sizes(const kernels::Window& w) {
  std::vector<int> sizes(kImages * output_size(w));
  for_each_tap(w, [&](const Tap& tap) { ++sizes[tap.out]; });
  return sizes;
}

}  // namespace saltus::test
