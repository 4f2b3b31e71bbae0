#include <cmath>

#include <saltus/kernels/pooling/pooling.h>

#include "tests/kernels/pooling/pools.h"

namespace saltus::test {
namespace {

using kernels::Window;

constexpr double kHalfUnit = 0x1p-24;

/// Those of all poolings, and large ones: the image and parts of it, with padding, one position
/// fewer than a round of loads and one more, and more channels than a block takes.
std::vector<Window> average_windows() {
  auto windows = pool_windows();
  const auto pool = [&](Shape shape) {
    shape.out = shape.in;
    windows.push_back(window_of(shape));
  };
  pool({.image = {7, 7}, .size = {7, 7}, .in = 66});
  pool({.image = {8, 4}, .size = {8, 4}, .in = 68});
  pool({.image = {9, 7}, .size = {9, 7}, .in = 3});
  pool({.image = {5, 13}, .size = {5, 13}, .in = 4});
  pool({.image = {12, 13}, .size = {12, 13}, .in = 1});
  pool({.image = {8, 9}, .size = {6, 7}, .strides = {3, 2}, .same = true, .in = 10});
  return windows;
}

struct Means {
  std::vector<double> values;
  std::vector<double> magnitudes;  ///< of the terms
};

Means means(const Window& w, const std::vector<float>& x) {
  const auto sizes = window_sizes(w);
  Means y{std::vector<double>(sizes.size()), std::vector<double>(sizes.size())};
  for_each_tap(w, [&](const Tap& tap) {
    y.values[tap.out] += double{x[tap.in]};
    y.magnitudes[tap.out] += std::abs(double{x[tap.in]});
  });
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    y.values[i] /= sizes[i];
    y.magnitudes[i] /= sizes[i];
  }
  return y;
}

template <class In, class Out>
std::vector<float> averaged(const Window& w, const std::vector<float>& x, int shift_x = 0,
                            int shift_y = 0) {
  const Shifted<In> device_x(elements<In>(x), shift_x);
  const auto y = output<Out>(output_size(w), shift_y);
  kernels::average_pool({w, device_x.per_trial(), y.per_trial()}, pooling_table().context());
  return values(y.read());
}

template <class In, class Out>
std::vector<float> spread(const Window& w, const std::vector<float>& dy, int shift_dy = 0,
                          int shift_dx = 0) {
  const Shifted<In> device_dy(elements<In>(dy), shift_dy);
  const auto dx = output<Out>(image_size(w), shift_dx);
  kernels::average_pool_backward({w, device_dy.per_trial(), dx.per_trial()},
                                 pooling_table().context());
  return values(dx.read());
}

template <class T>
struct AveragePoolTest : testing::Test {
  /// One rounding of the output.
  static constexpr double kOutputError = std::is_same_v<typename T::Out, float> ? 0 : 0x1p-8;
};
TYPED_TEST_SUITE(AveragePoolTest, PoolTypes);

TYPED_TEST(AveragePoolTest, IntegersExactly) {
  using In = typename TypeParam::In;
  using Out = typename TypeParam::Out;
  for (const Window& w : average_windows()) {
    SCOPED_TRACE(describe(w));
    auto x = small_integers(kImages * image_size(w), 9, 1);
    x.front() = std::nanf("");
    x.back() = std::numeric_limits<float>::infinity();
    // Sums are exact and quotients rounded once, to float; bf16 rounds these again.
    const auto want = rounded<Out>(rounded<float>(means(w, x).values));
    expect_equal(averaged<In, Out>(w, x), only_active(want));
    if (w.channels_in % 4 != 0) continue;
    expect_equal(averaged<In, Out>(w, x, 1, 0), only_active(want));
    expect_equal(averaged<In, Out>(w, x, 0, 1), only_active(want));
  }
}

TYPED_TEST(AveragePoolTest, WithinTheBound) {
  using In = typename TypeParam::In;
  for (const Window& w : average_windows()) {
    SCOPED_TRACE(describe(w));
    const auto x = values(elements<In>(normal_values(kImages * image_size(w), 2)));
    const auto sizes = window_sizes(w);
    const Means want = means(w, x);
    // Each addition rounds, then the quotient.
    expect_within(averaged<In, typename TypeParam::Out>(w, x), only_active(want.values),
                  [&](std::size_t i) {
                    return (sizes[i] + 1) * kHalfUnit * want.magnitudes[i] +
                           TestFixture::kOutputError * std::abs(want.values[i]);
                  });
  }
}

/// Lanes without a channel would read behind the last image.
TEST(AveragePoolTest, ReadsNothingBehindTheImage) {
  const Window w =
      window_of({.image = {7, 7}, .size = {7, 7}, .in = 66, .out = 66});  // 64 and 2 channels
  const DeviceArray<float> x(std::vector<float>(image_size(w), 3));
  const DeviceArray<float> y(output_size(w));
  kernels::average_pool({w, x.per_trial(), y.per_trial()}, TrialTable({}).context());
  expect_equal(y.read(), std::vector<double>(output_size(w), 3));
}

/// The bits do not depend on how many channels a thread takes.
TEST(AveragePoolTest, TheOrderIsTheWindowsOwn) {
  for (const Window& w : average_windows()) {
    if (w.channels_in % 4 != 0) continue;
    SCOPED_TRACE(describe(w));
    const auto x = normal_values(kImages * image_size(w), 3);
    const auto one_by_one = averaged<float, float>(w, x, 1, 1);
    expect_equal(averaged<float, float>(w, x), {one_by_one.begin(), one_by_one.end()});
  }
}

/// dy / positions, added in float in the order of the windows.
TYPED_TEST(AveragePoolTest, SpreadsTheGradient) {
  using In = typename TypeParam::In;
  using Out = typename TypeParam::Out;
  for (const Window& w : average_windows()) {
    SCOPED_TRACE(describe(w));
    auto dy = values(elements<In>(normal_values(kImages * output_size(w), 4)));
    dy.back() = std::nanf("");
    const auto sizes = window_sizes(w);
    std::vector<float> sums(kImages * image_size(w));
    for_each_tap(w, [&](const Tap& tap) {
      sums[tap.in] += dy[tap.out] / static_cast<float>(sizes[tap.out]);
    });
    const auto want = only_active(rounded<Out>({sums.begin(), sums.end()}));
    expect_equal(spread<In, Out>(w, dy), want);
    if (w.channels_in % 4 != 0) continue;
    expect_equal(spread<In, Out>(w, dy, 1, 0), want);
    expect_equal(spread<In, Out>(w, dy, 0, 1), want);
  }
}

TEST(AveragePoolTest, SpreadsTheGradientWithinTheBound) {
  for (const Window& w : average_windows()) {
    SCOPED_TRACE(describe(w));
    const auto dy = normal_values(kImages * output_size(w), 5);
    const auto sizes = window_sizes(w);
    std::vector<double> want(kImages * image_size(w));
    std::vector<double> magnitudes(want.size());
    std::vector<int> windows(want.size());
    for_each_tap(w, [&](const Tap& tap) {
      const double term = double{dy[tap.out]} / sizes[tap.out];
      want[tap.in] += term;
      magnitudes[tap.in] += std::abs(term);
      ++windows[tap.in];
    });
    // Each quotient rounds, and each addition but the first, to zero.
    expect_within(spread<float, float>(w, dy), only_active(want),
                  [&](std::size_t i) { return windows[i] * kHalfUnit * magnitudes[i]; });
  }
}

}  // namespace
}  // namespace saltus::test
