// The templates of kernels/activations/, in double, against the textbook in 220 digits: formulas,
// derivatives, and that their stable forms lose nothing. The float code is then compared with
// these templates (error_bounds_test.cpp).
#include "textbook.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <saltus/kernels/activations.h>

#include "samples.h"

namespace saltus::test {
namespace {

// Stable forms in double lose a few bits of 53 at most; what a float can show is 2^-24.
constexpr double kTolerance = 0x1p-38;
// Below it single precision has nothing left, and double may underflow on the way.
constexpr double kTiny = 1e-40;

struct Outcome {
  int compared = 0;
  double worst = 0;
  float at = 0;
};

// x is on a kink, or so near that the difference steps over it.
bool on_kink(const kernels::Kinks& kinks, float x) {
  if (kinks.period != 0 && x == kinks.period * std::round(x / kinks.period)) return true;
  return std::any_of(kinks.at.begin(), kinks.at.end(),
                     [x](const auto& k) { return std::abs(x - k.x) <= 1e-6f * std::abs(k.x); });
}

template <class Function>
void compare(double value, float x, Function truth_at, Outcome& outcome) {
  const Real truth = truth_at(Real(x));
  if (!isfinite(truth)) return;  // the textbook's own overflow
  const double difference = std::abs(static_cast<double>(Real(value) - truth));
  double error = difference / std::max(std::abs(static_cast<double>(truth)), kTiny);
  if (error > kTolerance) {
    // Next to a zero, digits are counted from the values a quarter away.
    const double around = std::min(std::abs(static_cast<double>(truth_at(Real(x) * 3 / 4))),
                                   std::abs(static_cast<double>(truth_at(Real(x) * 5 / 4))));
    error = std::min(error, difference / around);
  }
  ++outcome.compared;
  if (error > outcome.worst) {
    outcome.worst = error;
    outcome.at = x;
  }
}

template <class Entry>
void check() {
  const auto parameters = kernels::defaults<double>(Entry::traits);
  const auto p = kernels::defaults<float>(Entry::traits);
  const kernels::Kinks kinks = Entry::kinks(p);
  const std::vector<float> xs = sample_floats(3);
  Outcome f, df;
#pragma omp parallel
  {
    Outcome my_f, my_df;
#pragma omp for schedule(dynamic, 8) nowait
    for (std::size_t i = 0; i < xs.size(); ++i) {
      const float x = xs[i];
      compare(
          Entry::f(double{x}, parameters), x,
          [&](const Real& at) { return textbook(Entry::traits.name, at, p.values); }, my_f);
      if (Entry::traits.surrogate_slope || on_kink(kinks, x)) continue;
      compare(
          Entry::df(double{x}, parameters), x,
          [&](const Real& at) { return textbook_slope(Entry::traits.name, at, p.values); }, my_df);
    }
#pragma omp critical
    for (const auto& [mine, all] : {std::pair{&my_f, &f}, std::pair{&my_df, &df}}) {
      all->compared += mine->compared;
      if (mine->worst > all->worst) *all = {all->compared, mine->worst, mine->at};
    }
  }
  EXPECT_LT(f.worst, kTolerance) << Entry::traits.name << ": f at " << f.at;
  EXPECT_LT(df.worst, kTolerance) << Entry::traits.name << ": df at " << df.at;
  EXPECT_GT(f.compared, 400) << Entry::traits.name;
  if (!Entry::traits.surrogate_slope) {
    EXPECT_GT(df.compared, 400) << Entry::traits.name;
  }
}

TEST(Textbook, EveryEntryIsItsFormulaAndItsDerivative) {
  for_every_entry([]<class Entry>() { check<Entry>(); });
}

}  // namespace
}  // namespace saltus::test
