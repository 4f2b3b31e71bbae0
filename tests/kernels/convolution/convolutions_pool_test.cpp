// Two convolutions and a max-pool in one kernel, held against the kernels of the steps one by one,
// to the bit, and against loops in double.
#include <limits>
#include <stdexcept>

#include <gtest/gtest.h>

#include <saltus/kernels/convolution/convolutions_pool.h>
#include <saltus/kernels/elementwise/drop.h>
#include <saltus/kernels/pooling/pooling.h>
#include <saltus/kernels/random.h>

#include "tests/kernels/convolution/two_convolutions.h"
#include "tests/kernels/host/activations.h"

namespace saltus::test {
namespace {

std::size_t outputs_of(const ConvolutionsPoolSizes& sizes) {
  return static_cast<std::size_t>(sizes.outputs());
}

/// What goes in, for each of `trials` trials.
template <class T>
struct Arguments {
  ConvolutionsPoolSizes sizes;
  int max_rows;
  bool biases = true;
  Inputs<T> first, second;  ///< of the second one, weights and bias alone

  Arguments(const ConvolutionsPoolSizes& sizes_, int trials, int max_rows_,
            typename Inputs<T>::Make make)
      : sizes(sizes_),
        max_rows(max_rows_),
        first(first_window(sizes), trials, max_rows, make),
        second(second_window(sizes), trials, 1, make) {}

  [[nodiscard]] int trials() const { return first.trials; }
  [[nodiscard]] std::size_t size() const {
    return static_cast<std::size_t>(max_rows) * outputs_of(sizes);
  }
  [[nodiscard]] kernels::PerTrial<const float> bias_of(const Inputs<T>& layer) const {
    if (!biases) return {};
    return layer.device_bias.per_trial(trials());
  }
};

/// What comes out.
struct Pooled {
  std::vector<float> y, slope, index;
  bool operator==(const Pooled&) const = default;
};

constexpr int kNoDrop = kernels::ConvolutionsPool<float>::kNoDrop;

/// Where outputs begin, in elements behind an aligned place, which there are, and which dropout y
/// goes through.
struct Wanted {
  int shift = 0;
  bool slope = true, index = true;
  int drop_slot = kNoDrop;
};

/// An output whose elements begin `shift` behind an aligned place.
template <class T>
class Output {
 public:
  Output(int trials, std::size_t count, int shift)
      : trials_(trials),
        shift_(static_cast<std::size_t>(shift)),
        array_(before(static_cast<std::size_t>(trials) * count + shift_)) {}

  [[nodiscard]] kernels::PerTrial<T> per_trial() const {
    return {array_.data() + shift_, static_cast<std::int64_t>(array_.size() - shift_) / trials_};
  }
  [[nodiscard]] std::vector<float> read() const {
    const std::vector<T> all = array_.read();
    const std::vector<T> own(all.begin() + static_cast<std::ptrdiff_t>(shift_), all.end());
    if constexpr (std::is_same_v<T, std::uint8_t>)
      return {own.begin(), own.end()};
    else
      return values(own);
  }

 private:
  static std::vector<T> before(std::size_t count) {
    if constexpr (std::is_same_v<T, std::uint8_t>)
      return std::vector<T>(count, static_cast<T>(kBefore));
    else
      return elements<T>(std::vector<float>(count, kBefore));
  }

  int trials_;
  std::size_t shift_;
  DeviceArray<T> array_;
};

/// By the kernel at hand. Slots 0 and 1 of the table are the activations.
template <class T, class Out>
Pooled in_one(const Arguments<T>& in, const TrialTable& table, const Wanted& wanted = {}) {
  const int trials = in.trials();
  const Output<Out> y(trials, in.size(), wanted.shift);
  const Output<float> slope(trials, in.size(), wanted.shift);
  const Output<std::uint8_t> index(trials, in.size(), wanted.shift);
  const DeviceArray<float> workspace(static_cast<std::size_t>(
      kernels::convolutions_pool_workspace(in.sizes, in.max_rows) * trials));
  kernels::ConvolutionsPool<T> step;
  step.sizes = in.sizes;
  step.x = in.first.device_x.per_trial(trials);
  step.first = {in.first.device_w.per_trial(trials), in.bias_of(in.first), 0};
  step.second = {in.second.device_w.per_trial(trials), in.bias_of(in.second), 1};
  step.y = y.per_trial();
  if (wanted.slope) step.slope = slope.per_trial();
  if (wanted.index) step.index = index.per_trial();
  step.drop_slot = wanted.drop_slot;
  step.workspace = workspace.per_trial(trials);
  kernels::convolutions_pool(step, table.context());
  return {y.read(), slope.read(), index.read()};
}

/// By the kernels of its steps.
template <class T, class Out>
Pooled one_by_one(const Arguments<T>& in, const TrialTable& table, const Wanted& wanted = {}) {
  const int trials = in.trials();
  const auto rows = static_cast<std::size_t>(in.max_rows);
  const Output<T> between(trials, rows * output_size(first_window(in.sizes)), 0);
  const Output<float> product(trials, rows * output_size(second_window(in.sizes)), 0);
  const Output<float> pooled(trials, in.size(), 0);
  const Output<Out> y(trials, in.size(), 0);
  const Output<float> slope(trials, in.size(), 0);
  const Output<std::uint8_t> index(trials, in.size(), 0);
  kernels::convolution_forward<T, T>(Engine::tensor,
                                     {first_window(in.sizes),
                                      in.first.device_x.per_trial(trials),
                                      in.first.device_w.per_trial(trials),
                                      {between.per_trial(), in.bias_of(in.first), 0},
                                      {}},
                                     table.context());
  kernels::convolution_forward<T, float>(Engine::tensor,
                                         {second_window(in.sizes),
                                          between.per_trial(),
                                          in.second.device_w.per_trial(trials),
                                          {product.per_trial(), in.bias_of(in.second)},
                                          {}},
                                         table.context());
  const bool drops = wanted.drop_slot != kNoDrop;
  kernels::ActivatePool pool = {
      .window = pool_window(in.sizes), .x = product.per_trial(), .slot = 1, .y = y.per_trial()};
  if (drops) pool.y = pooled.per_trial();
  if (wanted.slope) pool.slope = slope.per_trial();
  if (wanted.index) pool.index = index.per_trial();
  kernels::activate_pool(pool, table.context());
  if (drops)
    kernels::drop({pooled.per_trial(), y.per_trial(), in.sizes.outputs(), wanted.drop_slot},
                  table.context());
  return {y.read(), slope.read(), index.read()};
}

void expect_same(const Pooled& got, const Pooled& want) {
  const auto doubles = [](const std::vector<float>& all) {
    return std::vector<double>(all.begin(), all.end());
  };
  expect_equal(got.y, doubles(want.y));
  expect_equal(got.slope, doubles(want.slope));
  expect_equal(got.index, doubles(want.index));
}

template <class T, class Out>
void expect_steps(const Arguments<T>& in, const TrialTable& table, const Wanted& wanted = {}) {
  SCOPED_TRACE(describe(in.sizes));
  expect_same(in_one<T, Out>(in, table, wanted), one_by_one<T, Out>(in, table, wanted));
}

TrialTable table_of(const ActivationRef& first, const ActivationRef& second, int rows) {
  return TrialTable({.rows = rows, .activations = {first, second}});
}

/// Sizes of every way through the kernel: windows that fill tiles and do not; rows and columns that
/// no window covers; one group of channels and more; an odd number of steps of k; more items than
/// warps, for which only 9.0 has room.
std::vector<ConvolutionsPoolSizes> some_sizes() {
  return {{{6, 6}, 16, 32},    {{8, 8}, 16, 32},   {{9, 12}, 32, 64}, {{12, 7}, 48, 96},
          {{10, 11}, 16, 128}, {{30, 28}, 16, 32}, {{30, 28}, 16, 64}};
}

/// What is multiplied, and what y is stored as.
template <class In_, class Out_>
struct Types {
  using In = In_;
  using Out = Out_;
};
template <class Pair>
struct ConvolutionsPool : testing::Test {};
using AllTypes = testing::Types<Types<float, float>, Types<Bf16, float>, Types<Bf16, Bf16>>;
TYPED_TEST_SUITE(ConvolutionsPool, AllTypes);

/// Among small integers ties are common.
TYPED_TEST(ConvolutionsPool, HasTheBitsOfItsSteps) {
  for (const ConvolutionsPoolSizes& sizes : some_sizes()) {
    if (!kernels::has_convolutions_pool(sizes, sizeof(typename TypeParam::In), shared_bytes()))
      continue;
    for (const auto make : {normal_values, integers}) {
      const Arguments<typename TypeParam::In> in(sizes, 1, 2, make);
      for (const ActivationRef& second : kinds())
        expect_steps<typename TypeParam::In, typename TypeParam::Out>(
            in, table_of(with<kernels::LeakyRelu>({0.25F}), second, 2));
    }
  }
}

TYPED_TEST(ConvolutionsPool, AppliesEveryActivation) {
  const auto all = all_activations();
  TableSetup setup;
  setup.states.resize(all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    setup.activations.push_back(all[(i + 7) % all.size()]);
    setup.activations.push_back(all[i]);
  }
  const Arguments<typename TypeParam::In> in({{6, 8}, 16, 32}, static_cast<int>(all.size()), 1,
                                             normal_values);
  expect_steps<typename TypeParam::In, typename TypeParam::Out>(in, TrialTable(setup));
}

TYPED_TEST(ConvolutionsPool, TouchesOnlyActiveTrialsAndTheBatchsRows) {
  constexpr int kRows = 5;  // more than a block of each trial
  constexpr int kMaxRows = 6;
  Arguments<typename TypeParam::In> in({{8, 8}, 16, 32}, 3, kMaxRows, normal_values);
  in.first.spoil_rows_from(kRows);
  const auto all = kinds();
  const TrialTable table({.rows = kRows,
                          .max_rows = kMaxRows,
                          .states = {{}, {.active = 0}, {}},
                          .activations = {all[3], all[0], all[0], all[0], all[2], all[1]}});
  expect_steps<typename TypeParam::In, typename TypeParam::Out>(in, table);
}

TYPED_TEST(ConvolutionsPool, TakesOutputsThatBeginAnywhereOrAreNotThere) {
  Arguments<typename TypeParam::In> in({{8, 9}, 16, 32}, 1, 1, integers);
  in.biases = false;
  for (const ActivationRef& second : kinds()) {
    const TrialTable table = table_of(with<kernels::Relu>({}), second, 1);
    for (const Wanted& wanted : {Wanted{.shift = 1}, Wanted{.slope = false}, Wanted{.index = false},
                                 Wanted{.shift = 2, .slope = false, .index = false}})
      expect_steps<typename TypeParam::In, typename TypeParam::Out>(in, table, wanted);
  }
}

/// Dropout and AlphaDropout beside each other, of which the second of two slots is asked for.
TYPED_TEST(ConvolutionsPool, DropsWhatIsPooled) {
  const kernels::DropoutRule other = {kernels::drop_threshold(0.9), 10, 0, 0};
  const kernels::DropoutRule plain = {kernels::drop_threshold(0.25), 4.0F / 3, 0, 0};
  const kernels::DropoutRule alpha = {kernels::drop_threshold(0.5), 0.75F, 0.25F, -1.5F};
  for (const ConvolutionsPoolSizes& sizes :
       {ConvolutionsPoolSizes{{6, 6}, 16, 32}, {{9, 12}, 16, 64}, {{12, 7}, 16, 96}}) {
    const Arguments<typename TypeParam::In> in(sizes, 3, 4, normal_values);
    const TrialTable table(
        {.rows = 3,
         .max_rows = 4,
         .states = {{.seed = 5, .step = 2},
                    {.seed = 6, .active = 0},
                    {.seed = 0x123456789abcdef0, .step = 7}},
         .activations = {kinds()[0], kinds()[1], kinds()[0], kinds()[0], kinds()[0], kinds()[2]},
         .dropouts = {other, plain, other, other, other, alpha}});
    for (const Wanted& wanted : {Wanted{.drop_slot = 1}, Wanted{.shift = 1, .drop_slot = 1},
                                 Wanted{.slope = false, .index = false, .drop_slot = 1}})
      expect_steps<typename TypeParam::In, typename TypeParam::Out>(in, table, wanted);
  }
}

TYPED_TEST(ConvolutionsPool, CarriesNanAndInfinity) {
  const auto make = [](std::size_t count, std::uint32_t seed) {
    std::vector<float> numbers = integers(count, seed);
    if (seed != 1) return numbers;
    numbers[count / 3] = std::numeric_limits<float>::quiet_NaN();
    numbers[count / 2] = std::numeric_limits<float>::infinity();
    return numbers;
  };
  const Arguments<typename TypeParam::In> in({{12, 12}, 16, 32}, 1, 2, make);
  for (const ActivationRef& second : kinds())
    expect_steps<typename TypeParam::In, typename TypeParam::Out>(
        in, table_of(with<kernels::Linear>({}), second, 2));
}

TYPED_TEST(ConvolutionsPool, IsTheSameForATrialAloneAndAnyNumberOfRows) {
  using In = typename TypeParam::In;
  using Out = typename TypeParam::Out;
  constexpr int kTrials = 3;
  const ConvolutionsPoolSizes sizes = {{8, 8}, 16, 32};
  const Arguments<In> in(sizes, kTrials, 9, normal_values);
  TableSetup setup{.rows = 9, .states = std::vector<kernels::TrialState>(kTrials)};
  for (int i = 0; i < kTrials; ++i) {
    setup.activations.push_back(kinds()[0]);
    setup.activations.push_back(kinds()[static_cast<std::size_t>(i)]);
  }
  const Pooled all = in_one<In, Out>(in, TrialTable(setup));
  for (int trial = 0; trial < kTrials; ++trial) {
    TableSetup alone = setup;
    alone.rows = 7;
    alone.max_rows = 9;
    for (int i = 0; i < kTrials; ++i)
      alone.states[static_cast<std::size_t>(i)].active = i == trial ? 1 : 0;
    const Pooled own = in_one<In, Out>(in, TrialTable(alone));
    const std::size_t size = 7 * outputs_of(sizes);
    for (const auto part : {&Pooled::y, &Pooled::slope, &Pooled::index})
      EXPECT_EQ(part_of(own.*part, kTrials, trial, 0, size),
                part_of(all.*part, kTrials, trial, 0, size));
  }
}

/// The same loops as everywhere, for rectifiers. Of the first convolution, the sum of nine products
/// and a bias is off by 11 roundings, and its output by that of its type; the second one adds that
/// to what is between it and its oracle. A maximum is off by no more than what it is taken of.
TYPED_TEST(ConvolutionsPool, IsWithinItsBoundOfTheFormula) {
  using In = typename TypeParam::In;
  using Out = typename TypeParam::Out;
  using Tensor = Multiplier<Engine::tensor, In, Out>;
  constexpr double kStored = std::is_same_v<In, float> ? 0 : 0x1p-9;
  const ConvolutionsPoolSizes sizes = {{9, 12}, 32, 64};
  constexpr int kRows = 2;
  const Arguments<In> in(sizes, 1, kRows, normal_values);
  const Sums first = forward_oracle(first_window(sizes), kRows, in.first.x_of(0), in.first.w_of(0),
                                    in.first.bias_of(0));
  std::vector<double> between, off;
  for (std::size_t i = 0; i < first.values.size(); ++i) {
    between.push_back(std::max(0.0, first.values[i]));
    off.push_back(11 * 0x1p-24 * first.magnitudes[i] + kStored * between[i]);
  }
  const Window window = second_window(sizes);
  const std::size_t count = kRows * output_size(window);
  Sums second(count);
  std::vector<double> bounds(count);
  for_each_product(window, kRows, [&](std::size_t x, std::size_t w, std::size_t y) {
    const double weight = double{in.second.w_of(0)[w]};
    second.add(y, between[x], weight);
    bounds[y] += off[x] * std::abs(weight);
  });
  for (std::size_t i = 0; i < count; ++i) {
    const auto channel = i % static_cast<std::size_t>(sizes.channels_out);
    second.add(i, double{in.second.bias_of(0)[channel]}, 1);
    bounds[i] +=
        Tensor::error_bound(9 * sizes.channels + 1, second.values[i], second.magnitudes[i]);
  }

  std::vector<double> want, bound;
  const Window pool = pool_window(sizes);
  const auto extent = [](int n) { return static_cast<std::size_t>(n); };
  for (std::size_t row = 0; row < kRows; ++row)
    for (std::size_t y = 0; y < extent(pool.output.height); ++y)
      for (std::size_t x = 0; x < extent(pool.output.width); ++x)
        for (std::size_t c = 0; c < extent(pool.channels_in); ++c) {
          double largest = 0;  // of a rectifier
          double most = 0;
          for (std::size_t place = 0; place < 4; ++place) {
            const std::size_t i =
                ((row * extent(pool.image.height) + 2 * y + place / 2) * extent(pool.image.width) +
                 2 * x + place % 2) *
                    extent(pool.channels_in) +
                c;
            largest = std::max(largest, second.values[i]);
            most = std::max(most, bounds[i]);
          }
          want.push_back(largest);
          bound.push_back(most);
        }
  const ActivationRef relu = with<kernels::Relu>({});
  const Pooled got = in_one<In, Out>(in, table_of(relu, relu, kRows));
  expect_within(got.y, want, [&](std::size_t i) { return bound[i]; });
}

TYPED_TEST(ConvolutionsPool, OfTheTutorialsSize) {
  const ConvolutionsPoolSizes sizes = {{28, 28}, 32, 64};
  if (!kernels::has_convolutions_pool(sizes, sizeof(typename TypeParam::In), shared_bytes()))
    GTEST_SKIP() << "needs more shared memory than the device has";
  const Arguments<typename TypeParam::In> in(sizes, 1, 1, normal_values);
  for (const ActivationRef& second : kinds())
    expect_steps<typename TypeParam::In, typename TypeParam::Out>(
        in, table_of(with<kernels::Elu>({1}), second, 1));
}

TEST(ConvolutionsPoolSizes, AreThoseThatFit) {
  constexpr ConvolutionsPoolSizes kTutorial = {{28, 28}, 32, 64};
  const auto fits = [](const ConvolutionsPoolSizes& sizes, int bytes, int kib) {
    return kernels::has_convolutions_pool(sizes, bytes, kib * 1024);
  };
  EXPECT_TRUE(fits(kTutorial, 4, 163)) << "compute capability 8.0 and 9.0, tf32";
  EXPECT_FALSE(fits(kTutorial, 4, 99)) << "8.6 and 8.9";
  EXPECT_TRUE(fits(kTutorial, 2, 99)) << "bf16";
  EXPECT_FALSE(fits(kTutorial, 2, 0));
  for (const ConvolutionsPoolSizes& other : {ConvolutionsPoolSizes{{5, 28}, 32, 64},
                                             {{28, 5}, 32, 64},
                                             {{28, 28}, 24, 64},
                                             {{28, 28}, 32, 48},
                                             {{28, 28}, 0, 64},
                                             {{28, 28}, 32, 0},
                                             {{1 << 20, 1 << 20}, 1 << 20, 1 << 20},
                                             {{1024, 1024}, 1024, 1024}}) {
    EXPECT_FALSE(fits(other, 2, 227)) << describe(other);
    kernels::ConvolutionsPool<float> step;
    step.sizes = other;
    EXPECT_THROW(kernels::convolutions_pool(step, TrialTable({}).context()), std::invalid_argument);
  }
}

}  // namespace
}  // namespace saltus::test
