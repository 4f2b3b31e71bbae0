#include <cmath>

#include <gtest/gtest.h>

#include <saltus/kernels/elementwise/drop.h>
#include <saltus/kernels/random.h>

#include "tests/kernels/device/compare.h"
#include "tests/kernels/device/trial_table.h"

namespace saltus::test {
namespace {

constexpr int kTrials = 3;
constexpr int kMaxRows = 3;
constexpr int kRows = 2;
constexpr int kSlot = 1;

/// Powers of two, so that what is kept is exact.
const kernels::DropoutRule kRule = {kernels::drop_threshold(0.25), 2, 0.5F, -4};
const kernels::DropoutRule kOther = {kernels::drop_threshold(0.75), 1, 0, 0};

const std::vector<kernels::TrialState> kStates = {
    {.seed = 11, .step = 5}, {.seed = 12, .active = 0}, {.seed = 0x123456789abcdef0, .step = 7}};

TrialTable table() {
  return TrialTable({.rows = kRows,
                     .max_rows = kMaxRows,
                     .states = kStates,
                     .dropouts = {kOther, kRule, kOther, kRule, kOther, kRule}});
}

/// As random.h says: by the element's number in its trial's batch.
bool kept(std::size_t trial, std::size_t element) {
  const auto words =
      kernels::random_words(kStates[trial].seed, kernels::Purpose::dropout, kSlot,
                            kStates[trial].step, static_cast<std::uint32_t>(element / 8));
  const std::uint32_t word[] = {words.w0, words.w1, words.w2, words.w3};
  const std::uint32_t draw = word[element % 8 / 2] >> (element % 2 * 16) & 0xffffU;
  return draw >= 16384;  // a quarter of 65536
}

class DropTest : public testing::TestWithParam<int> {
 protected:
  const std::size_t size = static_cast<std::size_t>(GetParam());
  const std::size_t stride = kMaxRows * size;
  const std::size_t count = kTrials * stride;
  const std::vector<float> x = small_integers(count, 8, 1);
  const std::vector<float> before = small_integers(count, 8, 2);

  /// map(x, kept) where a kernel writes.
  template <class Map>
  std::vector<double> wanted(Map map) const {
    std::vector<double> want(before.begin(), before.end());
    for (const std::size_t trial : {0U, 2U})
      for (std::size_t i = 0; i < kRows * size; ++i)
        want[trial * stride + i] = map(double{x[trial * stride + i]}, kept(trial, i));
    return want;
  }
};

TEST_P(DropTest, ForwardMapsWhatIsKept) {
  const DeviceArray<float> device_x(x);
  const DeviceArray<float> y(before);
  kernels::drop({device_x.per_trial(kTrials), y.per_trial(kTrials), GetParam(), kSlot},
                table().context());
  expect_equal(y.read(),
               wanted([](double value, bool keep) { return keep ? 2 * value + 0.5 : -4; }));
}

TEST_P(DropTest, BackwardScalesWhatWasKept) {
  const DeviceArray<kernels::Bf16> device_x(to_bf16(x));
  const DeviceArray<kernels::Bf16> y(to_bf16(before));
  kernels::drop_backward({device_x.per_trial(kTrials), y.per_trial(kTrials), GetParam(), kSlot},
                         table().context());
  expect_equal(values(y.read()),
               wanted([](double value, bool keep) { return keep ? 2 * value : 0; }));
}

INSTANTIATE_TEST_SUITE_P(Sizes, DropTest, testing::Values(1, 4, 7, 8, 9, 100, 1024, 1030));

TEST(DropShare, DropsTheRatesShare) {
  const DeviceArray<float> ones(std::vector<float>(40000, 1));
  const DeviceArray<float> y(40000);
  const TrialTable one({.rows = 4, .dropouts = {{kernels::drop_threshold(0.3), 1, 0, 0}}});
  kernels::drop({ones.per_trial(), y.per_trial(), 10000, 0}, one.context());
  double sum = 0;
  for (const float value : y.read()) sum += value;
  // Five standard deviations of a binomial count.
  EXPECT_NEAR(sum, 28000, 5 * std::sqrt(40000 * 0.3 * 0.7));
}

TEST(DropShare, NaNAndInfinityGoOnWhereKept) {
  const float inf = HUGE_VALF;
  const DeviceArray<float> x(std::vector<float>{std::nanf(""), inf, -inf});
  const DeviceArray<float> y(3);
  const TrialTable one({.rows = 1, .dropouts = {{0, 1, 0, 0}}});
  kernels::drop({x.per_trial(), y.per_trial(), 3, 0}, one.context());
  expect_equal(y.read(), {std::nan(""), HUGE_VAL, -HUGE_VAL});
  const TrialTable none({.rows = 1, .dropouts = {{65536, 1, 0, 0}}});
  kernels::drop_backward({x.per_trial(), y.per_trial(), 3, 0}, none.context());
  expect_equal(y.read(), {0, 0, 0});
}

}  // namespace
}  // namespace saltus::test
