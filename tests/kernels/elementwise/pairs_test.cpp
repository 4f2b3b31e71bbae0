#include <functional>

#include <gtest/gtest.h>

#include <saltus/kernels/elementwise/multiply.h>
#include <saltus/kernels/elementwise/sum.h>

#include "tests/kernels/device/compare.h"
#include "tests/kernels/device/trial_table.h"

namespace saltus::test {
namespace {

template <class T>
class PairsTest : public testing::Test {};
using ElementTypes = testing::Types<float, kernels::Bf16>;
TYPED_TEST_SUITE(PairsTest, ElementTypes);

/// With `kMaxRows` rows of 129 elements a trial: 8 of them are whole quads, 7 are not. All results
/// are small integers, which bf16 has.
template <class T, std::size_t kMaxRows, class Run, class Combine>
void expect_rows_of_active_trials(Run run, Combine combine) {
  constexpr int kTrials = 3;
  constexpr int kRows = 5;
  constexpr std::size_t kSize = 129;
  const std::size_t all = kTrials * kMaxRows * kSize;
  const auto a = small_integers(all, 8, 1);
  const auto b = small_integers(all, 8, 2);
  const auto before = small_integers(all, 8, 3);
  const DeviceArray<T> device_a(elements<T>(a));
  const DeviceArray<T> device_b(elements<T>(b));
  const DeviceArray<T> device_y(elements<T>(before));
  const TrialTable table({.rows = kRows, .max_rows = kMaxRows, .states = {{}, {.active = 0}, {}}});

  run({device_a.per_trial(kTrials), device_b.per_trial(kTrials), device_y.per_trial(kTrials),
       kSize},
      table.context());

  std::vector<double> want(before.begin(), before.end());
  for (const std::size_t trial : {0U, 2U}) {
    for (std::size_t i = 0; i < kRows * kSize; ++i) {
      const std::size_t place = trial * kMaxRows * kSize + i;
      want[place] = combine(double{a[place]}, double{b[place]});
    }
  }
  expect_equal(values(device_y.read()), want);
}

TYPED_TEST(PairsTest, AddsTheRowsOfEveryActiveTrial) {
  expect_rows_of_active_trials<TypeParam, 7>(kernels::sum, std::plus());
  expect_rows_of_active_trials<TypeParam, 8>(kernels::sum, std::plus());
}

TYPED_TEST(PairsTest, MultipliesTheRowsOfEveryActiveTrial) {
  expect_rows_of_active_trials<TypeParam, 7>(kernels::multiply, std::multiplies());
  expect_rows_of_active_trials<TypeParam, 8>(kernels::multiply, std::multiplies());
}

TEST(PairsTypes, MayBeMixed) {
  const DeviceArray<float> a(std::vector<float>{1, 2, 3, 4, 5});
  const DeviceArray<kernels::Bf16> b(to_bf16({10, 20, 30, 40, 50}));
  const DeviceArray<kernels::Bf16> y(5);
  const TrialTable one({});
  kernels::sum({a.per_trial(), b.per_trial(), y.per_trial(), 5}, one.context());
  expect_equal(values(y.read()), {11, 22, 33, 44, 55});
}

}  // namespace
}  // namespace saltus::test
