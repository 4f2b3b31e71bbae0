#include <cmath>
#include <numbers>

#include <gtest/gtest.h>

#include <saltus/kernels/elementwise/noise.h>
#include <saltus/kernels/random.h>

#include "tests/kernels/device/compare.h"
#include "tests/kernels/device/trial_table.h"

namespace saltus::test {
namespace {

constexpr int kTrials = 3;
constexpr int kMaxRows = 3;
constexpr int kRows = 2;
constexpr std::uint32_t kLayer = 5;

const std::vector<kernels::TrialState> kStates = {
    {.seed = 11, .step = 5}, {.seed = 12, .active = 0}, {.seed = 0x123456789abcdef0, .step = 7}};

/// The standard normal number of an element of the trial's batch, in double.
double normal(std::size_t trial, std::size_t element) {
  const auto words =
      kernels::random_words(kStates[trial].seed, kernels::Purpose::noise, kLayer,
                            kStates[trial].step, static_cast<std::uint32_t>(element / 4));
  const bool second = element % 4 >= 2;
  const double u = ((second ? words.w2 : words.w0) / 512 + 0.5) / (1 << 23);
  const double turn = double((second ? words.w3 : words.w1) / 512) / (1 << 23);
  const double angle = 2 * std::numbers::pi * turn;
  return std::sqrt(-2 * std::log(u)) * (element % 2 == 0 ? std::cos(angle) : std::sin(angle));
}

class NoiseTest : public testing::TestWithParam<int> {};

TEST_P(NoiseTest, AddsNormalNumbers) {
  const auto size = static_cast<std::size_t>(GetParam());
  const std::size_t stride = kMaxRows * size;
  const auto x = small_integers(kTrials * stride, 8, 1);
  const auto before = small_integers(kTrials * stride, 8, 2);
  const DeviceArray<float> device_x(x);
  const DeviceArray<float> y(before);
  const TrialTable table({.rows = kRows, .max_rows = kMaxRows, .states = kStates});
  constexpr float kDeviation = 0.25F;  // a power of two, so that its product is exact
  kernels::add_noise(
      {device_x.per_trial(kTrials), y.per_trial(kTrials), GetParam(), kLayer, kDeviation},
      table.context());
  std::vector<double> want(before.begin(), before.end());
  for (const std::size_t trial : {0U, 2U}) {
    for (std::size_t i = 0; i < kRows * size; ++i)
      want[trial * stride + i] = x[trial * stride + i] + kDeviation * normal(trial, i);
  }
  // The sum's rounding, below 16; logarithm, root and sine are off by less than 2^-21 of 5.8.
  expect_within(y.read(), want, [](std::size_t) { return 0x1p-21 + 0.25 * 5.8 * 0x1p-21; });
}

INSTANTIATE_TEST_SUITE_P(Sizes, NoiseTest, testing::Values(1, 4, 7, 100, 1024, 1030));

/// Mean 0, variance 1, and kurtosis 3, within five standard deviations of each; and neighbours have
/// nothing to do with each other.
TEST(NoiseMoments, AreThoseOfANormalDistribution) {
  constexpr int kCount = 40000;
  const DeviceArray<float> zeros(std::vector<float>(kCount, 0));
  const DeviceArray<float> y(kCount);
  const TrialTable one({.rows = 4});
  kernels::add_noise({zeros.per_trial(), y.per_trial(), kCount / 4, 0, 1}, one.context());
  const std::vector<float> n = y.read();
  double mean = 0, square = 0, fourth = 0, neighbours = 0;
  for (std::size_t i = 0; i < kCount; ++i) {
    mean += n[i] / double{kCount};
    square += std::pow(n[i], 2) / kCount;
    fourth += std::pow(n[i], 4) / kCount;
    neighbours += double{n[i]} * n[(i + 1) % kCount] / kCount;
  }
  EXPECT_NEAR(mean, 0, 5 / std::sqrt(kCount));
  EXPECT_NEAR(square, 1, 5 * std::sqrt(2.0 / kCount));
  EXPECT_NEAR(fourth, 3, 5 * std::sqrt(96.0 / kCount));
  EXPECT_NEAR(neighbours, 0, 5 / std::sqrt(kCount));
}

}  // namespace
}  // namespace saltus::test
