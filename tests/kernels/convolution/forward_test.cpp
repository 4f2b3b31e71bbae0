#include <limits>
#include <stdexcept>
#include <utility>

#include <gtest/gtest.h>

#include <saltus/kernels/activations.h>
#include <saltus/kernels/convolution/problems.h>

#include "tests/kernels/convolution/trials.h"
#include "tests/kernels/host/activations.h"

namespace saltus::test {
namespace {

using kernels::Window;

/// What a forward pass leaves in memory.
struct Outputs {
  std::vector<float> y, slope;
};

/// Runs the forward pass of engine and types of M. The table has one activation a trial, or none.
template <class M, class Out = typename M::Out>
Outputs forward(const Inputs<typename M::In>& in, const TrialTable& table, bool activate) {
  const std::size_t size = static_cast<std::size_t>(in.max_rows) * output_size(in.window);
  const auto y = output<Out>(in.trials, size);
  const auto slope = output<float>(in.trials, size);
  const auto workspace = static_cast<std::size_t>(
      kernels::convolution_forward_workspace(M::engine, in.window, in.max_rows) * in.trials);
  const DeviceArray<float> device_workspace(workspace);
  kernels::Epilogue<Out> epilogue;
  epilogue.y = y.per_trial(in.trials);
  epilogue.bias = in.device_bias.per_trial(in.trials);
  epilogue.slope = slope.per_trial(in.trials);
  if (activate) epilogue.activation = 0;
  kernels::convolution_forward<typename M::In, Out>(
      M::engine,
      {in.window, in.device_x.per_trial(in.trials), in.device_w.per_trial(in.trials), epilogue,
       device_workspace.per_trial(in.trials)},
      table.context());
  return {values(y.read()), slope.read()};
}

template <class M>
Sums oracle(const Inputs<typename M::In>& in, int trial, int rows) {
  return forward_oracle(in.window, rows, in.x_of(trial), in.w_of(trial), in.bias_of(trial));
}

/// Windows on every way through the launcher.
std::vector<Window> ways() {
  return {window_of({.image = {5, 5}, .size = {3, 3}, .in = 8, .out = 16}),
          window_of({.image = {5, 5}, .size = {3, 3}, .in = 1, .out = 16}),
          kernels::product_window(1, 1032, 16), kernels::product_window(1, 1032, 72),
          kernels::product_window(1, 2312, 16)};
}

TEST(ForwardSplitK, IsFinerOnTensorCoresWhereSumsAreFew) {
  const auto slices = [](Engine engine, int in, int out) {
    return kernels::forward_split_k(engine, kernels::product_window(1, in, out)).count(in);
  };
  for (const int out : {10, 128, 512}) EXPECT_EQ(slices(Engine::simt, 9216, out), 18);
  EXPECT_EQ(slices(Engine::tensor, 9216, 10), 72);
  EXPECT_EQ(slices(Engine::tensor, 9216, 64), 72);
  EXPECT_EQ(slices(Engine::tensor, 9216, 65), 48);
  EXPECT_EQ(slices(Engine::tensor, 9216, 128), 36);
  EXPECT_EQ(slices(Engine::tensor, 9216, 256), 18);
  EXPECT_EQ(slices(Engine::tensor, 9216, 1024), 9);
  EXPECT_EQ(slices(Engine::tensor, 255, 64), 1);
  EXPECT_EQ(slices(Engine::tensor, 256, 64), 2);
}

template <class M>
class ConvolutionForward : public testing::Test {};
TYPED_TEST_SUITE(ConvolutionForward, Multipliers);

TYPED_TEST(ConvolutionForward, OfIntegersIsExact) {
  for (const Window& window : windows()) {
    SCOPED_TRACE(describe(window));
    const Inputs<typename TypeParam::In> in(window, 1, 3, integers);
    const TrialTable table({.rows = 3});
    const Outputs got = forward<TypeParam>(in, table, false);
    expect_equal(got.y, rounded<typename TypeParam::Out>(oracle<TypeParam>(in, 0, 3).values));
  }
}

TYPED_TEST(ConvolutionForward, OfNormalsIsWithinItsBound) {
  for (const Window& window : ways()) {
    SCOPED_TRACE(describe(window));
    const Inputs<typename TypeParam::In> in(window, 1, 2, normal_values);
    const TrialTable table({.rows = 2});
    const Outputs got = forward<TypeParam>(in, table, false);
    const Sums want = oracle<TypeParam>(in, 0, 2);
    const double k = double(window.size.height * window.size.width * window.channels_in);
    expect_within(got.y, want.values, [&](std::size_t i) {
      return TypeParam::error_bound(k, want.values[i], want.magnitudes[i]);
    });
  }
}

TYPED_TEST(ConvolutionForward, AppliesEveryActivation) {
  const auto activations = all_activations();
  const int trials = static_cast<int>(activations.size());
  TableSetup setup;
  setup.states.resize(activations.size());
  setup.activations = activations;
  const TrialTable table(setup);
  for (const int channels : {1, 8}) {
    const Window window = window_of({.image = {5, 5}, .size = {3, 3}, .in = channels, .out = 16});
    SCOPED_TRACE(describe(window));
    const Inputs<typename TypeParam::In> in(window, trials, 1, normal_values);
    const Outputs z = forward<TypeParam, float>(in, table, false);
    const Outputs got = forward<TypeParam>(in, table, true);
    for (int trial = 0; trial < trials; ++trial) {
      SCOPED_TRACE("activation " + std::to_string(trial));
      const std::size_t size = output_size(window);
      const auto of_trial = [&](const std::vector<float>& all) {
        return part_of(all, trials, trial, 0, size);
      };
      const auto own_z = of_trial(z.y);
      const Evaluated want = evaluate(activations[static_cast<std::size_t>(trial)], own_z);
      expect_equal(of_trial(got.y), rounded<typename TypeParam::Out>(want.y));
      expect_equal(of_trial(got.slope), want.slope);
    }
  }
}

TYPED_TEST(ConvolutionForward, TouchesOnlyActiveTrialsAndTheBatchsRows) {
  constexpr int kTrials = 3;
  constexpr int kRows = 3;
  constexpr int kMaxRows = 5;
  const TrialTable table({.rows = kRows,
                          .max_rows = kMaxRows,
                          .states = {{}, {.active = 0}, {}},
                          .activations = {{kernels::kActivationId<kernels::Relu>, {}},
                                          {},
                                          {kernels::kActivationId<kernels::LeakyRelu>, {0.5f}}}});
  for (const Window& window : ways()) {
    SCOPED_TRACE(describe(window));
    Inputs<typename TypeParam::In> in(window, kTrials, kMaxRows, integers);
    in.spoil_rows_from(kRows);
    const Outputs got = forward<TypeParam>(in, table, true);
    const std::size_t written = kRows * output_size(window);
    const std::size_t all = kMaxRows * output_size(window);
    for (int trial = 0; trial < kTrials; ++trial) {
      std::vector<double> y(all, double{kBefore});
      std::vector<double> slope = y;
      const float negative = trial == 0 ? 0 : 0.5f;
      const std::vector<double> z = oracle<TypeParam>(in, trial, kRows).values;
      for (std::size_t i = 0; i < written && trial != 1; ++i) {
        const double factor = z[i] > 0 ? 1 : double{negative};
        y[i] = factor * z[i];
        slope[i] = z[i] == 0 ? got.slope[static_cast<std::size_t>(trial) * all + i] : factor;
      }
      expect_equal(part_of(got.y, kTrials, trial, 0, all), rounded<typename TypeParam::Out>(y));
      expect_equal(part_of(got.slope, kTrials, trial, 0, all), slope);
    }
  }
}

TYPED_TEST(ConvolutionForward, CarriesNanAndInfinity) {
  for (const Window& window : ways()) {
    SCOPED_TRACE(describe(window));
    const auto make = [](std::size_t count, std::uint32_t seed) {
      std::vector<float> numbers = integers(count, seed);
      if (seed != 1) return numbers;  // x alone: weights meet every output
      numbers[count / 3] = std::numeric_limits<float>::quiet_NaN();
      numbers[count / 2] = std::numeric_limits<float>::infinity();
      return numbers;
    };
    const Inputs<typename TypeParam::In> in(window, 1, 3, make);
    const TrialTable table({.rows = 3});
    const Outputs got = forward<TypeParam>(in, table, false);
    expect_equal(got.y, rounded<typename TypeParam::Out>(oracle<TypeParam>(in, 0, 3).values));
  }
}

TYPED_TEST(ConvolutionForward, DoesNotDependOnHowManyRowsMightCome) {
  for (const Window& window : ways()) {
    SCOPED_TRACE(describe(window));
    const Inputs<typename TypeParam::In> in(window, 1, 9, normal_values);
    const TrialTable table({.rows = 2, .max_rows = 9});
    const TrialTable tight({.rows = 2, .max_rows = 2});
    const std::size_t size = 2 * output_size(window);
    const std::vector<float> got = part_of(forward<TypeParam>(in, table, false).y, 1, 0, 0, size);
    const std::vector<float> want = part_of(forward<TypeParam>(in, tight, false).y, 1, 0, 0, size);
    EXPECT_EQ(got, want);
  }
}

TEST(ProductWindow, LooksAtEachRowAlone) {
  const kernels::Window window = kernels::product_window(3, 20, 10);
  const auto extents = [](const auto& extent) { return std::pair(extent.height, extent.width); };
  EXPECT_EQ(extents(window.image), std::pair(3, 1));
  EXPECT_EQ(extents(window.output), std::pair(3, 1));
  EXPECT_EQ(extents(window.size), std::pair(1, 1));
  EXPECT_EQ(extents(window.strides), std::pair(1, 1));
  EXPECT_EQ(extents(window.padding), std::pair(0, 0)) << "with any, the row would not be in it";
}

TEST(ConvolutionLaunchers, RefuseBatchesWhosePixelsAnIntCannotCount) {
  const TrialTable table({.rows = 1, .max_rows = 1 << 20});
  const Window window = window_of({.image = {64, 32}, .size = {3, 3}, .in = 1, .out = 1});
  kernels::ConvolutionForward<float, float> forward;
  kernels::ConvolutionBackwardData<float, float> data;
  kernels::ConvolutionBackwardFilter<float> filter;
  forward.window = data.window = filter.window = window;
  constexpr auto kEngine = kernels::Engine::simt;
  const kernels::LaunchContext context = table.context();
  EXPECT_THROW(kernels::convolution_forward(kEngine, forward, context), std::invalid_argument);
  EXPECT_THROW(kernels::convolution_backward_data(kEngine, data, context), std::invalid_argument);
  EXPECT_THROW(kernels::convolution_backward_filter(kEngine, filter, context),
               std::invalid_argument);
}

}  // namespace
}  // namespace saltus::test
