// Every entry at the ends of its parameters' intervals and at the ends of the floats, against the
// textbook in 220 digits: the rules of docs/numerics.md for special values.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <saltus/kernels/activations.h>

#include "samples.h"
#include "textbook.h"

namespace saltus::test {
namespace {

using kernels::Kinks;
using kernels::Parameters;
using kernels::Shape;
using FloatLimits = std::numeric_limits<float>;

constexpr float kInfinity = FloatLimits::infinity();
constexpr float kNan = FloatLimits::quiet_NaN();

// The worst slope of an entry is 95 units in the last place off (docs/numerics.md).
const Real kTolerance = 0x1p-16;
// Of what is smaller, nothing need be left.
const Real kTiny = 1e-35;
// Farther out than any float, where reciprocals have vanished.
const Real kFar = 1e60;

// f or f' of one entry with one set of parameters.
using Function = Real (*)(std::string_view name, const Real& x, std::span<const float> parameters);

struct Place {
  std::string_view name;
  Function function;
  std::array<float, kernels::kMaxParameters> parameters;

  [[nodiscard]] Real at(const Real& x) const { return function(name, x, parameters); }

  // How much the value owes to the last digits of x and of the parameters: where terms cancel,
  // beside kinks and at poles, results cannot be nearer to the truth.
  [[nodiscard]] Real uncertainty(const Real& x) const {
    const Real step = 0x1p-21;
    const Real value = at(x);
    Real sum = abs(at(x + x * step) - value);
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      Place other = *this;
      other.parameters[i] *= 1 + 0x1p-21f;
      if (parameters[i] != 0) sum += abs(other.at(x) - value);
    }
    return sum;
  }
};

std::string text(const Place& place, float x) {
  return fmt::format("{} {} at {}", place.name, fmt::join(place.parameters, ":"), x);
}

// How a function ends on one side.
struct End {
  enum { limit, grows, oscillates } kind;
  Real value = 0;  // of the limit; or of which sign it grows
};

End end_of(const Place& place, float side) {
  const Real far = side < 0 ? -kFar : kFar;
  const Real first = place.at(far);
  bool rises = true, falls = true;
  Real last = first;
  for (int i = 2; i <= 16; ++i) {
    const Real next = place.at(far * i);
    if (isnan(next)) return {End::grows, 1};  // the slope of what overflows even here
    rises = rises && next >= last;
    falls = falls && next <= last;
    last = next;
  }
  if (abs(last - first) <= Real("1e-50") * (1 + abs(last))) return {End::limit, last};
  return rises || falls ? End{End::grows, last} : End{End::oscillates};
}

bool within(float value, const Real& truth, const Real& slack) {
  const Real largest = FloatLimits::max();
  if (std::isinf(value)) return value > 0 ? truth + slack > largest : truth - slack < -largest;
  return abs(Real(value) - truth) <= slack;
}

// Whether a float is what the function at x should give.
bool is_right(float value, const Real& truth, const Place& place, const Real& x) {
  if (std::isnan(value)) return false;
  return within(value, truth, std::max<Real>(kTolerance * abs(truth), kTiny)) ||
         within(value, truth, place.uncertainty(x));
}

void expect_right(const Place& place, float x, float value) {
  if (std::isnan(x)) {
    EXPECT_TRUE(std::isnan(value)) << text(place, x) << ": " << value;
  } else if (std::isinf(x)) {
    const End end = end_of(place, x);
    if (end.kind == End::oscillates) {
      EXPECT_TRUE(std::isnan(value)) << text(place, x) << ": " << value;
    } else if (end.kind == End::grows) {
      EXPECT_EQ(value, end.value < 0 ? -kInfinity : kInfinity) << text(place, x);
    } else {
      EXPECT_TRUE(is_right(value, end.value, place, x < 0 ? -kFar : kFar))
          << text(place, x) << ": " << value << ", not " << end.value;
    }
  } else if (const Real truth = place.at(x); isnan(truth)) {
    EXPECT_EQ(value, kInfinity) << text(place, x);  // the textbook's own overflow
  } else {
    EXPECT_TRUE(is_right(value, truth, place, x))
        << text(place, x) << ": " << value << ", not " << truth;
  }
}

bool on_kink(const Kinks& kinks, float x) {
  if (kinks.period != 0 && x == std::round(x)) return true;
  return std::any_of(kinks.at.begin(), kinks.at.end(), [x](const auto& kink) {
    return std::abs(x - kink.x) <= 1e-5f * std::abs(kink.x) + FloatLimits::min();
  });
}

std::vector<float> extreme_floats() {
  std::vector<float> all = {kNan};
  for (const float x : {0.0f, FloatLimits::denorm_min(), 1e-40f, FloatLimits::min(), 1.0f, 30.0f,
                        1e12f, FloatLimits::max(), kInfinity}) {
    all.push_back(x);
    all.push_back(-x);
  }
  return all;
}

TEST(Limits, HoldAtTheEndsOfEveryParameter) {
  const std::vector<float> xs = extreme_floats();
  for_every_entry([&]<class A>() {
    for (const Parameters<float>& p : corner_sets<A>()) {
      const Kinks kinks = A::kinks(p);
      const auto place = [&](Function function) {
        return Place{A::traits.name, function, std::to_array(p.values)};
      };
      for (const float x : xs) {
        expect_right(place(textbook), x, A::f(x, p));
        if (A::traits.surrogate_slope || on_kink(kinks, x)) continue;
        // These slopes at an infinity, where they have no limit, are numbers that mean nothing.
        const std::string_view name = A::traits.name;
        if (std::isinf(x) && (name == "snake" || name == "gelu_sinc")) continue;
        expect_right(place(textbook_slope), x, A::df(x, p));
      }
    }
  });
}

// A monotone f stays between its limits, where these are floats: a sigmoid is never above 1, not
// even by a rounding.
TEST(Limits, AreNotExceeded) {
  const std::vector<float> xs = sample_floats(3);
  const auto bound = [](const End& end, float otherwise) {
    const auto value = static_cast<float>(end.value);
    return end.kind == End::limit && Real(value) == end.value ? value : otherwise;
  };
  for_every_entry([&]<class A>() {
    auto sets = corner_sets<A>();
    const auto more = parameter_sets<A>();
    sets.insert(sets.end(), more.begin(), more.end());
    for (const Parameters<float>& p : sets) {
      if (A::shape(p) != Shape::monotone) continue;
      const Place place{A::traits.name, textbook, std::to_array(p.values)};
      const float low = bound(end_of(place, -1), -kInfinity);
      const float high = bound(end_of(place, 1), kInfinity);
      for (const float x : xs) {
        EXPECT_GE(A::f(x, p), low) << text(place, x);
        EXPECT_LE(A::f(x, p), high) << text(place, x);
      }
    }
  });
}

}  // namespace
}  // namespace saltus::test
