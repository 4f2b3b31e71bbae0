#include <limits>

#include <gtest/gtest.h>

#include "tests/kernels/convolution/trials.h"

namespace saltus::test {
namespace {

using kernels::Window;

template <class M>
std::vector<float> backward_data(const Inputs<typename M::In>& in, const TrialTable& table) {
  using Out = typename M::Out;
  const std::size_t size = static_cast<std::size_t>(in.max_rows) * image_size(in.window);
  const auto dx = output<Out>(in.trials, size);
  kernels::convolution_backward_data<typename M::In, Out>(
      M::engine,
      {in.window, in.device_dy.per_trial(in.trials), in.device_w.per_trial(in.trials),
       dx.per_trial(in.trials)},
      table.context());
  return values(dx.read());
}

template <class M>
Sums oracle(const Inputs<typename M::In>& in, int trial, int rows) {
  return backward_data_oracle(in.window, rows, in.dy_of(trial), in.w_of(trial));
}

template <class M>
class ConvolutionBackwardData : public testing::Test {};
TYPED_TEST_SUITE(ConvolutionBackwardData, Multipliers);

TYPED_TEST(ConvolutionBackwardData, OfIntegersIsExact) {
  for (const Window& window : windows()) {
    SCOPED_TRACE(describe(window));
    const Inputs<typename TypeParam::In> in(window, 1, 3, integers);
    const TrialTable table({.rows = 3});
    expect_equal(backward_data<TypeParam>(in, table),
                 rounded<typename TypeParam::Out>(oracle<TypeParam>(in, 0, 3).values));
  }
}

TYPED_TEST(ConvolutionBackwardData, OfNormalsIsWithinItsBound) {
  const Window window = window_of({.image = {6, 5}, .size = {3, 3}, .in = 8, .out = 16});
  const Inputs<typename TypeParam::In> in(window, 1, 2, normal_values);
  const TrialTable table({.rows = 2});
  const Sums want = oracle<TypeParam>(in, 0, 2);
  expect_within(backward_data<TypeParam>(in, table), want.values, [&](std::size_t i) {
    return TypeParam::error_bound(9 * 16, want.values[i], want.magnitudes[i]);
  });
}

TYPED_TEST(ConvolutionBackwardData, TouchesOnlyActiveTrialsAndTheBatchsRows) {
  constexpr int kTrials = 3;
  const TrialTable table({.rows = 3, .max_rows = 5, .states = {{}, {.active = 0}, {}}});
  const Window window = window_of({.image = {6, 5}, .size = {3, 3}, .in = 8, .out = 8});
  Inputs<typename TypeParam::In> in(window, kTrials, 5, integers);
  in.spoil_rows_from(3);
  const std::vector<float> got = backward_data<TypeParam>(in, table);
  for (int trial = 0; trial < kTrials; ++trial) {
    std::vector<double> want(5 * image_size(window), double{kBefore});
    const std::vector<double> written = oracle<TypeParam>(in, trial, 3).values;
    if (trial != 1) std::copy(written.begin(), written.end(), want.begin());
    expect_equal(part_of(got, kTrials, trial, 0, want.size()),
                 rounded<typename TypeParam::Out>(want));
  }
}

TYPED_TEST(ConvolutionBackwardData, CarriesNanAndInfinity) {
  const Window window = window_of({.image = {6, 5}, .size = {3, 3}, .in = 8, .out = 8});
  const auto make = [](std::size_t count, std::uint32_t seed) {
    std::vector<float> numbers = integers(count, seed);
    if (seed != 3) return numbers;  // dy alone: weights meet every pixel
    numbers[count / 3] = std::numeric_limits<float>::quiet_NaN();
    numbers[count / 2] = -std::numeric_limits<float>::infinity();
    return numbers;
  };
  const Inputs<typename TypeParam::In> in(window, 1, 2, make);
  const TrialTable table({.rows = 2});
  expect_equal(backward_data<TypeParam>(in, table),
               rounded<typename TypeParam::Out>(oracle<TypeParam>(in, 0, 2).values));
}

}  // namespace
}  // namespace saltus::test
