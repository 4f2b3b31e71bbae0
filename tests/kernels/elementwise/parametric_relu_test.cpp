#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include <saltus/kernels/elementwise/parametric_relu.h>

#include "tests/kernels/device/compare.h"
#include "tests/kernels/device/trial_table.h"

namespace saltus::test {
namespace {

constexpr int kTrials = 3;  // of which the second is not active
constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Case {
  int size;    ///< of a row
  int alphas;  ///< of which element i has number i % alphas
  int rows, max_rows;
};

/// The arrays of a layer, and what a kernel should make of them.
class ParametricReluTest : public testing::TestWithParam<Case> {
 protected:
  const Case c = GetParam();
  const std::size_t size = static_cast<std::size_t>(c.size);
  const std::size_t alphas = static_cast<std::size_t>(c.alphas);
  const std::size_t stride = static_cast<std::size_t>(c.max_rows) * size;
  const TrialTable table{
      {.rows = c.rows, .max_rows = c.max_rows, .states = {{}, {.active = 0}, {}}}};

  std::vector<float> x = small_integers(kTrials * stride, 3, 1);
  std::vector<float> dy = small_integers(kTrials * stride, 3, 2);
  std::vector<float> alpha = small_integers(kTrials * alphas, 3, 3);
  const std::vector<float> before = small_integers(kTrials * stride, 3, 4);
  const std::vector<float> dalpha_before = small_integers(kTrials * alphas, 3, 5);

  DeviceArray<int> of_element{std::vector<int>(size)};
  DeviceArray<int> elements_of_alphas{std::vector<int>(size)};
  DeviceArray<int> first{std::vector<int>(alphas + 1)};

  kernels::AlphaMap map() {
    std::vector<int> of(size);
    std::vector<int> elements;
    std::vector<int> begins;
    for (int i = 0; i < c.size; ++i) of[static_cast<std::size_t>(i)] = i % c.alphas;
    for (int a = 0; a < c.alphas; ++a) {
      begins.push_back(static_cast<int>(elements.size()));
      for (int i = a; i < c.size; i += c.alphas) elements.push_back(i);
    }
    begins.push_back(c.size);
    of_element.write(of);
    elements_of_alphas.write(elements);
    first.write(begins);
    return {c.size, c.alphas, of_element.data(), elements_of_alphas.data(), first.data()};
  }

  /// value(element, its alpha) where a kernel writes.
  template <class Value>
  std::vector<double> wanted(Value value) const {
    std::vector<double> want(before.begin(), before.end());
    for (const std::size_t trial : {0U, 2U}) {
      for (std::size_t i = 0; i < static_cast<std::size_t>(c.rows) * size; ++i)
        want[trial * stride + i] =
            value(trial * stride + i, alpha[trial * alphas + i % size % alphas]);
    }
    return want;
  }

  /// dalpha, and the sum of its terms' sizes.
  struct Gradient {
    std::vector<double> dalpha, mass;
  };
  Gradient wanted_dalpha() const {
    Gradient want{{dalpha_before.begin(), dalpha_before.end()},
                  std::vector<double>(kTrials * alphas)};
    for (const std::size_t trial : {0U, 2U}) {
      for (std::size_t a = 0; a < alphas; ++a) want.dalpha[trial * alphas + a] = 0;
      for (std::size_t i = 0; i < static_cast<std::size_t>(c.rows) * size; ++i) {
        const double term = double{x[trial * stride + i]} * dy[trial * stride + i];
        if (!(x[trial * stride + i] < 0)) continue;
        want.dalpha[trial * alphas + i % size % alphas] += term;
        want.mass[trial * alphas + i % size % alphas] += std::abs(term);
      }
    }
    return want;
  }

  static double slope(double x, double alpha) { return x > 0 ? 1 : x < 0 ? alpha : 0; }

  template <class T>
  std::vector<float> forward() {
    const DeviceArray<T> device_x(elements<T>(x));
    const DeviceArray<float> device_alpha(alpha);
    const DeviceArray<T> y(elements<T>(before));
    kernels::parametric_relu(
        {map(), device_x.per_trial(kTrials), device_alpha.per_trial(kTrials), y.per_trial(kTrials)},
        table.context());
    return values(y.read());
  }

  struct Gradients {
    std::vector<float> dx, dalpha;
  };
  template <class X, class Dx>
  Gradients backward(bool with_dx = true) {
    const DeviceArray<X> device_x(elements<X>(x));
    const DeviceArray<float> device_dy(dy);
    const DeviceArray<float> device_alpha(alpha);
    const DeviceArray<Dx> dx(elements<Dx>(before));
    const DeviceArray<float> dalpha(dalpha_before);
    kernels::parametric_relu_backward(
        {map(), device_x.per_trial(kTrials), device_dy.per_trial(kTrials),
         device_alpha.per_trial(kTrials),
         with_dx ? kernels::AnyOutput(dx.per_trial(kTrials)) : kernels::AnyOutput(),
         dalpha.per_trial(kTrials)},
        table.context());
    return {values(dx.read()), dalpha.read()};
  }
};

TEST_P(ParametricReluTest, IsExactOnIntegers) {
  const auto want =
      wanted([&](std::size_t i, double a) { return x[i] < 0 ? a * x[i] : double{x[i]}; });
  expect_equal(forward<float>(), want);
  expect_equal(forward<kernels::Bf16>(), want);
}

TEST_P(ParametricReluTest, BackwardIsExactOnIntegers) {
  const auto want = wanted([&](std::size_t i, double a) { return slope(x[i], a) * dy[i]; });
  const auto dalpha = wanted_dalpha().dalpha;
  const auto floats = backward<float, float>();
  expect_equal(floats.dx, want);
  expect_equal(floats.dalpha, dalpha);
  const auto halves = backward<kernels::Bf16, kernels::Bf16>();
  expect_equal(halves.dx, want);
  expect_equal(halves.dalpha, dalpha);
}

TEST_P(ParametricReluTest, IsTheOraclesOnRandomNumbers) {
  x = normal_values(x.size(), 6);
  dy = normal_values(dy.size(), 7);
  alpha = normal_values(alpha.size(), 8);
  const auto y =
      wanted([&](std::size_t i, double a) { return x[i] < 0 ? a * x[i] : double{x[i]}; });
  expect_within(forward<float>(), y, [&](std::size_t i) { return 0x1p-24 * std::abs(y[i]); });
  const auto gradients = backward<float, float>(false);
  EXPECT_EQ(gradients.dx, before) << "written without being asked for";
  const auto want = wanted_dalpha();
  // One rounding to a float; sums in double lose far less.
  expect_within(gradients.dalpha, want.dalpha, [&](std::size_t i) {
    return 0x1.01p-24 * std::abs(want.dalpha[i]) + 0x1p-40 * want.mass[i];
  });
}

INSTANTIATE_TEST_SUITE_P(
    Sizes, ParametricReluTest,
    testing::Values(Case{1, 1, 1, 1},          // the least there is
                    Case{8, 8, 3, 4},          // an alpha an element; quads
                    Case{9, 9, 3, 5},          // no quads, a block with a single alpha
                    Case{60, 20, 7, 8},        // one a channel
                    Case{70, 7, 5, 6},         // few alphas, a block each
                    Case{30, 1, 70, 71},       // one for all: more terms than threads
                    Case{2048, 1, 2, 2},       // more elements than threads
                    Case{1040, 8, 3, 4},       // as many elements of an alpha as threads and more
                    Case{1025, 1025, 2, 3}));  // several blocks of elements, too

TEST(ParametricReluSpecials, NaNInfinityAndZero) {
  const float nan = std::nanf("");
  const DeviceArray<int> of_element(std::vector<int>{0, 0, 0, 0, 0});
  const DeviceArray<int> elements(std::vector<int>{0, 1, 2, 3, 4});
  const DeviceArray<int> first(std::vector<int>{0, 5});
  const kernels::AlphaMap map = {5, 1, of_element.data(), elements.data(), first.data()};
  const DeviceArray<float> x(std::vector<float>{nan, kInfinity, -kInfinity, -0.0F, 0});
  const DeviceArray<float> alpha(std::vector<float>{0.5F});
  const DeviceArray<float> y(5);
  const DeviceArray<float> dx(5);
  const DeviceArray<float> dalpha(1);
  const TrialTable one({});
  kernels::parametric_relu({map, x.per_trial(), alpha.per_trial(), y.per_trial()}, one.context());
  expect_equal(y.read(), {nan, HUGE_VAL, -HUGE_VAL, 0, 0});
  const auto differentiate = [&](const std::vector<float>& upstream) {
    const DeviceArray<float> dy(upstream);
    kernels::parametric_relu_backward(
        {map, x.per_trial(), dy.per_trial(), alpha.per_trial(), dx.per_trial(), dalpha.per_trial()},
        one.context());
  };
  differentiate({1, 1, 2, 3, 4});
  expect_equal(dx.read(), {0, 1, 1, 0, 0});
  expect_equal(dalpha.read(), {-HUGE_VAL});
  differentiate({1, 1, nan, kInfinity, 4});
  expect_equal(dx.read(), {0, 1, nan, nan, 0});
  expect_equal(dalpha.read(), {nan});
}

}  // namespace
}  // namespace saltus::test
