#include <stdexcept>

#include <gtest/gtest.h>

#include <saltus/kernels/update/average.h>

#include "tests/kernels/device/compare.h"
#include "tests/kernels/device/trial_table.h"

namespace saltus::test {
namespace {

constexpr int kTrials = 4;
constexpr std::size_t kInactive = 2;
const std::vector<float> kRates = {0.25F, 0.001F, 0.5F, 0.125F};

/// Arrays shorter and longer than a block's work, that end inside of one.
class AverageTest : public testing::TestWithParam<std::size_t> {
 protected:
  const std::size_t size = GetParam();
  const std::size_t stride = size + 8;
  const std::vector<float> w = normal_values(kTrials * stride, 1);
  const std::vector<float> before = normal_values(kTrials * stride, 2);
  const DeviceArray<float> weights{w};
  const DeviceArray<float> averages{before};
  const DeviceArray<float> rates{kRates};

  /// The last trial has done its first step, the others their second.
  const TrialTable table{
      {.states = {{.step = 2}, {.step = 2}, {.step = 2, .active = 0}, {.step = 1}}}};

  kernels::Average arguments() const {
    return {.weights = weights.per_trial(kTrials),
            .averages = averages.per_trial(kTrials),
            .rates = rates.data(),
            .size = static_cast<std::int64_t>(size)};
  }
  std::vector<double> wanted() const {
    std::vector<double> want(before.begin(), before.end());
    for (std::size_t i = 0; i < want.size(); ++i) {
      const std::size_t trial = i / stride;
      if (trial == kInactive || i % stride >= size) continue;
      const double rate = trial == 3 ? 1 : kRates[trial];
      want[i] = (1 - rate) * before[i] + rate * w[i];
    }
    return want;
  }
};

TEST_P(AverageTest, TakesInTheWeightsOfActiveTrials) {
  kernels::average(arguments(), table.context());
  const std::vector<float> got = averages.read();
  // Three roundings: of the difference, of its share, and of the sum.
  expect_within(got, wanted(), [&](std::size_t i) {
    return 2 * 0x1p-24 * (std::abs(w[i]) + std::abs(before[i]));
  });
  for (std::size_t i = 0; i < got.size(); ++i) {
    const std::size_t trial = i / stride;
    if (trial == kInactive || i % stride >= size) {
      EXPECT_EQ(got[i], before[i]) << i;
    } else if (trial == 3) {
      EXPECT_EQ(got[i], w[i]) << "the first step copies " << i;
    }
  }
}

TEST_P(AverageTest, RoundsACopy) {
  const std::vector<float> untouched = small_integers(kTrials * stride, 8, 3);
  const DeviceArray<kernels::Bf16> copy(to_bf16(untouched));
  kernels::Average with_copy = arguments();
  with_copy.copy = copy.per_trial(kTrials);
  kernels::average(with_copy, table.context());
  const std::vector<float> rounded = to_float(to_bf16(averages.read()));
  std::vector<double> want(untouched.begin(), untouched.end());
  for (std::size_t i = 0; i < want.size(); ++i) {
    if (i / stride != kInactive && i % stride < size) want[i] = rounded[i];
  }
  expect_equal(to_float(copy.read()), want);
}

TEST_P(AverageTest, RefusesArraysBetweenQuads) {
  kernels::Average odd = arguments();
  odd.size += 2;
  EXPECT_THROW(kernels::average(odd, table.context()), std::invalid_argument);
  odd = arguments();
  odd.averages.data += 1;
  EXPECT_THROW(kernels::average(odd, table.context()), std::invalid_argument);
}

INSTANTIATE_TEST_SUITE_P(Sizes, AverageTest, testing::Values(4U, 1024U, 2056U));

}  // namespace
}  // namespace saltus::test
