#include <cmath>

#include <gtest/gtest.h>

#include <saltus/kernels/elementwise/fill.h>

#include "tests/kernels/device/compare.h"
#include "tests/kernels/device/trial_table.h"

namespace saltus::test {
namespace {

constexpr int kTrials = 3;

/// Sizes with and without whole quads and blocks, and strides that keep quads apart.
class FillTest : public testing::TestWithParam<std::pair<int, int>> {
 protected:
  const std::size_t size = static_cast<std::size_t>(GetParam().first);
  const std::size_t stride = static_cast<std::size_t>(GetParam().second);
  const TrialTable table{{.states = {{}, {.active = 0}, {}}}};
};

TEST_P(FillTest, FillsEveryTrialsArray) {
  const auto before = small_integers(kTrials * stride, 8, 1);
  const DeviceArray<float> y(before);
  kernels::fill({y.per_trial(kTrials), GetParam().first, 2.5F}, table.context());
  std::vector<double> want(before.begin(), before.end());
  for (std::size_t i = 0; i < want.size(); ++i)
    if (i % stride < size) want[i] = 2.5;
  expect_equal(y.read(), want);
}

TEST_P(FillTest, CastRoundsEveryTrialsArray) {
  auto x = normal_values(kTrials * stride, 1);
  x[0] = HUGE_VALF;
  x[stride] = std::nanf("");
  const auto before = small_integers(kTrials * stride, 8, 2);
  const DeviceArray<float> device_x(x);
  const DeviceArray<kernels::Bf16> y(to_bf16(before));
  kernels::cast({device_x.per_trial(kTrials), y.per_trial(kTrials), GetParam().first},
                table.context());
  std::vector<double> want(before.begin(), before.end());
  const auto rounded = to_float(to_bf16(x));
  for (std::size_t i = 0; i < want.size(); ++i)
    if (i % stride < size) want[i] = rounded[i];
  expect_equal(values(y.read()), want);
}

INSTANTIATE_TEST_SUITE_P(Sizes, FillTest,
                         testing::Values(std::pair{1, 1}, std::pair{4, 8}, std::pair{7, 9},
                                         std::pair{1024, 1024}, std::pair{1029, 1032}));

}  // namespace
}  // namespace saltus::test
