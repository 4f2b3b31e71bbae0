#include <limits>

#include <gtest/gtest.h>

#include "tests/kernels/convolution/trials.h"

namespace saltus::test {
namespace {

using kernels::Window;

/// dw and db, those of all trials one after another.
struct FilterGradients {
  std::vector<float> dw, db;
};

template <class M>
FilterGradients backward_filter(const Inputs<typename M::In>& in, const TrialTable& table,
                                bool with_bias = true) {
  const auto dw = output<float>(in.trials, weight_count(in.window));
  const auto db = output<float>(in.trials, static_cast<std::size_t>(in.window.channels_out));
  const auto workspace = static_cast<std::size_t>(
      kernels::convolution_backward_filter_workspace(in.window, table.context().max_rows) *
      in.trials);
  const DeviceArray<float> device_workspace(workspace);
  kernels::ConvolutionBackwardFilter<typename M::In> arguments;
  arguments.window = in.window;
  arguments.x = in.device_x.per_trial(in.trials);
  arguments.dy = in.device_dy.per_trial(in.trials);
  arguments.dw = dw.per_trial(in.trials);
  if (with_bias) arguments.db = db.per_trial(in.trials);
  arguments.workspace = device_workspace.per_trial(in.trials);
  kernels::convolution_backward_filter(M::engine, arguments, table.context());
  return {dw.read(), db.read()};
}

template <class M>
Sums weights_oracle(const Inputs<typename M::In>& in, int trial, int rows) {
  return backward_filter_oracle(in.window, rows, in.x_of(trial), in.dy_of(trial));
}

template <class M>
class ConvolutionBackwardFilter : public testing::Test {};
TYPED_TEST_SUITE(ConvolutionBackwardFilter, FilterMultipliers);

/// Windows whose sums come in parts.
std::vector<Window> long_sums() {
  return {window_of({.image = {19, 17}, .size = {3, 3}, .same = true, .in = 4, .out = 8}),
          window_of({.image = {19, 17}, .size = {3, 3}, .same = true, .in = 1, .out = 8})};
}

TYPED_TEST(ConvolutionBackwardFilter, OfIntegersIsExact) {
  std::vector<Window> all = windows();
  for (const Window& window : long_sums()) all.push_back(window);
  for (const Window& window : all) {
    SCOPED_TRACE(describe(window));
    const Inputs<typename TypeParam::In> in(window, 1, 3, integers);
    const TrialTable table({.rows = 3});
    const FilterGradients got = backward_filter<TypeParam>(in, table);
    expect_equal(got.dw, weights_oracle<TypeParam>(in, 0, 3).values);
    expect_equal(got.db, bias_oracle(window, 3, in.dy_of(0)).values);
  }
}

TYPED_TEST(ConvolutionBackwardFilter, OfNormalsIsWithinItsBound) {
  for (const Window& window : long_sums()) {
    SCOPED_TRACE(describe(window));
    const Inputs<typename TypeParam::In> in(window, 1, 2, normal_values);
    const TrialTable table({.rows = 2});
    const FilterGradients got = backward_filter<TypeParam>(in, table);
    const double k = 2.0 * window.output.height * window.output.width;
    const auto expect = [&](const std::vector<float>& gradient, const Sums& want) {
      expect_within(gradient, want.values, [&](std::size_t i) {
        return TypeParam::error_bound(k, want.values[i], want.magnitudes[i]);
      });
    };
    expect(got.dw, weights_oracle<TypeParam>(in, 0, 2));
    expect(got.db, bias_oracle(window, 2, in.dy_of(0)));
  }
}

TYPED_TEST(ConvolutionBackwardFilter, TouchesOnlyActiveTrialsAndReadsTheBatchsRows) {
  constexpr int kTrials = 3;
  const TrialTable table({.rows = 2, .max_rows = 5, .states = {{}, {.active = 0}, {}}});
  for (const Window& window : long_sums()) {
    SCOPED_TRACE(describe(window));
    Inputs<typename TypeParam::In> in(window, kTrials, 5, integers);
    in.spoil_rows_from(2);
    const FilterGradients got = backward_filter<TypeParam>(in, table);
    for (int trial = 0; trial < kTrials; ++trial) {
      Sums dw = weights_oracle<TypeParam>(in, trial, 2);
      Sums db = bias_oracle(window, 2, in.dy_of(trial));
      if (trial == 1) {
        std::fill(dw.values.begin(), dw.values.end(), double{kBefore});
        std::fill(db.values.begin(), db.values.end(), double{kBefore});
      }
      expect_equal(part_of(got.dw, kTrials, trial, 0, dw.values.size()), dw.values);
      expect_equal(part_of(got.db, kTrials, trial, 0, db.values.size()), db.values);
    }
  }
}

TYPED_TEST(ConvolutionBackwardFilter, DoesNotDependOnHowManyRowsMightCome) {
  for (const Window& window : long_sums()) {
    SCOPED_TRACE(describe(window));
    const Inputs<typename TypeParam::In> in(window, 1, 20, normal_values);
    const FilterGradients one = backward_filter<TypeParam>(in, TrialTable({.rows = 1}));
    const FilterGradients many =
        backward_filter<TypeParam>(in, TrialTable({.rows = 1, .max_rows = 20}));
    EXPECT_EQ(one.dw, many.dw);
    EXPECT_EQ(one.db, many.db);
  }
}

TYPED_TEST(ConvolutionBackwardFilter, LeavesOutTheBiasThatIsNotThere) {
  for (const Window& window : long_sums()) {
    SCOPED_TRACE(describe(window));
    const Inputs<typename TypeParam::In> in(window, 1, 2, integers);
    const TrialTable table({.rows = 2});
    const FilterGradients got = backward_filter<TypeParam>(in, table, false);
    expect_equal(got.dw, weights_oracle<TypeParam>(in, 0, 2).values);
    expect_equal(got.db, std::vector<double>(got.db.size(), double{kBefore}));
  }
}

TYPED_TEST(ConvolutionBackwardFilter, CarriesNanAndInfinity) {
  for (const Window& window : long_sums()) {
    SCOPED_TRACE(describe(window));
    const auto make = [](std::size_t count, std::uint32_t seed) {
      std::vector<float> numbers = integers(count, seed);
      if (seed == 3) {  // the pixel in the middle of the first image: far from padding, times which
                        // it is NaN
        numbers[count / 8 / 4 * 8 + 1] = std::numeric_limits<float>::quiet_NaN();
        numbers[count / 8 / 4 * 8 + 2] = std::numeric_limits<float>::infinity();
      }
      for (float& number : numbers) number = number == 0 ? 1 : number;  // 0 * infinity is NaN
      return numbers;
    };
    const Inputs<typename TypeParam::In> in(window, 1, 2, make);
    const TrialTable table({.rows = 2});
    const FilterGradients got = backward_filter<TypeParam>(in, table);
    expect_equal(got.dw, weights_oracle<TypeParam>(in, 0, 2).values);
    expect_equal(got.db, bias_oracle(window, 2, in.dy_of(0)).values);
  }
}

}  // namespace
}  // namespace saltus::test
