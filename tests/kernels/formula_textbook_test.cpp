// The list typed as formulas and run by the interpreter, as if nothing had recognized them, against
// the textbook in 220 digits: f, f', the slopes at kinks, and how many units in the last place are
// lost. A formula is computed as it is written, after simplifying, so that some lose more than the
// list's own code, which knows what cancels.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <saltus/accuracy.h>
#include <saltus/activation.h>

#include "formula/listed.h"
#include "formula/scalar.h"
#include "graph/custom_activation.h"
#include "samples.h"
#include "textbook.h"

namespace saltus::test {
namespace {

/// The size of terms that cancel at x.
using Terms = double (*)(double x);
constexpr Terms kNothing = [](double) { return 0.0; };
constexpr Terms kOne = [](double) { return 1.0; };
constexpr Terms kX = [](double x) { return std::abs(x); };
constexpr Terms kOneAndX = [](double x) { return 1 + std::abs(x); };
constexpr Terms kInverse = [](double x) { return 1 / std::abs(x); };

/// In units in the last place, away from zeros of f and f', over the sample of textbook_test.cpp.
/// The unit is that of the result, or of the terms that cancel where these are larger.
struct Bound {
  double f = 4;
  double df = 5;
  std::string_view reason = "";
  Terms f_terms = kNothing;
  Terms df_terms = kNothing;
};

// What the list's own code is in this test is in docs/numerics.md; most of these cancel there, too.
constexpr std::string_view kCancels = "partial cancellation beside a zero of f or f'";
constexpr std::string_view kExponent = "a rounded function is an exponent or multiplied by one";
const std::map<std::string_view, Bound> kBounds = {
    {"aria2", {11, 12, "softplus is rounded, then multiplied by alpha, then an exponent"}},
    {"cloglog", {4, 32, kExponent}},
    {"golu", {24, 40, kExponent}},
    {"soft_clipping",
     {4, 5, "softplus(x) - softplus(x - 1), which the list writes anew", kOneAndX, kOneAndX}},
    {"stair", {4, 5, "x - floor(x) is rounded where x is small", kOneAndX}},
    {"tanh_shrink", {4, 5, "x - tanh(x), for which the list has a series", kX}},
    {"squareplus", {4, 5, "x + sqrt(x^2 + b), which the list turns round where x < 0", kX, kOne}},
    {"soft_root_sign",
     {4, 5, "1 - x times a quotient, which the list writes anew", kNothing, kInverse}},
    {"sinc",
     {4, 5, "(cos(x) - sin(x) / x) / x, for which the list has a series", kNothing, kInverse}},
    {"gelu_sinc",
     {4, 8, "sinc's slope; far out pi x, of which 48 bits are known", kNothing,
      [](double x) { return 1 + 1 / std::abs(x) + std::abs(x) * 0x1p-24; }}},
    {"xielu", {14, 6, kCancels}},
    {"soft_exponential", {6, 5, kCancels}},
    {"silu", {4, 9, kCancels}},
    {"swish", {4, 9, kCancels}},
    {"e_swish", {4, 9, kCancels}},
    {"quick_gelu", {4, 9, kCancels}},
    {"gelu", {4, 9, kCancels}},
    {"gelu_tanh", {4, 9, kCancels}},
    {"dsilu", {7, 10, kCancels}},
    {"ftswish", {5, 5, kCancels}},
    {"snake", {4, 14, kCancels}},
    {"mish", {4, 9, kCancels}},
    {"tanhexp", {4, 16, kCancels}},
    {"phish", {4, 20, kCancels}},
    {"logish", {4, 9, kCancels}},
    {"smish", {4, 10, kCancels}},
    {"serf", {4, 14, kCancels}},
};

/// Its slope is sign(x)^2 / (1 + |x|), and sign(0) is 0.
bool has_no_slope(std::string_view name, float x) {
  return name == "log_modulus" && x == 0;
}

/// Beside a zero an error counts by the size of the function around it.
constexpr double kNearZero = 2e-6;

struct Worst {
  double ulp = 0;
  float at = 0;
  double near_zero = 0;
  float near_zero_at = 0;
  double tiny = 0;
  float tiny_at = 0;
  int compared = 0;
};

double ulp_of(double truth) {
  return std::ldexp(1.0, std::max(std::ilogb(truth), -126) - 23);
}

/// As in measure_accuracy(): the size at equal distances on both sides where it is twice as large.
template <class Truth>
double size_around(float x, double truth, Truth truth_at) {
  for (double distance = 0x1p-1; distance >= 0x1p-22; distance *= 0.5) {
    const double around =
        std::min(std::abs(static_cast<double>(truth_at(Real(x) * (1 - distance)))),
                 std::abs(static_cast<double>(truth_at(Real(x) * (1 + distance)))));
    if (around >= 2 * std::abs(truth)) return around;
  }
  return 0;
}

template <class Truth>
void compare(float result, float x, Terms terms, Truth truth_at, Worst& worst) {
  const Real exact = truth_at(Real(x));
  if (!isfinite(exact)) return;  // the textbook's own overflow
  constexpr double kOverflow = 0x1p128;
  const double truth = std::clamp(static_cast<double>(exact), -kOverflow, kOverflow);
  ++worst.compared;
  if (std::isnan(result)) {
    worst.ulp = INFINITY;
    worst.at = x;
    return;
  }
  const double error = std::abs(std::clamp(double{result}, -kOverflow, kOverflow) - truth);
  const auto keep = [x](double size, double& kept, float& at) {
    if (size > kept) {
      kept = size;
      at = x;
    }
  };
  if (std::abs(truth) < kTinyValue) {
    keep(error, worst.tiny, worst.tiny_at);
    return;
  }
  const double ulps = error / std::max(ulp_of(truth), terms(x) > 0 ? ulp_of(terms(x)) : 0);
  const double around = ulps > 4 ? size_around(x, truth, truth_at) : 0;
  if (around > 0)
    keep(error / around, worst.near_zero, worst.near_zero_at);
  else
    keep(ulps, worst.ulp, worst.at);
}

bool on_kink(const kernels::Kinks& kinks, float x) {
  if (kinks.period != 0 && x == kinks.period * std::round(x / kinks.period)) return true;
  return std::any_of(kinks.at.begin(), kinks.at.end(),
                     [x](const auto& k) { return std::abs(x - k.x) <= 1e-6F * std::abs(k.x); });
}

/// A formula of the list with the list's defaults.
formula::Ready interpreted(const formula::ListedFormula& listed) {
  std::string text(listed.text);
  for (const kernels::Parameter& parameter : Activation::parse(listed.name).info().parameters) {
    if (listed.text.find(parameter.name) != std::string_view::npos)
      text += fmt::format("; {} = {}", parameter.name, parameter.default_value);
  }
  const Activation activation = Activation::parse(text);
  return formula::ready(*find_formula(activation.ref().id), activation.ref().parameters);
}

struct Measured {
  Worst f, df;
};

Bound bound_of(std::string_view name) {
  const auto found = kBounds.find(name);
  return found == kBounds.end() ? Bound{} : found->second;
}

Measured measure(const formula::ListedFormula& listed) {
  const Activation activation = Activation::parse(listed.name);
  const kernels::ActivationRef ref = activation.ref();
  const kernels::Kinks kinks = activation.kinks();
  const Bound bound = bound_of(listed.name);
  const std::vector<float> xs = sample_floats(3);
  Measured all;
#pragma omp parallel
  {
    const formula::Ready formula = interpreted(listed);
    Measured mine;
#pragma omp for schedule(dynamic, 8) nowait
    for (std::size_t i = 0; i < xs.size(); ++i) {
      const float x = xs[i];
      const formula::Point point = formula::evaluate(formula, x);
      compare(
          point.value, x, bound.f_terms,
          [&](const Real& at) { return textbook(listed.name, at, ref.parameters); }, mine.f);
      if (activation.info().surrogate_slope || on_kink(kinks, x) || has_no_slope(listed.name, x))
        continue;
      compare(
          point.slope, x, bound.df_terms,
          [&](const Real& at) { return textbook_slope(listed.name, at, ref.parameters); }, mine.df);
    }
#pragma omp critical
    for (const auto& [one, total] : {std::pair{&mine.f, &all.f}, std::pair{&mine.df, &all.df}}) {
      total->compared += one->compared;
      if (one->ulp > total->ulp) std::tie(total->ulp, total->at) = std::tie(one->ulp, one->at);
      if (one->near_zero > total->near_zero)
        std::tie(total->near_zero, total->near_zero_at) =
            std::tie(one->near_zero, one->near_zero_at);
      if (one->tiny > total->tiny)
        std::tie(total->tiny, total->tiny_at) = std::tie(one->tiny, one->tiny_at);
    }
  }
  return all;
}

TEST(FormulaTextbook, TheListTypedAsFormulasHoldsItsBounds) {
  for (const formula::ListedFormula& listed : formula::listed_formulas()) {
    const Measured measured = measure(listed);
    const Bound bound = bound_of(listed.name);
    const auto check = [&](const char* what, const Worst& worst, double most) {
      const std::string where = fmt::format("{}: {}: {}", listed.name, what, bound.reason);
      EXPECT_LT(worst.ulp, most) << where << " at " << worst.at;
      EXPECT_LT(worst.near_zero, kNearZero) << where << " at " << worst.near_zero_at;
      // Flushed to zero at most.
      EXPECT_LT(worst.tiny, kTinyValue) << where << " at " << worst.tiny_at;
    };
    check("f", measured.f, bound.f);
    EXPECT_GT(measured.f.compared, 400) << listed.name;
    check("f'", measured.df, bound.df);
    if (!Activation::parse(listed.name).info().surrogate_slope) {
      EXPECT_GT(measured.df.compared, 400) << listed.name;
    }
  }
}

TEST(FormulaTextbook, SlopesAtKinksAreTheLists) {
  for (const formula::ListedFormula& listed : formula::listed_formulas()) {
    const formula::Ready formula = interpreted(listed);
    for (const kernels::Kink& kink : Activation::parse(listed.name).kinks().at)
      EXPECT_EQ(formula::evaluate(formula, kink.x).slope, kink.df)
          << listed.name << " at " << kink.x;
  }
}

}  // namespace
}  // namespace saltus::test
