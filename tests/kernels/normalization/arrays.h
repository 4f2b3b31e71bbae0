// What the tests of both normalizations work on.
#pragma once

#include <vector>

#include <saltus/kernels/normalization/normalize.h>

#include "tests/kernels/device/compare.h"
#include "tests/kernels/device/trial_table.h"

namespace saltus::test {

inline constexpr double kHalfUnit = 0x1p-24;
inline constexpr int kTrials = 3;

struct NormalizeCase {
  int rows, max_rows;
  int positions;
  int channels;
  float offset;          ///< added to x: a mean far from zero
  bool centered = true;  ///< else by the root of the mean square
};

using Doubles = std::vector<double>;

inline Doubles doubles(const std::vector<float>& values) {
  return {values.begin(), values.end()};
}

/// The arrays of a layer with three trials, the second of which is not active.
struct NormalizeArrays {
  explicit NormalizeArrays(const NormalizeCase& of) : c(of) {
    for (float& value : x) value += c.offset;
  }

  const NormalizeCase c;
  const std::size_t channels = static_cast<std::size_t>(c.channels);
  const std::size_t samples = static_cast<std::size_t>(c.rows * c.positions);
  const std::size_t stride = static_cast<std::size_t>(c.max_rows * c.positions * c.channels);
  const TrialTable table{
      {.rows = c.rows, .max_rows = c.max_rows, .states = {{}, {.active = 0}, {}}}};

  std::vector<float> x = normal_values(kTrials * stride, 1);
  std::vector<float> dy = normal_values(kTrials * stride, 2);
  std::vector<float> gamma = normal_values(kTrials * channels, 3);
  std::vector<float> beta = normal_values(kTrials * channels, 4);

  kernels::NormalizeShape shape() const { return {c.positions, c.channels}; }
};

}  // namespace saltus::test
