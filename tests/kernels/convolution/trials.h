// A convolution of several trials in device memory, for the tests of all engines.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include <saltus/kernels/convolution/convolution.h>

#include "tests/kernels/convolution/oracle.h"
#include "tests/kernels/device/compare.h"
#include "tests/kernels/device/trial_table.h"
#include "tests/kernels/device/windows.h"

namespace saltus::test {

/// An engine, what it multiplies and what it stores, for typed tests.
template <kernels::Engine engine_, class In_, class Out_>
struct Multiplier {
  using In = In_;
  using Out = Out_;
  static constexpr kernels::Engine engine = engine_;

  /// Largest relative error of an input as the engine takes it, where the tensor has it in float:
  /// tf32 keeps 11 bits.
  static constexpr double kInputError =
      engine == kernels::Engine::tensor && std::is_same_v<In, float> ? 0x1p-11 : 0;
  /// Of one addition. A tensor core that adds a product alone to a sum cuts off both, each by 2^-24
  /// of the larger one, and what comes out by 2^-23.
  static constexpr double kSumError = engine == kernels::Engine::tensor ? 0x1p-22 : 0x1p-24;
  static constexpr double kOutputError = std::is_same_v<Out, float> ? 0 : 0x1p-8;

  /// For a sum of n products.
  static double error_bound(double n, double value, double magnitude) {
    return ((n + 2) * kSumError + 2 * kInputError) * magnitude + kOutputError * std::abs(value);
  }
};

using kernels::Bf16;
using kernels::Engine;

/// Every engine with every type of inputs and outputs.
using Multipliers =
    testing::Types<Multiplier<Engine::simt, float, float>, Multiplier<Engine::simt, Bf16, float>,
                   Multiplier<Engine::simt, Bf16, Bf16>, Multiplier<Engine::tensor, float, float>,
                   Multiplier<Engine::tensor, Bf16, float>, Multiplier<Engine::tensor, Bf16, Bf16>>;

/// One with every type of inputs: the gradient of weights is always float.
using FilterMultipliers =
    testing::Types<Multiplier<Engine::simt, float, float>, Multiplier<Engine::simt, Bf16, float>,
                   Multiplier<Engine::tensor, float, float>,
                   Multiplier<Engine::tensor, Bf16, float>>;

/// Windows that every engine is tried on.
inline std::vector<kernels::Window> windows() {
  return {
      window_of({.image = {1, 1}, .size = {1, 1}}),
      window_of({.image = {5, 4}, .size = {1, 1}, .in = 3, .out = 5}),
      window_of({.image = {9, 7}, .size = {1, 1}, .in = 16, .out = 63}),
      window_of({.image = {8, 8}, .size = {1, 1}, .in = 17, .out = 64}),
      window_of({.image = {13, 5}, .size = {1, 1}, .in = 15, .out = 65}),
      window_of({.image = {9, 3}, .size = {1, 1}, .in = 6, .out = 5}),  // 3 rows: 5 * 16 + 1 pixels
      window_of({.image = {6, 7}, .size = {3, 3}, .in = 4, .out = 8}),
      window_of({.image = {6, 6}, .size = {3, 3}, .same = true, .in = 8, .out = 12}),
      window_of({.image = {7, 6}, .size = {5, 5}, .same = true, .in = 2, .out = 3}),
      window_of(
          {.image = {8, 9}, .size = {2, 3}, .strides = {1, 2}, .same = true, .in = 4, .out = 4}),
      window_of(
          {.image = {9, 9}, .size = {3, 3}, .strides = {2, 2}, .same = true, .in = 8, .out = 8}),
      window_of({.image = {10, 11}, .size = {2, 2}, .strides = {3, 3}, .in = 5, .out = 7}),
      window_of({.image = {8, 8}, .size = {3, 3}, .in = 32, .out = 64}),
      window_of({.image = {7, 9}, .size = {3, 2}, .same = true, .in = 40, .out = 72}),
      window_of({.image = {7, 6}, .size = {3, 3}, .strides = {2, 2}, .in = 40, .out = 16}),
      kernels::product_window(3, 20, 10),
      // one channel
      window_of({.image = {12, 10}, .size = {3, 3}, .out = 32}),
      window_of({.image = {7, 9}, .size = {3, 3}, .same = true, .out = 33}),
      window_of({.image = {10, 9}, .size = {5, 5}, .strides = {2, 1}, .out = 6}),
      window_of({.image = {9, 8}, .size = {7, 7}, .same = true, .out = 4}),
      window_of({.image = {9, 10}, .size = {8, 7}, .out = 4}),  // more taps than registers
  };
}

/// Inputs of a convolution for each of `trials` trials, with room for max_rows.
template <class In>
struct Inputs {
  kernels::Window window;
  int trials;
  int max_rows;
  std::vector<float> x, w, dy, bias;  ///< what the device arrays hold, [trials] one after another
  DeviceArray<In> device_x, device_w, device_dy;
  DeviceArray<float> device_bias;

  using Make = std::vector<float> (*)(std::size_t count, std::uint32_t seed);

  Inputs(const kernels::Window& window_, int trials_, int max_rows_, Make make)
      : Inputs(window_, trials_, max_rows_, make, static_cast<std::size_t>(trials_)) {}

  /// Puts NaN where rows beyond the batch's would be: nobody may multiply with them.
  void spoil_rows_from(int first) {
    spoil(x, device_x, first);
    spoil(dy, device_dy, first);
  }

  [[nodiscard]] const float* x_of(int trial) const { return of(x, trial); }
  [[nodiscard]] const float* w_of(int trial) const { return of(w, trial); }
  [[nodiscard]] const float* dy_of(int trial) const { return of(dy, trial); }
  [[nodiscard]] const float* bias_of(int trial) const { return of(bias, trial); }

 private:
  Inputs(const kernels::Window& window_, int trials_, int max_rows_, Make make, std::size_t n)
      : window(window_),
        trials(trials_),
        max_rows(max_rows_),
        x(held(make(n * rows() * image_size(window), 1))),
        w(held(make(n * weight_count(window), 2))),
        dy(held(make(n * rows() * output_size(window), 3))),
        bias(make(n * static_cast<std::size_t>(window.channels_out), 4)),
        device_x(elements<In>(x)),
        device_w(elements<In>(w)),
        device_dy(elements<In>(dy)),
        device_bias(bias) {}

  [[nodiscard]] std::size_t rows() const { return static_cast<std::size_t>(max_rows); }
  static std::vector<float> held(const std::vector<float>& exact) {
    return values(elements<In>(exact));
  }
  void spoil(std::vector<float>& all, DeviceArray<In>& device, int first) {
    const std::size_t size = all.size() / static_cast<std::size_t>(trials);
    for (std::size_t i = 0; i < all.size(); ++i)
      if (i % size >= size / rows() * static_cast<std::size_t>(first))
        all[i] = std::numeric_limits<float>::quiet_NaN();
    device.write(elements<In>(all));
  }
  [[nodiscard]] const float* of(const std::vector<float>& all, int trial) const {
    return all.data() +
           all.size() / static_cast<std::size_t>(trials) * static_cast<std::size_t>(trial);
  }
};

inline std::vector<float> integers(std::size_t count, std::uint32_t seed) {
  return small_integers(count, 4, seed);
}

/// What stands in outputs before a launch.
inline constexpr float kBefore = 77;

/// An output of `count` elements a trial.
template <class T>
DeviceArray<T> output(int trials, std::size_t count) {
  return DeviceArray<T>(
      elements<T>(std::vector<float>(static_cast<std::size_t>(trials) * count, kBefore)));
}

/// One trial's part of what was read.
inline std::vector<float> part_of(const std::vector<float>& all, int trials, int trial,
                                  std::size_t first, std::size_t last) {
  const std::size_t begin =
      all.size() / static_cast<std::size_t>(trials) * static_cast<std::size_t>(trial);
  return {all.begin() + static_cast<std::ptrdiff_t>(begin + first),
          all.begin() + static_cast<std::ptrdiff_t>(begin + last)};
}

}  // namespace saltus::test
