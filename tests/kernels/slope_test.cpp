// df is the derivative of f, kinks are where they are said to be, and df there is what is stated.
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include <saltus/kernels/activations.h>

#include "dual.h"
#include "samples.h"

namespace saltus::test {
namespace {

using kernels::Kinks;
using kernels::Parameters;

bool on_kink(const Kinks& kinks, double x) {
  if (kinks.period != 0 && x == kinks.period * std::round(x / kinks.period)) return true;
  return std::any_of(kinks.at.begin(), kinks.at.end(), [x](const auto& k) { return x == k.x; });
}

template <class T>
Parameters<T> converted(const Parameters<float>& p) {
  Parameters<T> result;
  for (std::size_t i = 0; i < kernels::kMaxParameters; ++i)
    result.values[i] = T(static_cast<double>(p.values[i]));
  return result;
}

TEST(Slope, AgreesWithAutomaticDifferentiationOfF) {
  const auto xs = sample_floats(3);
  for_every_entry([&]<class Entry>() {
    if (Entry::traits.surrogate_slope) return;
    for (const auto& p : parameter_sets<Entry>()) {
      const Kinks kinks = Entry::kinks(p);
      double worst = 0, worst_at = 0;
      int compared = 0;
      for (const float x : xs) {
        // Beyond, factors in the automatic derivative of the stable forms overflow or vanish, and
        // at 0 some of these forms meet; the textbook test has these places.
        if (std::abs(x) > 700.0f || std::abs(x) < 1e-5f || on_kink(kinks, double{x})) continue;
        const double automatic = Entry::f(Dual{double{x}, 1.0}, converted<Dual>(p)).slope;
        const double stated = Entry::df(double{x}, converted<double>(p));
        if (std::isinf(stated)) continue;
        ++compared;
        // Relative, but for what passes through 0.
        const double error = std::abs(automatic - stated) / std::max(std::abs(stated), 0.1);
        if (!(error <= worst)) {
          worst = error;
          worst_at = double{x};
        }
      }
      EXPECT_LT(worst, 1e-9) << Entry::traits.name << " at " << worst_at;
      EXPECT_GT(compared, 600) << Entry::traits.name;
    }
  });
}

TEST(Slope, AtKinksIsWhatTheEntryStates) {
  for_every_entry([]<class Entry>() {
    const auto sets = parameter_sets<Entry>();
    for (const auto& p : sets) {
      const Kinks kinks = Entry::kinks(p);
      for (const auto& kink : kinks.at) {
        if (&p == &sets.front()) {
          EXPECT_EQ(Entry::df(kink.x, p), kink.df) << Entry::traits.name << " at " << kink.x;
        }
        // Where other parameters put the kink between two floats, it is at one of the two.
        EXPECT_TRUE(Entry::df(kink.x, p) == kink.df ||
                    Entry::df(std::nextafter(kink.x, -100.0f), p) == kink.df ||
                    Entry::df(std::nextafter(kink.x, 100.0f), p) == kink.df)
            << Entry::traits.name << " at " << kink.x;
        if (kinks.period == 0) continue;
        for (const int n : {-7, -2, 1, 4, 1000})
          EXPECT_EQ(Entry::df(static_cast<float>(n) * kinks.period, p), kink.df)
              << Entry::traits.name;
      }
    }
  });
}

// Whether f or df differs between the two sides; kinks are given in single precision.
template <class Entry>
bool jumps(double x, const Parameters<double>& p) {
  const double step = 1e-6 * std::max(1.0, std::abs(x));
  return std::abs(Entry::f(x + step, p) - Entry::f(x - step, p)) > 1e-4 ||
         std::abs(Entry::df(x + step, p) - Entry::df(x - step, p)) > 1e-4;
}

TEST(Slope, JumpsAtKinksAndNowhereElse) {
  for_every_entry([]<class Entry>() {
    if (Entry::traits.surrogate_slope) return;
    const auto single = kernels::defaults<float>(Entry::traits);
    const Kinks kinks = Entry::kinks(single);
    const auto p = converted<double>(single);
    if (kinks.period == 0) {
      for (const auto& kink : kinks.at)
        EXPECT_TRUE(jumps<Entry>(double{kink.x}, p)) << Entry::traits.name << " at " << kink.x;
    }
    // Between neighbours on a grid no slope changes faster than the steepest second derivative.
    constexpr double kStep = 1.0 / 4096;
    for (double x = -10; x < 10; x += kStep) {
      const bool kink_between = (kinks.period != 0 && std::floor((x + kStep) / kinks.period) !=
                                                          std::floor((x - kStep) / kinks.period)) ||
                                std::any_of(kinks.at.begin(), kinks.at.end(), [x](const auto& k) {
                                  return double{k.x} >= x - kStep && double{k.x} <= x + 2 * kStep;
                                });
      if (kink_between) continue;
      const double change = std::abs(Entry::df(x + kStep, p) - Entry::df(x, p));
      const double size = 1 + std::abs(Entry::df(x, p)) + std::abs(x);
      EXPECT_LT(change, 20 * kStep * size) << Entry::traits.name << " at " << x;
    }
  });
}

}  // namespace
}  // namespace saltus::test
