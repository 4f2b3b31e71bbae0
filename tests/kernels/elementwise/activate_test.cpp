#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include <saltus/kernels/activations.h>
#include <saltus/kernels/elementwise/activate.h>

#include "tests/kernels/device/compare.h"
#include "tests/kernels/device/trial_table.h"
#include "tests/kernels/host/activations.h"

namespace saltus::test {
namespace {

constexpr int kTrials = 3;
constexpr int kMaxRows = 3;
constexpr int kRows = 2;

/// A table whose second trial is not active, and whose slot 1 of 2 is this activation.
TrialTable table(const kernels::ActivationRef& activation) {
  const kernels::ActivationRef other = all_activations().front();
  return TrialTable({.rows = kRows,
                     .max_rows = kMaxRows,
                     .states = {{}, {.active = 0}, {}},
                     .activations = {other, activation, other, activation, other, activation}});
}

/// Normal values, wide enough to come to every branch, and what is special.
std::vector<float> inputs(std::size_t count) {
  auto values = normal_values(count, 1);
  for (float& value : values) value *= 4;
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const float specials[] = {std::nanf(""), kInfinity, -kInfinity, 0, -0.0F, 100, -100, 1e-30F};
  std::copy(std::begin(specials), std::end(specials), values.begin() + 3);
  return values;
}

/// `want`, where a kernel writes; what was there before, elsewhere.
std::vector<double> only_active(const std::vector<double>& want, const std::vector<float>& before) {
  std::vector<double> all(before.begin(), before.end());
  const std::size_t row = want.size() / (kTrials * kMaxRows);
  for (std::size_t i = 0; i < want.size(); ++i)
    if (i / row / kMaxRows != 1 && i / row % kMaxRows < kRows) all[i] = want[i];
  return all;
}

TEST(ActivateTest, EveryActivationToTheBit) {
  constexpr int kSize = 36;
  const std::size_t count = kTrials * kMaxRows * kSize;
  const auto x = inputs(count);
  const auto before = normal_values(count, 2);
  const DeviceArray<float> device_x(x);
  for (const kernels::ActivationRef& activation : all_activations()) {
    const DeviceArray<float> y(before);
    const DeviceArray<float> slope(before);
    kernels::activate({.x = device_x.per_trial(kTrials),
                       .y = y.per_trial(kTrials),
                       .slope = slope.per_trial(kTrials),
                       .size = kSize,
                       .slot = 1},
                      table(activation).context());
    SCOPED_TRACE("activation " + std::to_string(activation.id));
    const Evaluated want = evaluate(activation, x);
    expect_equal(y.read(), only_active(want.y, before));
    expect_equal(slope.read(), only_active(want.slope, before));
  }
}

/// Sizes with and without whole quads, whole blocks and channels that divide them.
class ActivateSizes : public testing::TestWithParam<std::pair<int, int>> {};

TEST_P(ActivateSizes, AddsTheBiasFirst) {
  const auto [size, channels] = GetParam();
  const std::size_t count = static_cast<std::size_t>(kTrials * kMaxRows * size);
  const auto x = small_integers(count, 8, 1);
  const auto bias = small_integers(static_cast<std::size_t>(kTrials * channels), 8, 2);
  const auto before = small_integers(count, 8, 3);
  const DeviceArray<kernels::Bf16> device_x(to_bf16(x));
  const DeviceArray<float> device_bias(bias);
  kernels::ActivationRef relu;
  relu.id = kernels::kActivationId<kernels::Relu>;
  for (const int slot : {1, kernels::Activate::kIdentity}) {
    SCOPED_TRACE("slot " + std::to_string(slot));
    const DeviceArray<kernels::Bf16> y(to_bf16(before));
    kernels::activate({.x = device_x.per_trial(kTrials),
                       .bias = device_bias.per_trial(kTrials),
                       .y = y.per_trial(kTrials),
                       .size = size,
                       .channels = channels,
                       .slot = slot},
                      table(relu).context());
    std::vector<double> want(count);
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t n = static_cast<std::size_t>(channels);
      const std::size_t trial = i / static_cast<std::size_t>(kMaxRows * size);
      const float z = x[i] + bias[trial * n + i % n];
      want[i] = slot == 1 ? std::max(0.0F, z) : z;
    }
    expect_equal(values(y.read()), only_active(want, before));
  }
}

TEST_P(ActivateSizes, BackwardMultiplies) {
  const int size = GetParam().first;
  const std::size_t count = static_cast<std::size_t>(kTrials * kMaxRows * size);
  auto dy = small_integers(count, 8, 1);
  dy[0] = std::nanf("");
  const auto slope = small_integers(count, 8, 2);
  const auto before = small_integers(count, 8, 3);
  const DeviceArray<float> device_dy(dy);
  const DeviceArray<float> device_slope(slope);
  const DeviceArray<kernels::Bf16> dx(to_bf16(before));
  kernels::activate_backward(
      {device_dy.per_trial(kTrials), device_slope.per_trial(kTrials), dx.per_trial(kTrials), size},
      table(all_activations().front()).context());
  std::vector<double> want(count);
  for (std::size_t i = 0; i < count; ++i) want[i] = double{dy[i]} * slope[i];
  expect_equal(values(dx.read()), only_active(want, before));
}

INSTANTIATE_TEST_SUITE_P(Sizes, ActivateSizes,
                         testing::Values(std::pair{1, 1}, std::pair{3, 3}, std::pair{4, 2},
                                         std::pair{6, 3}, std::pair{512, 32}, std::pair{1025, 5}));

TEST(ActivateTest, TakesArraysThatBeginAnywhere) {
  const auto x = small_integers(20, 8, 1);
  const DeviceArray<float> device_x(x);
  const DeviceArray<float> y(20);
  const TrialTable one({.rows = 1, .activations = {all_activations().front()}});
  const kernels::PerTrial<float> from(device_x.data() + 1, 16);
  kernels::activate({.x = from, .y = y.per_trial(), .size = 16}, one.context());
  auto want = evaluate(all_activations().front(), {x.begin() + 1, x.begin() + 17}).y;
  auto got = y.read();
  got.resize(16);
  expect_equal(got, want);
}

}  // namespace
}  // namespace saltus::test
