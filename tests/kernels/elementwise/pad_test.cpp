#include <gtest/gtest.h>

#include <saltus/kernels/elementwise/pad.h>

#include "tests/kernels/device/compare.h"
#include "tests/kernels/device/trial_table.h"

namespace saltus::test {
namespace {

constexpr int kTrials = 3;
constexpr int kRows = 2;
constexpr int kMaxRows = 3;
constexpr kernels::Frame kFrame = {
    .lines = 5, .length = 21, .padded_lines = 8, .padded_length = 33, .top = 1, .left = 3};
constexpr std::size_t kImage = std::size_t{kFrame.lines} * kFrame.length;
constexpr std::size_t kPadded = std::size_t{kFrame.padded_lines} * kFrame.padded_length;

/// Three trials, the second of which is not active.
TableSetup three_trials() {
  return {.rows = kRows, .max_rows = kMaxRows, .states = {{}, {.active = 0}, {}}};
}

/// Calls visit(image) for all that the active trials' rows have, counted over all trials.
template <class Visit>
void for_images(Visit visit) {
  for (const std::size_t trial : {0U, 2U}) {
    for (std::size_t row = 0; row < kRows; ++row) visit(trial * kMaxRows + row);
  }
}

/// Where element `i` of an image is in the padded one.
std::size_t padded_place(std::size_t i) {
  return (i / kFrame.length + kFrame.top) * kFrame.padded_length + i % kFrame.length + kFrame.left;
}

TEST(Pad, PutsZerosAroundTheRowsOfEveryActiveTrial) {
  const auto x = small_integers(kTrials * kMaxRows * kImage, 8, 1);
  const auto before = small_integers(kTrials * kMaxRows * kPadded, 8, 2);
  const DeviceArray<kernels::Bf16> device_x(elements<kernels::Bf16>(x));
  const DeviceArray<float> y(before);
  const TrialTable table(three_trials());
  kernels::pad({kFrame, device_x.per_trial(kTrials), y.per_trial(kTrials)}, table.context());
  std::vector<double> want(before.begin(), before.end());
  for_images([&](std::size_t image) {
    for (std::size_t i = 0; i < kPadded; ++i) want[image * kPadded + i] = 0;
    for (std::size_t i = 0; i < kImage; ++i)
      want[image * kPadded + padded_place(i)] = x[image * kImage + i];
  });
  expect_equal(y.read(), want);
}

TEST(PadBackward, TakesTheMiddle) {
  const auto dy = small_integers(kTrials * kMaxRows * kPadded, 8, 1);
  const auto before = small_integers(kTrials * kMaxRows * kImage, 8, 2);
  const DeviceArray<float> device_dy(dy);
  const DeviceArray<kernels::Bf16> dx(elements<kernels::Bf16>(before));
  const TrialTable table(three_trials());
  kernels::pad_backward({kFrame, device_dy.per_trial(kTrials), dx.per_trial(kTrials)},
                        table.context());
  std::vector<double> want(before.begin(), before.end());
  for_images([&](std::size_t image) {
    for (std::size_t i = 0; i < kImage; ++i)
      want[image * kImage + i] = dy[image * kPadded + padded_place(i)];
  });
  expect_equal(values(dx.read()), want);
}

TEST(Pad, MayHaveNothingToAdd) {
  const DeviceArray<float> x(std::vector<float>{1, 2, 3, 4, 5, 6});
  const DeviceArray<float> y(6);
  const TrialTable one({});
  kernels::pad({{2, 3, 2, 3, 0, 0}, x.per_trial(), y.per_trial()}, one.context());
  expect_equal(y.read(), {1, 2, 3, 4, 5, 6});
}

}  // namespace
}  // namespace saltus::test
