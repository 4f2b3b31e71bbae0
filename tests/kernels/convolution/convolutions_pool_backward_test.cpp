// The gradients of two convolutions and a max-pool, held against loops in double. What lies between
// and its slopes are those of the kernels of the steps one by one, to the bit.
#include <cmath>
#include <stdexcept>

#include <gtest/gtest.h>

#include <saltus/kernels/convolution/convolutions_pool_backward.h>
#include <saltus/kernels/pooling/pooling.h>

#include "tests/kernels/convolution/two_convolutions.h"
#include "tests/kernels/host/activations.h"

#if defined(SALTUS_EMULATED_CUDA)
#include <emulation/control.h>
#endif

namespace saltus::test {
namespace {

constexpr int kNoDrop = kernels::ConvolutionsPoolBackward<float>::kNoDrop;
constexpr int kChannels = 32;
constexpr int kChannelsOut = 64;

ConvolutionsPoolSizes sizes_of(const kernels::Extent& image) {
  return {image, kChannels, kChannelsOut};
}

/// What goes in, for each of `trials` trials. dy begins `shift` elements behind an aligned place,
/// as do slope and index.
template <class T, class Dy>
struct Arguments {
  ConvolutionsPoolSizes sizes;
  int max_rows;
  std::size_t shift;
  Inputs<T> first, second;  ///< of the second one, weights alone
  DeviceArray<Dy> dy;
  DeviceArray<float> slope;
  DeviceArray<std::uint8_t> index;
  bool biases = true;
  bool slopes = true;
  int drop_slot = kNoDrop;

  Arguments(const ConvolutionsPoolSizes& sizes_, int trials, int max_rows_,
            typename Inputs<T>::Make make, int shift_ = 0)
      : sizes(sizes_),
        max_rows(max_rows_),
        shift(static_cast<std::size_t>(shift_)),
        first(first_window(sizes), trials, max_rows, make),
        second(second_window(sizes), trials, 1, make),
        dy(elements<Dy>(make(count(), 5))),
        slope(make(count(), 6)),
        index(places(count())) {}

  [[nodiscard]] int trials() const { return first.trials; }
  [[nodiscard]] std::size_t of_row() const { return static_cast<std::size_t>(sizes.outputs()); }

  /// What arrives behind the pool, and where.
  template <class Step>
  void give(Step& step) const {
    const auto all = [&](const auto& array) {
      auto own = array.per_trial(trials());
      own.data += shift;
      own.stride = static_cast<std::int64_t>(of_row()) * max_rows;
      return own;
    };
    step.dy = all(dy);
    if (slopes) step.slope = all(slope);
    step.index = all(index);
    step.drop_slot = drop_slot;
  }

  /// Puts NaN where rows beyond the batch's would be.
  void spoil_rows_from(int row) {
    first.spoil_rows_from(row);
    std::vector<float> all = slope.read();
    const std::size_t size = of_row() * static_cast<std::size_t>(max_rows);
    for (std::size_t i = 0; i < all.size(); ++i)
      if (i % size >= of_row() * static_cast<std::size_t>(row))
        all[i] = std::numeric_limits<float>::quiet_NaN();
    slope.write(all);
  }

 private:
  [[nodiscard]] std::size_t count() const {
    return static_cast<std::size_t>(trials() * max_rows) * of_row() + shift;
  }
  static std::vector<std::uint8_t> places(std::size_t count) {
    std::vector<std::uint8_t> all(count);
    const std::vector<float> numbers = small_integers(count, 100, 7);
    for (std::size_t i = 0; i < count; ++i)
      all[i] = static_cast<std::uint8_t>(static_cast<int>(numbers[i] + 100) % 4);
    return all;
  }
};

/// What comes out, [trials] one after another.
struct Gradients {
  std::vector<float> first_dw, first_db, second_dw, second_db;
  bool operator==(const Gradients&) const = default;
};

constexpr std::size_t kFirstWeights = 9 * kChannels;
constexpr std::size_t kSecondWeights = std::size_t{9} * kChannels * kChannelsOut;

/// By the kernels at hand.
template <class T, class Dy>
Gradients in_one(const Arguments<T, Dy>& in, const TrialTable& table) {
  const int trials = in.trials();
  const auto first_dw = output<float>(trials, kFirstWeights);
  const auto first_db = output<float>(trials, kChannels);
  const auto second_dw = output<float>(trials, kSecondWeights);
  const auto second_db = output<float>(trials, kChannelsOut);
  const DeviceArray<float> workspace(static_cast<std::size_t>(
      kernels::convolutions_pool_backward_workspace(in.max_rows) * trials));
  kernels::ConvolutionsPoolBackward<T> step;
  step.sizes = in.sizes;
  step.x = in.first.device_x.per_trial(trials);
  step.first.w = in.first.device_w.per_trial(trials);
  if (in.biases) step.first.bias = in.first.device_bias.per_trial(trials);
  step.second_w = in.second.device_w.per_trial(trials);
  in.give(step);
  step.first_dw = first_dw.per_trial(trials);
  step.second_dw = second_dw.per_trial(trials);
  if (in.biases) {
    step.first_db = first_db.per_trial(trials);
    step.second_db = second_db.per_trial(trials);
  }
  step.workspace = workspace.per_trial(trials);
  kernels::convolutions_pool_backward(step, table.context());
  return {first_dw.read(), first_db.read(), second_dw.read(), second_db.read()};
}

/// What the steps one by one have of it: of all trials and rows.
struct Between {
  std::vector<float> y, slope, dy;
};
template <class T, class Dy>
Between between(const Arguments<T, Dy>& in, const TrialTable& table) {
  const int trials = in.trials();
  const auto rows = static_cast<std::size_t>(in.max_rows);
  const auto y = output<T>(trials, rows * output_size(first_window(in.sizes)));
  const auto slope = output<float>(trials, rows * output_size(first_window(in.sizes)));
  const auto dy = output<float>(trials, rows * output_size(second_window(in.sizes)));
  kernels::ConvolutionForward<T, T> forward = {first_window(in.sizes),
                                               in.first.device_x.per_trial(trials),
                                               in.first.device_w.per_trial(trials),
                                               {y.per_trial(trials), {}, 0},
                                               {}};
  if (in.biases) forward.epilogue.bias = in.first.device_bias.per_trial(trials);
  forward.epilogue.slope = slope.per_trial(trials);
  kernels::convolution_forward(Engine::tensor, forward, table.context());
  kernels::PooledGradient pooled;
  pooled.window = pool_window(in.sizes);
  in.give(pooled);
  pooled.dx = dy.per_trial(trials);
  kernels::pooled_gradient(pooled, table.context());
  return {values(y.read()), slope.read(), dy.read()};
}

/// Sums in double, and how far off the kernels' may be.
struct Oracle {
  Sums sums;
  std::vector<double> bounds;

  explicit Oracle(std::size_t count) : sums(count), bounds(count) {}
};
struct Oracles {
  Oracle first_dw{kFirstWeights}, first_db{kChannels}, second_dw{kSecondWeights},
      second_db{kChannelsOut};
};

/// Of one trial's batch. The gradient behind the pool is rounded to what is multiplied: as tf32
/// that is in the bound of a product already. What is between is of the type that is multiplied,
/// but loses bits of tf32 where it is below 2^-126.
/// Sums of floats are off by a rounding for each of their terms and each sum of sums, of which
/// there are fewer than kMore.
template <class T, class Dy>
Oracles oracles(const Arguments<T, Dy>& in, const Between& of_steps, int trial, int rows) {
  using Tensor = Multiplier<Engine::tensor, T, float>;
  constexpr double kRounding = 0x1p-24;
  constexpr double kRoundedDy = std::is_same_v<T, float> ? 0 : 0x1p-8;
  constexpr double kSmallest = std::is_same_v<T, float> ? 0x1p-137 : 0;
  constexpr int kMore = 64;
  const auto of_trial = [&](const std::vector<float>& all) {
    return all.data() +
           all.size() / static_cast<std::size_t>(in.trials()) * static_cast<std::size_t>(trial);
  };
  const float* const y = of_trial(of_steps.y);
  const float* const slope = of_trial(of_steps.slope);
  const float* const dy = of_trial(of_steps.dy);
  Oracles all;

  const Window second = second_window(in.sizes);
  const int pixels = second.output.height * second.output.width * rows;
  all.second_dw.sums = backward_filter_oracle(second, rows, y, dy);
  all.second_db.sums = bias_oracle(second, rows, dy);
  for (std::size_t i = 0; i < kSecondWeights; ++i) {
    const double magnitude = all.second_dw.sums.magnitudes[i];
    all.second_dw.bounds[i] = Tensor::error_bound(pixels + kMore, 0, magnitude) +
                              kRoundedDy * magnitude +
                              kSmallest * all.second_db.sums.magnitudes[i % kChannelsOut];
  }
  for (std::size_t i = 0; i < kChannelsOut; ++i)
    all.second_db.bounds[i] = (pixels + kMore) * kRounding * all.second_db.sums.magnitudes[i];

  const Sums da = backward_data_oracle(second, rows, dy, in.second.w_of(trial));
  std::vector<double> dz(da.values.size()), off(da.values.size());
  for (std::size_t i = 0; i < dz.size(); ++i) {
    const double of_slope = double{slope[i]};
    dz[i] = da.values[i] * of_slope;
    off[i] = (Tensor::error_bound(9 * kChannelsOut + kMore, 0, da.magnitudes[i]) +
              kRoundedDy * da.magnitudes[i]) *
                 std::abs(of_slope) +
             kRounding * std::abs(dz[i]);
  }
  const Window first = first_window(in.sizes);
  const int between_pixels = first.output.height * first.output.width * rows;
  const auto add = [&](Oracle& oracle, std::size_t i, double x, std::size_t place) {
    oracle.sums.add(i, x, dz[place]);
    oracle.bounds[i] += std::abs(x) * (off[place] + (between_pixels + kMore) * kRounding *
                                                        (std::abs(dz[place]) + off[place]));
  };
  for_each_product(first, rows, [&](std::size_t x, std::size_t w, std::size_t place) {
    add(all.first_dw, w, double{in.first.x_of(trial)[x]}, place);
  });
  for (std::size_t i = 0; i < dz.size(); ++i) add(all.first_db, i % kChannels, 1, i);
  return all;
}

/// Compares one trial's gradients with its oracles.
void expect_near(const Gradients& got, const Oracles& want, int trials, int trial, bool biases) {
  const auto expect = [&](const char* name, const std::vector<float>& all, const Oracle& oracle) {
    SCOPED_TRACE(name);
    expect_within(part_of(all, trials, trial, 0, oracle.bounds.size()), oracle.sums.values,
                  [&](std::size_t i) { return oracle.bounds[i]; });
  };
  expect("first kernel", got.first_dw, want.first_dw);
  expect("second kernel", got.second_dw, want.second_dw);
  if (!biases) return;
  expect("first bias", got.first_db, want.first_db);
  expect("second bias", got.second_db, want.second_db);
}

/// Where all products and sums are exact.
void expect_exact(const Gradients& got, const Oracles& want, int trials, int trial, bool biases) {
  const auto expect = [&](const char* name, const std::vector<float>& all, const Oracle& oracle) {
    SCOPED_TRACE(name);
    for (const double magnitude : oracle.sums.values) ASSERT_LT(std::abs(magnitude), 0x1p24);
    expect_equal(part_of(all, trials, trial, 0, oracle.bounds.size()), oracle.sums.values);
  };
  expect("first kernel", got.first_dw, want.first_dw);
  expect("second kernel", got.second_dw, want.second_dw);
  if (!biases) return;
  expect("first bias", got.first_db, want.first_db);
  expect("second bias", got.second_db, want.second_db);
}

using Compare = void (*)(const Gradients&, const Oracles&, int trials, int trial, bool biases);

template <class T, class Dy>
void expect_oracle(const Arguments<T, Dy>& in, const TrialTable& table, int rows,
                   const Compare& compare) {
  SCOPED_TRACE(describe(in.sizes));
  const Gradients got = in_one(in, table);
  const Between of_steps = between(in, table);
  const std::vector<kernels::TrialState> states = table.states();
  for (int trial = 0; trial < in.trials(); ++trial) {
    SCOPED_TRACE("trial " + std::to_string(trial));
    if (states[static_cast<std::size_t>(trial)].active != 0)
      compare(got, oracles(in, of_steps, trial, rows), in.trials(), trial, in.biases);
  }
}

std::vector<float> tiny_integers(std::size_t count, std::uint32_t seed) {
  return small_integers(count, 2, seed);
}

/// Half of the elements are dropped, the others doubled.
constexpr kernels::DropoutRule kDropHalf = {
    .threshold = 1U << 15, .scale = 2, .shift = 1, .dropped = -1};

TableSetup setup_of(const ActivationRef& activation, int rows) {
  return {.rows = rows, .activations = {activation}, .dropouts = {kDropHalf}};
}

/// Sizes of every way through the kernels: one part and more, parts that begin in the middle of a
/// window and do not; rows that fill steps and do not; an odd number of rows of windows.
std::vector<kernels::Extent> some_images() {
  return {{28, 28}, {8, 12}, {10, 6}, {12, 10}, {18, 28}, {6, 42}, {6, 6}};
}

/// What is multiplied, and what dy is stored as.
template <class In_, class Dy_>
struct Types {
  using In = In_;
  using Dy = Dy_;
};

/// On a device that has the shared memory: the emulation's is one that has, if it is not.
template <class Pair>
struct ConvolutionsPoolBackward : testing::Test {
 protected:
  using In = typename Pair::In;
  using Dy = typename Pair::Dy;
  using Arguments = test::Arguments<In, Dy>;

  void SetUp() override {
    if (kernels::has_convolutions_pool_backward(sizes_of({28, 28}), sizeof(In), shared_bytes()))
      return;
#if defined(SALTUS_EMULATED_CUDA)
    before_ = compute_capability();
    emulation::set_platform({.compute_capability = 90});
#else
    GTEST_SKIP() << "needs more shared memory than the device has";
#endif
  }
  void TearDown() override {
#if defined(SALTUS_EMULATED_CUDA)
    if (before_ != 0) emulation::set_platform({.compute_capability = before_});
#endif
  }

 private:
  [[maybe_unused]] int before_ = 0;
};
using AllTypes = testing::Types<Types<float, float>, Types<Bf16, float>, Types<Bf16, Bf16>>;
TYPED_TEST_SUITE(ConvolutionsPoolBackward, AllTypes);

/// Of small integers every sum is exact, in whatever order: these are the bits of the steps one by
/// one, too.
TYPED_TEST(ConvolutionsPoolBackward, IsExactOfSmallIntegers) {
  const std::vector<ActivationRef> all = {with<kernels::Abs>({}), with<kernels::Relu>({}),
                                          with<kernels::Linear>({})};
  std::size_t number = 0;
  for (const kernels::Extent& image : some_images()) {
    typename TestFixture::Arguments in(sizes_of(image), 1, 3, tiny_integers);
    in.drop_slot = number % 2 == 0 ? 0 : kNoDrop;
    expect_oracle(in, TrialTable(setup_of(all[number % all.size()], 3)), 3, expect_exact);
    ++number;
  }
}

TYPED_TEST(ConvolutionsPoolBackward, IsWithinItsBoundOfTheFormula) {
  typename TestFixture::Arguments in(sizes_of({22, 18}), 1, 3, normal_values);
  in.drop_slot = 0;
  expect_oracle(in, TrialTable(setup_of(with<kernels::GeluTanh>({}), 3)), 3, expect_near);
}

TYPED_TEST(ConvolutionsPoolBackward, AppliesEveryActivation) {
  const auto all = all_activations();
  TableSetup setup;
  setup.states.resize(all.size());
  setup.activations = all;
  const typename TestFixture::Arguments in(sizes_of({6, 8}), static_cast<int>(all.size()), 1,
                                           normal_values);
  expect_oracle(in, TrialTable(setup), 1, expect_near);
}

TYPED_TEST(ConvolutionsPoolBackward, TouchesOnlyActiveTrialsAndTheBatchsRows) {
  constexpr int kRows = 5;
  constexpr int kTrials = 3;
  typename TestFixture::Arguments in(sizes_of({8, 8}), kTrials, 8, tiny_integers);
  in.spoil_rows_from(kRows);
  in.drop_slot = 0;
  const auto all = {with<kernels::Relu>({}), with<kernels::Abs>({}), with<kernels::Linear>({})};
  const TrialTable table({.rows = kRows,
                          .max_rows = 8,
                          .states = {{.seed = 1}, {.active = 0}, {.seed = 3, .step = 7}},
                          .activations = all,
                          .dropouts = {kDropHalf, kDropHalf, kDropHalf}});
  expect_oracle(in, table, kRows, expect_exact);
  const Gradients got = in_one(in, table);
  for (const auto& [part, count] : {std::pair{&Gradients::first_dw, kFirstWeights},
                                    {&Gradients::first_db, std::size_t{kChannels}},
                                    {&Gradients::second_dw, kSecondWeights},
                                    {&Gradients::second_db, std::size_t{kChannelsOut}}})
    EXPECT_EQ(part_of(got.*part, kTrials, 1, 0, count), std::vector<float>(count, kBefore));
}

TYPED_TEST(ConvolutionsPoolBackward, TakesInputsThatBeginAnywhereOrAreNotThere) {
  for (const int shift : {1, 2}) {
    typename TestFixture::Arguments in(sizes_of({8, 10}), 1, 2, tiny_integers, shift);
    in.biases = in.slopes = shift == 1;
    expect_oracle(in, TrialTable(setup_of(with<kernels::Relu>({}), 2)), 2, expect_exact);
  }
}

/// Whether a trial is alone, and for how many rows there is room.
TYPED_TEST(ConvolutionsPoolBackward, IsTheSameForATrialAloneAndAnyRoom) {
  constexpr int kTrials = 3;
  constexpr int kRows = 7;
  const typename TestFixture::Arguments in(sizes_of({8, 8}), kTrials, 9, normal_values);
  TableSetup setup{
      .rows = kRows, .max_rows = 9, .states = std::vector<kernels::TrialState>(kTrials)};
  for (std::size_t i = 0; i < kTrials; ++i) setup.activations.push_back(kinds()[i]);
  const Gradients all = in_one(in, TrialTable(setup));
  for (int trial = 0; trial < kTrials; ++trial) {
    TableSetup alone = setup;
    alone.max_rows = kRows;
    for (int i = 0; i < kTrials; ++i)
      alone.states[static_cast<std::size_t>(i)].active = i == trial ? 1 : 0;
    const Gradients own = in_one(in, TrialTable(alone));
    for (const auto& [part, count] : {std::pair{&Gradients::first_dw, kFirstWeights},
                                      {&Gradients::first_db, std::size_t{kChannels}},
                                      {&Gradients::second_dw, kSecondWeights},
                                      {&Gradients::second_db, std::size_t{kChannelsOut}}})
      EXPECT_EQ(part_of(own.*part, kTrials, trial, 0, count),
                part_of(all.*part, kTrials, trial, 0, count));
  }
}

TEST(ConvolutionsPoolBackwardSizes, AreThoseThatFit) {
  constexpr ConvolutionsPoolSizes kTutorial = {{28, 28}, 32, 64};
  const auto fits = [](const ConvolutionsPoolSizes& sizes, int bytes, int kib) {
    return kernels::has_convolutions_pool_backward(sizes, bytes, kib * 1024);
  };
  EXPECT_TRUE(fits(kTutorial, 4, 163)) << "compute capability 8.0 and 9.0, tf32";
  EXPECT_TRUE(fits(kTutorial, 2, 163));
  EXPECT_FALSE(fits(kTutorial, 4, 99)) << "8.6 and 8.9";
  EXPECT_FALSE(fits(kTutorial, 2, 99));
  for (const ConvolutionsPoolSizes& other : {ConvolutionsPoolSizes{{4, 28}, 32, 64},
                                             {{28, 4}, 32, 64},
                                             {{27, 28}, 32, 64},
                                             {{28, 27}, 32, 64},
                                             {{28, 28}, 16, 64},
                                             {{28, 28}, 32, 32},
                                             {{1 << 20, 1 << 20}, 32, 64},
                                             {{1024, 384}, 32, 64}}) {
    EXPECT_FALSE(fits(other, 2, 227)) << describe(other);
    kernels::ConvolutionsPoolBackward<float> step;
    step.sizes = other;
    EXPECT_THROW(kernels::convolutions_pool_backward(step, TrialTable({}).context()),
                 std::invalid_argument);
  }
}

}  // namespace
}  // namespace saltus::test
