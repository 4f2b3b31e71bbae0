#include <cmath>

#include <gtest/gtest.h>

#include <saltus/kernels/elementwise/drop_maps.h>
#include <saltus/kernels/random.h>

#include "tests/kernels/device/compare.h"
#include "tests/kernels/device/trial_table.h"

namespace saltus::test {
namespace {

constexpr int kTrials = 3;
constexpr int kMaxRows = 3;
constexpr int kRows = 2;
constexpr int kSlot = 1;

/// A power of two, so that what is kept is exact.
const kernels::DropoutRule kRule = {kernels::drop_threshold(0.25), 2, 0, 0};
const kernels::DropoutRule kOther = {kernels::drop_threshold(0.75), 1, 0, 0};

const std::vector<kernels::TrialState> kStates = {
    {.seed = 11, .step = 5}, {.seed = 12, .active = 0}, {.seed = 0x123456789abcdef0, .step = 7}};

/// As random.h says: by the channel's number in its trial's batch.
bool kept(std::size_t trial, std::size_t channel) {
  const auto words =
      kernels::random_words(kStates[trial].seed, kernels::Purpose::dropout, kSlot,
                            kStates[trial].step, static_cast<std::uint32_t>(channel / 8));
  const std::uint32_t word[] = {words.w0, words.w1, words.w2, words.w3};
  const std::uint32_t draw = word[channel % 8 / 2] >> (channel % 2 * 16) & 0xffffU;
  return draw >= 16384;  // a quarter of 65536
}

struct Maps {
  std::size_t positions, channels;
};

class DropMapsTest : public testing::TestWithParam<Maps> {};

TEST_P(DropMapsTest, KeepsOrDropsWholeMaps) {
  const auto [positions, channels] = GetParam();
  const std::size_t size = positions * channels;
  const std::size_t stride = kMaxRows * size;
  const auto x = small_integers(kTrials * stride, 8, 1);
  const auto before = small_integers(kTrials * stride, 8, 2);
  const DeviceArray<float> device_x(x);
  const DeviceArray<kernels::Bf16> y(elements<kernels::Bf16>(before));
  const TrialTable table({.rows = kRows,
                          .max_rows = kMaxRows,
                          .states = kStates,
                          .dropouts = {kOther, kRule, kOther, kRule, kOther, kRule}});
  kernels::drop_maps({device_x.per_trial(kTrials), y.per_trial(kTrials),
                      static_cast<std::int64_t>(positions), static_cast<int>(channels), kSlot},
                     table.context());
  std::vector<double> want(before.begin(), before.end());
  for (const std::size_t trial : {0U, 2U}) {
    for (std::size_t i = 0; i < kRows * size; ++i) {
      const bool keep = kept(trial, i / size * channels + i % channels);
      want[trial * stride + i] = keep ? 2 * x[trial * stride + i] : 0;
    }
  }
  expect_equal(values(y.read()), want);
}

INSTANTIATE_TEST_SUITE_P(Shapes, DropMapsTest,
                         testing::Values(Maps{1, 1}, Maps{15, 3}, Maps{16, 8}, Maps{17, 5},
                                         Maps{49, 40}, Maps{33, 300}));

TEST(DropMaps, WhatIsDroppedIsZeroWhateverItWas) {
  const DeviceArray<float> x(std::vector<float>{std::nanf(""), HUGE_VALF, 1});
  const DeviceArray<float> y(3);
  const TrialTable none({.rows = 1, .dropouts = {{65536, 1, 0, 0}}});
  kernels::drop_maps({x.per_trial(), y.per_trial(), 3, 1, 0}, none.context());
  expect_equal(y.read(), {0, 0, 0});
}

}  // namespace
}  // namespace saltus::test
