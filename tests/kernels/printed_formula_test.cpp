// The formulas and derivatives that the program prints are those that it computes.
#include "printed_formula.h"

#include <cmath>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include <saltus/kernels/activations.h>

#include "samples.h"

namespace saltus::test {
namespace {

TEST(PrintedFormula, IsReadAsPeopleReadIt) {
  const Letters letters = {{"x", -3}, {"a", 2}};
  EXPECT_EQ(printed_value("a (x + 1)^2 / 4", letters), 2);
  EXPECT_EQ(printed_value("-x^2", letters), -9);
  EXPECT_EQ(printed_value("x if x > 0 else a x", letters), -6);
  EXPECT_EQ(printed_value("1 if x >= 0; 2 if x <= -3; else 3", letters), 2);
  EXPECT_EQ(printed_value("1 if -4 < x < -3 else 0", letters), 0);
  EXPECT_EQ(printed_value("s t, with s = |x| - 1, t = max(s, a s)", letters), 8);
  EXPECT_EQ(printed_value("f(a) + 1", letters, "x^3"), 9);
  EXPECT_EQ(printed_value("floor(x / 2) + (1 if floor(x) is odd else 0)", letters), -1);
}

TEST(PrintedFormula, HasOneMeaning) {
  const Letters letters = {{"x", 1}, {"a", 2}};
  for (const char* text : {"1 / a x", "a(x)", "b x", "x +", "x if x", "1 if x > 0; 2", "|x", "x)",
                           "exp (x)", "x = a", "sin x"}) {
    EXPECT_THROW(printed_value(text, letters), std::invalid_argument) << text;
  }
}

/// Six digits of constants are printed.
constexpr double kDigits = 1e-5;

template <class A>
void expect_printed(double x, const kernels::Parameters<float>& p) {
  kernels::Parameters<double> exact{};
  Letters letters = {{"x", x}};
  std::string where = std::string(A::traits.name) + " at " + std::to_string(x);
  for (std::size_t i = 0; i < A::traits.parameters.size(); ++i) {
    exact.values[i] = static_cast<double>(p.values[i]);
    letters[std::string(A::traits.parameters[i].name)] = exact.values[i];
    where += ", " + std::to_string(exact.values[i]);
  }
  const auto expect_near = [&](double printed, double computed) {
    EXPECT_NEAR(printed, computed, kDigits * (1 + std::abs(computed))) << where;
  };
  expect_near(printed_value(A::traits.formula, letters), A::f(x, exact));
  expect_near(printed_value(A::traits.derivative, letters, A::traits.formula), A::df(x, exact));
}

TEST(PrintedFormula, IsTheFunctionOfTheList) {
  for_every_entry([]<class A>() {
    // Between kinks, which are at round numbers or at parameters, and where nothing overflows.
    for (const auto& p : parameter_sets<A>())
      for (double x = -5.21; x < 5.3; x += 0.37) expect_printed<A>(x, p);
  });
}

}  // namespace
}  // namespace saltus::test
