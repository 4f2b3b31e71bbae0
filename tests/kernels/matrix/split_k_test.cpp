#include <gtest/gtest.h>

#include <saltus/kernels/matrix/split_k.h>

#include "tests/kernels/device/compare.h"
#include "tests/kernels/device/trial_table.h"
#include "tests/kernels/host/activations.h"

namespace saltus::test {
namespace {

constexpr int kLength = 64;  // of a slice

/// SplitK of sums over `k` steps, `size` elements each with `gap` more between slices.
struct StoredParts {
  int trials, count;
  std::size_t size, stride;
  std::vector<float> sums;
  DeviceArray<float> device;

  StoredParts(int trials_, int count_, std::size_t size_, std::vector<float> sums_)
      : trials(trials_),
        count(count_),
        size(size_),
        stride(sums_.size() / static_cast<std::size_t>(trials_ * count_)),
        sums(std::move(sums_)),
        device(sums) {}

  /// The sum of one trial's first `used` slices.
  [[nodiscard]] std::vector<double> sum(int trial, int used) const {
    std::vector<double> total(size);
    for (int slice = 0; slice < used; ++slice)
      for (std::size_t i = 0; i < size; ++i)
        total[i] += double{sums[static_cast<std::size_t>(trial * count + slice) * stride + i]};
    return total;
  }
};

TEST(ReduceSplitK, AddsThePartsThatTheBatchReaches) {
  constexpr int kTrials = 3;
  constexpr int kParts = 19;  // more than are added side by side
  constexpr std::size_t kWeights = 65;
  constexpr std::size_t kBiases = 5;
  constexpr std::size_t kAll = kWeights + kBiases;
  const StoredParts slices(kTrials, kParts, kAll, small_integers(kTrials * kParts * kAll, 50, 1));
  const DeviceArray<float> dw(std::vector<float>(kTrials * kWeights, 7.0f));
  const DeviceArray<float> db(std::vector<float>(kTrials * kBiases, 7.0f));
  for (const int used : {1, 2, 8, 9, kParts - 1, kParts}) {
    SCOPED_TRACE(used);
    // one step a row; the last slice is short
    const TrialTable table({.rows = used * kLength - 3,
                            .max_rows = kParts * kLength,
                            .states = {{}, {.active = 0}, {}}});
    kernels::ReduceSplitK add;
    add.from = {{kLength}, slices.device.per_trial(kTrials), {}, std::int64_t{kAll}};
    add.from.column_sums = {slices.device.data() + kWeights, add.from.sums.stride};
    add.k = {.per_row = 1};
    add.dw = dw.per_trial(kTrials);
    add.db = db.per_trial(kTrials);
    add.count = kWeights;
    add.n = kBiases;
    kernels::reduce_split_k(add, table.context());

    std::vector<double> want_dw(kTrials * kWeights, 7);
    std::vector<double> want_db(kTrials * kBiases, 7);
    for (const int trial : {0, 2}) {
      const std::vector<double> sum = slices.sum(trial, used);
      std::copy_n(sum.begin(), kWeights, want_dw.begin() + trial * std::ptrdiff_t{kWeights});
      std::copy_n(sum.begin() + kWeights, kBiases,
                  want_db.begin() + trial * std::ptrdiff_t{kBiases});
    }
    expect_equal(dw.read(), want_dw);
    expect_equal(db.read(), want_db);
  }
}

template <class T>
class FinishSplitK : public testing::Test {};
using ElementTypes = testing::Types<float, kernels::Bf16>;
TYPED_TEST_SUITE(FinishSplitK, ElementTypes);

TYPED_TEST(FinishSplitK, AppliesEveryActivationToTheSumAndBias) {
  constexpr int kParts = 3;
  constexpr int kRows = 9;
  constexpr int kColumns = 67;
  constexpr std::size_t kAll = kRows * kColumns;
  const auto activations = all_activations();
  const int trials = static_cast<int>(activations.size());
  TableSetup setup;
  setup.rows = kRows;
  setup.max_rows = kRows + 9;
  setup.states.resize(activations.size());
  setup.activations = activations;
  const TrialTable table(setup);
  // quarters up to 8: sums of them are exact
  std::vector<float> sums = small_integers(activations.size() * kParts * kAll, 8, 1);
  for (float& sum : sums) sum /= 4;
  const StoredParts slices(trials, kParts, kAll, sums);
  const std::vector<float> bias = small_integers(activations.size() * kColumns, 2, 2);
  const DeviceArray<float> device_bias(bias);
  const DeviceArray<TypeParam> y(activations.size() * kAll);
  const DeviceArray<float> slope(activations.size() * kAll);

  kernels::FinishSplitK<TypeParam> finish;
  finish.from = {{kLength}, slices.device.per_trial(trials), {}, std::int64_t{kAll}};
  finish.m = {.per_row = 1};
  finish.n = kColumns;
  finish.k = {.fixed = kParts * kLength};
  finish.epilogue.y = y.per_trial(trials);
  finish.epilogue.bias = device_bias.per_trial(trials);
  finish.epilogue.activation = 0;
  finish.epilogue.slope = slope.per_trial(trials);
  kernels::finish_split_k(finish, table.context());

  std::vector<double> want_y;
  std::vector<double> want_slope;
  for (int trial = 0; trial < trials; ++trial) {
    const std::vector<double> sum = slices.sum(trial, kParts);
    std::vector<float> z(sum.begin(), sum.end());
    for (std::size_t i = 0; i < z.size(); ++i)
      z[i] += bias[static_cast<std::size_t>(trial) * kColumns + i % kColumns];
    const Evaluated want = evaluate(activations[static_cast<std::size_t>(trial)], z);
    for (const double value : want.y)
      want_y.push_back(double{values(elements<TypeParam>({static_cast<float>(value)}))[0]});
    want_slope.insert(want_slope.end(), want.slope.begin(), want.slope.end());
  }
  expect_equal(values(y.read()), want_y);
  expect_equal(slope.read(), want_slope);
}

}  // namespace
}  // namespace saltus::test
