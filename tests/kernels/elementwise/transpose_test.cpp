#include <gtest/gtest.h>

#include <saltus/kernels/elementwise/transpose.h>

#include "tests/kernels/device/compare.h"
#include "tests/kernels/device/trial_table.h"

namespace saltus::test {
namespace {

/// Tiles that are whole, cut, and more than one in each direction.
class TransposeTest : public testing::TestWithParam<std::pair<int, int>> {};

TEST_P(TransposeTest, TurnsTheArraysOfActiveTrials) {
  const auto [rows, columns] = GetParam();
  constexpr int kTrials = 3;
  const auto m = static_cast<std::size_t>(rows);
  const auto n = static_cast<std::size_t>(columns);
  const auto x = small_integers(kTrials * m * n, 100, 1);
  const auto before = small_integers(kTrials * m * n, 100, 2);
  const DeviceArray<float> floats(x);
  const DeviceArray<kernels::Bf16> halves(to_bf16(before));
  const DeviceArray<float> back(before);
  // No row of a batch: weights are there whatever the batch.
  const TrialTable table({.rows = 0, .max_rows = 1, .states = {{}, {.active = 0}, {}}});
  kernels::transpose({floats.per_trial(kTrials), halves.per_trial(kTrials), rows, columns},
                     table.context());
  kernels::transpose({halves.per_trial(kTrials), back.per_trial(kTrials), columns, rows},
                     table.context());
  std::vector<double> turned(before.begin(), before.end());
  std::vector<double> want = turned;
  for (const std::size_t trial : {0U, 2U}) {
    for (std::size_t i = 0; i < m; ++i) {
      for (std::size_t j = 0; j < n; ++j) {
        const std::size_t first = trial * m * n;
        want[first + i * n + j] = turned[first + j * m + i] = x[first + i * n + j];
      }
    }
  }
  expect_equal(values(halves.read()), turned);
  expect_equal(values(back.read()), want);
}

INSTANTIATE_TEST_SUITE_P(Sizes, TransposeTest,
                         testing::Values(std::pair{1, 1}, std::pair{1, 33}, std::pair{33, 1},
                                         std::pair{32, 32}, std::pair{31, 33}, std::pair{9, 40},
                                         std::pair{65, 96}));

}  // namespace
}  // namespace saltus::test
