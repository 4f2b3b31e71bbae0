// What the list says about its entries is true of their float code.
#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include <saltus/kernels/activations.h>

#include "samples.h"

namespace saltus::test {
namespace {

using kernels::Entry;
using kernels::Parameters;
using kernels::Saturation;
using kernels::Shape;
using kernels::Traits;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// What the concept refuses.
struct Whole : Entry<Whole> {
  static constexpr Traits traits{.name = "whole",
                                 .formula = "x",
                                 .derivative = "1",
                                 .range = "(-inf, inf)",
                                 .shape = Shape::monotone,
                                 .saturation = Saturation::none,
                                 .initializer = "glorot_uniform"};
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    return x;
  }
  template <class T>
  SALTUS_HD static T df(T, const Parameters<T>&) {
    return T(1);
  }
};
static_assert(kernels::ActivationEntry<Whole>);

struct NoSlope : Entry<NoSlope> {
  static constexpr Traits traits = Whole::traits;
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    return x;
  }
};
static_assert(!kernels::ActivationEntry<NoSlope>);

struct FloatOnly : Entry<FloatOnly> {
  static constexpr Traits traits = Whole::traits;
  SALTUS_HD static float f(float x, const Parameters<float>&) { return x; }
  SALTUS_HD static float df(float, const Parameters<float>&) { return 1; }
};
static_assert(!kernels::ActivationEntry<FloatOnly>);

template <Traits (*change)(Traits)>
struct Changed : Whole {
  static constexpr Traits traits = change(Whole::traits);
};
constexpr Traits same(Traits t) {
  return t;
}
constexpr Traits without_shape(Traits t) {
  return t.shape = Shape::unstated, t;
}
constexpr Traits without_saturation(Traits t) {
  return t.saturation = Saturation::unstated, t;
}
constexpr Traits without_formula(Traits t) {
  return t.formula = {}, t;
}
constexpr Traits without_derivative(Traits t) {
  return t.derivative = {}, t;
}
constexpr Traits without_initializer(Traits t) {
  return t.initializer = {}, t;
}
constexpr Traits with_illegal_default(Traits t) {
  return t.parameters = {{"a", 2, 0, 1}}, t;
}
static_assert(kernels::ActivationEntry<Changed<same>>);
static_assert(!kernels::ActivationEntry<Changed<without_shape>>);
static_assert(!kernels::ActivationEntry<Changed<without_saturation>>);
static_assert(!kernels::ActivationEntry<Changed<without_formula>>);
static_assert(!kernels::ActivationEntry<Changed<without_derivative>>);
static_assert(!kernels::ActivationEntry<Changed<without_initializer>>);
static_assert(!kernels::ActivationEntry<Changed<with_illegal_default>>);

TEST(Traits, TheListIsWhole) {
  EXPECT_GE(kernels::AllActivations::size, 60);
  int calls = 0;
  for_every_entry([&]<class A>() {
    EXPECT_EQ(kernels::kActivationId<A>, calls);
    ++calls;
  });
  EXPECT_EQ(calls, kernels::AllActivations::size);
  kernels::dispatch(-1, [&]<class A>() { ADD_FAILURE() << "no such entry"; });
  kernels::dispatch(calls, [&]<class A>() { ADD_FAILURE() << "no such entry"; });
}

// Whether a > b by more than the rounding of two neighbouring results. A window of a pool
// that holds both then has its largest f where the trait does not look for it.
bool above(float a, float b) {
  return a > b + 16 * std::numeric_limits<float>::epsilon() * std::abs(b) +
                 std::numeric_limits<float>::min();
}

bool never_decreasing(const std::vector<float>& y) {
  float highest = y.front();
  for (const float value : y) {
    if (above(highest, value)) return false;
    highest = std::max(highest, value);
  }
  return true;
}

// No value is above both the ones at the ends of a window around it.
bool at_the_ends(const std::vector<float>& y) {
  std::vector<float> lowest_after(y.size());
  float lowest = kInfinity;
  for (std::size_t i = y.size(); i-- > 0;) lowest_after[i] = lowest = std::min(lowest, y[i]);
  float lowest_before = kInfinity;
  for (std::size_t i = 0; i < y.size(); ++i) {
    if (above(y[i], std::max(lowest_before, lowest_after[i]))) return false;
    lowest_before = std::min(lowest_before, y[i]);
  }
  return true;
}

TEST(Traits, ShapeIsThatOfTheFloatCode) {
  const auto xs = sample_floats(24);
  std::vector<float> y(xs.size());
  for_every_entry([&]<class A>() {
    const auto sets = parameter_sets<A>();
    for (const auto& p : sets) {
      std::transform(xs.begin(), xs.end(), y.begin(), [&](float x) { return A::f(x, p); });
      const bool monotone = never_decreasing(y);
      const bool ends = at_the_ends(y);
      const Shape stated = A::shape(p);
      EXPECT_NE(stated, Shape::unstated);
      if (stated == Shape::monotone) {
        EXPECT_TRUE(monotone) << A::traits.name << " " << p[0];
      }
      if (stated == Shape::one_minimum) {
        EXPECT_TRUE(ends) << A::traits.name << " " << p[0];
      }
      if (&p != &sets.front()) continue;  // other parameters may make degenerate functions
      EXPECT_FALSE(stated == Shape::other && ends) << A::traits.name << " could say more";
      EXPECT_FALSE(stated == Shape::one_minimum && monotone) << A::traits.name << " could say more";
    }
  });
}

TEST(Traits, SaturationIsWhereFBecomesConstant) {
  for_every_entry([]<class A>() {
    const auto p = kernels::defaults<float>(A::traits);
    // Squares of reciprocals are the slowest to settle: 1 / x within a thousandth of the change.
    const auto settles = [&](float sign) {
      return std::abs(A::f(sign * 2e6f, p) - A::f(sign * 1e6f, p)) < 1e-3f &&
             std::abs(A::f(sign * 1e12f, p) - A::f(sign * 1e6f, p)) < 1e-3f;
    };
    const Saturation stated = A::traits.saturation;
    EXPECT_EQ(settles(-1), stated == Saturation::left || stated == Saturation::both)
        << A::traits.name;
    EXPECT_EQ(settles(1), stated == Saturation::right || stated == Saturation::both)
        << A::traits.name;
  });
}

TEST(Traits, NumbersNeverGiveNan) {
  const auto xs = sample_floats(4);
  for_every_entry([&]<class A>() {
    for (const auto& p : corner_sets<A>())
      for (const float x : xs) {
        ASSERT_FALSE(std::isnan(A::f(x, p))) << A::traits.name << " at " << x;
        ASSERT_FALSE(std::isnan(A::df(x, p))) << A::traits.name << " at " << x;
      }
  });
}

}  // namespace
}  // namespace saltus::test
