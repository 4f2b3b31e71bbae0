#include <cmath>

#include <saltus/kernels/elementwise/activate.h>
#include <saltus/kernels/elementwise/drop.h>
#include <saltus/kernels/pooling/pooling.h>

#include "tests/kernels/pooling/pools.h"

namespace saltus::test {
namespace {

using kernels::Window;

struct Maxima {
  std::vector<double> y, index;
};

/// The first largest element of each window; NaN is larger than anything, and the last of them
/// wins.
Maxima maxima(const Window& w, const std::vector<float>& x) {
  Maxima result{std::vector<double>(kImages * output_size(w)),
                std::vector<double>(kImages * output_size(w), -1)};
  for_each_tap(w, [&](const Tap& tap) {
    double& best = result.y[tap.out];
    double& place = result.index[tap.out];
    if (place >= 0 && !std::isnan(x[tap.in]) && !(double{x[tap.in]} > best)) return;
    best = double{x[tap.in]};
    place = tap.place;
  });
  return result;
}

/// Which arrays do not begin at a multiple of four elements.
struct Shifts {
  int x = 0, y = 0, index = 0;
};

template <class In, class Out>
void expect_maxima(const Window& w, const std::vector<float>& values_of_x, const Shifts& shifts) {
  SCOPED_TRACE(describe(w));
  const Shifted<In> x(elements<In>(values_of_x), shifts.x);
  const auto y = output<Out>(output_size(w), shifts.y);
  const auto index = output_index(output_size(w), shifts.index);
  kernels::max_pool({w, x.per_trial(), y.per_trial(), index.per_trial()},
                    pooling_table().context());
  const Maxima want = maxima(w, values_of_x);
  expect_equal(values(y.read()), only_active(want.y));
  const auto places = index.read();
  expect_equal({places.begin(), places.end()}, only_active(want.index));
}

template <class T>
struct MaxPoolTest : testing::Test {};
TYPED_TEST_SUITE(MaxPoolTest, PoolTypes);

TYPED_TEST(MaxPoolTest, TakesTheFirstMaximum) {
  for (const Window& w : pool_windows())
    expect_maxima<typename TypeParam::In, typename TypeParam::Out>(
        w, tied_values(kImages * image_size(w), 1), {});
}

TYPED_TEST(MaxPoolTest, TakesArraysThatBeginAnywhere) {
  const Window w = pool_windows()[2];
  for (const Shifts& shifts : {Shifts{.x = 1}, Shifts{.y = 2}, Shifts{.index = 3}})
    expect_maxima<typename TypeParam::In, typename TypeParam::Out>(
        w, tied_values(kImages * image_size(w), 2), shifts);
}

TEST(MaxPoolTest, InfinitiesAreNumbers) {
  const Window w = pool_windows()[5];
  for (const float value : {-1.0F, 1.0F})
    expect_maxima<float, float>(
        w,
        std::vector<float>(kImages * image_size(w), value * std::numeric_limits<float>::infinity()),
        {});
}

TEST(MaxPoolTest, NeedsNoIndex) {
  const Window w = pool_windows()[2];
  const auto x = tied_values(kImages * image_size(w), 3);
  const DeviceArray<float> device_x(x);
  const auto y = output<float>(output_size(w), 0);
  kernels::max_pool({w, device_x.per_trial(kTrials), y.per_trial()}, pooling_table().context());
  expect_equal(y.read(), only_active(maxima(w, x).y));
}

/// A place inside the image for each element of y.
std::vector<std::uint8_t> some_places(const Window& w) {
  const auto choices = small_integers(kImages * output_size(w), 1000, 4);
  std::vector<std::vector<int>> inside(kImages * output_size(w));
  for_each_tap(w, [&](const Tap& tap) { inside[tap.out].push_back(tap.place); });
  std::vector<std::uint8_t> places;
  for (std::size_t i = 0; i < inside.size(); ++i) {
    const auto choice = static_cast<std::size_t>(choices[i] + 1000);
    places.push_back(static_cast<std::uint8_t>(inside[i][choice % inside[i].size()]));
  }
  return places;
}

template <class In, class Out>
void expect_gradient(const Window& w, const std::vector<float>& dy, const Shifts& shifts) {
  SCOPED_TRACE(describe(w));
  const auto index = some_places(w);
  const Shifted<In> device_dy(elements<In>(dy), shifts.y);
  const Shifted<std::uint8_t> device_index(index, shifts.index);
  const auto dx = output<Out>(image_size(w), shifts.x);
  kernels::max_pool_backward({w, device_dy.per_trial(), device_index.per_trial(), dx.per_trial()},
                             pooling_table().context());
  std::vector<double> want(kImages * image_size(w));
  for_each_tap(w, [&](const Tap& tap) {
    if (tap.place == index[tap.out]) want[tap.in] += double{dy[tap.out]};
  });
  expect_equal(values(dx.read()), only_active(want));
}

TYPED_TEST(MaxPoolTest, SendsTheGradientToTheMaximum) {
  for (const Window& w : pool_windows()) {
    // Integers: sums are exact, in bf16 too.
    auto dy = small_integers(kImages * output_size(w), 7, 5);
    dy.back() = dy.front() = std::nanf("");
    expect_gradient<typename TypeParam::In, typename TypeParam::Out>(w, dy, {});
  }
}

TYPED_TEST(MaxPoolTest, SendsItFromAndToArraysThatBeginAnywhere) {
  const Window w = pool_windows()[2];
  const auto dy = small_integers(kImages * output_size(w), 7, 6);
  for (const Shifts& shifts : {Shifts{.x = 1}, Shifts{.y = 2}, Shifts{.index = 3}})
    expect_gradient<typename TypeParam::In, typename TypeParam::Out>(w, dy, shifts);
}

template <class In, class Out>
void expect_gathered(const Window& w, const Shifts& shifts) {
  SCOPED_TRACE(describe(w));
  const auto index = some_places(w);
  auto values_of_x = small_integers(kImages * image_size(w), 100, 7);
  values_of_x.front() = values_of_x.back() = std::nanf("");
  const Shifted<In> x(elements<In>(values_of_x), shifts.x);
  const Shifted<std::uint8_t> device_index(index, shifts.index);
  const auto y = output<Out>(output_size(w), shifts.y);
  kernels::gather_pooled({w, x.per_trial(), device_index.per_trial(), y.per_trial()},
                         pooling_table().context());
  std::vector<double> want(kImages * output_size(w));
  for_each_tap(w, [&](const Tap& tap) {
    if (tap.place == index[tap.out]) want[tap.out] = values_of_x[tap.in];
  });
  expect_equal(values(y.read()), only_active(want));
}

TYPED_TEST(MaxPoolTest, GathersWhatWasAtTheMaxima) {
  for (const Window& w : pool_windows())
    expect_gathered<typename TypeParam::In, typename TypeParam::Out>(w, {});
  for (const Shifts& shifts : {Shifts{.x = 1}, Shifts{.y = 2}, Shifts{.index = 3}})
    expect_gathered<typename TypeParam::In, typename TypeParam::Out>(pool_windows()[2], shifts);
}

/// The gradient of a pool, of an activation and of dropout, in one launch and in three.
struct Chain {
  bool drop, slope;
};

template <class In, class Out>
void expect_chain(const Window& w, const Chain& c, const Shifts& shifts) {
  SCOPED_TRACE(describe(w));
  const TrialTable table({.rows = kRows,
                          .max_rows = kMaxRows,
                          .states = {{.seed = 3, .step = 2}, {.active = 0}, {.seed = 4}},
                          .dropouts = std::vector<kernels::DropoutRule>(
                              kTrials, {.threshold = 20000, .scale = 1.5F})});
  const std::size_t size = kImages * output_size(w);
  const Shifted<In> dy(elements<In>(normal_values(size, 8)), shifts.y);
  const Shifted<float> slope(normal_values(size, 9), 0);
  const Shifted<std::uint8_t> index(some_places(w), shifts.index);
  const auto dx = output<Out>(image_size(w), shifts.x);
  kernels::PooledGradient arguments{
      .window = w, .dy = dy.per_trial(), .index = index.per_trial(), .dx = dx.per_trial()};
  if (c.drop) arguments.drop_slot = 0;
  if (c.slope) arguments.slope = slope.per_trial();
  kernels::pooled_gradient(arguments, table.context());

  const auto in_row = static_cast<std::int64_t>(output_size(w));
  const DeviceArray<float> of_drop(std::vector<float>(size, 0));
  const DeviceArray<float> of_activation(std::vector<float>(size, 0));
  kernels::AnyInput gradient = dy.per_trial();
  if (c.drop) {
    kernels::drop_backward({gradient, of_drop.per_trial(kTrials), in_row, 0}, table.context());
    gradient = of_drop.per_trial(kTrials);
  }
  if (c.slope) {
    kernels::activate_backward(
        {gradient, slope.per_trial(), of_activation.per_trial(kTrials), in_row}, table.context());
    gradient = of_activation.per_trial(kTrials);
  }
  const auto want = output<Out>(image_size(w), 0);
  kernels::max_pool_backward({w, gradient, index.per_trial(), want.per_trial()}, table.context());
  EXPECT_EQ(values(dx.read()), values(want.read()));
}

TYPED_TEST(MaxPoolTest, TakesTheGradientsBehindItInOneLaunch) {
  for (const Window& w : pool_windows()) {
    const bool tiles = w.output.height * w.size.height == w.image.height &&
                       w.output.width * w.size.width == w.image.width &&
                       w.strides.height == w.size.height && w.strides.width == w.size.width;
    if (!tiles) continue;
    for (const Chain& c : {Chain{true, true}, Chain{true, false}, Chain{false, true}}) {
      for (const Shifts& shifts : {Shifts{}, Shifts{.x = 1}, Shifts{.y = 2}, Shifts{.index = 3}})
        expect_chain<typename TypeParam::In, typename TypeParam::Out>(w, c, shifts);
    }
  }
}

}  // namespace
}  // namespace saltus::test
