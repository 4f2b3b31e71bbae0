#include <cmath>

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

}  // namespace
}  // namespace saltus::test
