#include <gtest/gtest.h>

#include <saltus/kernels/elementwise/concatenate.h>

#include "tests/kernels/device/compare.h"
#include "tests/kernels/device/trial_table.h"

namespace saltus::test {
namespace {

constexpr int kTrials = 3;
constexpr int kRows = 2;
constexpr int kMaxRows = 3;
constexpr int kVectors = 5;
constexpr int kFirst = 7;
constexpr int kSecond = 30;
constexpr int kWhole = kFirst + kSecond;
constexpr kernels::Halves kShape = {kVectors, kFirst, kSecond};

std::size_t elements_of(int width) {
  return std::size_t{kTrials} * kMaxRows * kVectors * static_cast<std::size_t>(width);
}

/// Calls visit(vector) for all that the active trials' rows have, counted over all trials.
template <class Visit>
void for_vectors(Visit visit) {
  for (const std::size_t trial : {0U, 2U}) {
    for (std::size_t v = 0; v < std::size_t{kRows} * kVectors; ++v)
      visit(trial * kMaxRows * kVectors + v);
  }
}

/// Three trials, the second of which is not active.
TableSetup three_trials() {
  return {.rows = kRows, .max_rows = kMaxRows, .states = {{}, {.active = 0}, {}}};
}

TEST(Concatenate, PutsTheRowsOfEveryActiveTrialSideBySide) {
  const auto a = small_integers(elements_of(kFirst), 8, 1);
  const auto b = small_integers(elements_of(kSecond), 8, 2);
  const auto before = small_integers(elements_of(kWhole), 8, 3);
  const DeviceArray<kernels::Bf16> device_a(elements<kernels::Bf16>(a));
  const DeviceArray<float> device_b(b);
  const DeviceArray<float> y(before);
  const TrialTable table(three_trials());
  kernels::concatenate(
      {kShape, device_a.per_trial(kTrials), device_b.per_trial(kTrials), y.per_trial(kTrials)},
      table.context());
  std::vector<double> want(before.begin(), before.end());
  for_vectors([&](std::size_t v) {
    for (std::size_t i = 0; i < kFirst; ++i) want[v * kWhole + i] = a[v * kFirst + i];
    for (std::size_t i = 0; i < kSecond; ++i) want[v * kWhole + kFirst + i] = b[v * kSecond + i];
  });
  expect_equal(values(y.read()), want);
}

TEST(Split, IsTheOpposite) {
  const auto x = small_integers(elements_of(kWhole), 8, 1);
  const auto before_a = small_integers(elements_of(kFirst), 8, 2);
  const auto before_b = small_integers(elements_of(kSecond), 8, 3);
  const DeviceArray<float> device_x(x);
  const DeviceArray<float> a(before_a);
  const DeviceArray<kernels::Bf16> b(elements<kernels::Bf16>(before_b));
  const TrialTable table(three_trials());
  kernels::split({kShape, device_x.per_trial(kTrials), a.per_trial(kTrials), b.per_trial(kTrials)},
                 table.context());
  std::vector<double> want_a(before_a.begin(), before_a.end());
  std::vector<double> want_b(before_b.begin(), before_b.end());
  for_vectors([&](std::size_t v) {
    for (std::size_t i = 0; i < kFirst; ++i) want_a[v * kFirst + i] = x[v * kWhole + i];
    for (std::size_t i = 0; i < kSecond; ++i) want_b[v * kSecond + i] = x[v * kWhole + kFirst + i];
  });
  expect_equal(values(a.read()), want_a);
  expect_equal(values(b.read()), want_b);
}

TEST(Split, MayLeaveAHalfOut) {
  const DeviceArray<float> x(std::vector<float>{1, 2, 3, 4, 5, 6});
  const DeviceArray<float> a(2);
  const DeviceArray<float> b(4);
  const TrialTable one({});
  kernels::split({{2, 1, 2}, x.per_trial(), a.per_trial(), {}}, one.context());
  kernels::split({{2, 1, 2}, x.per_trial(), {}, b.per_trial()}, one.context());
  expect_equal(values(a.read()), {1, 4});
  expect_equal(values(b.read()), {2, 3, 5, 6});
}

}  // namespace
}  // namespace saltus::test
