// Formulas against 50 digits, against the list, and from one instruction set to the other.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <saltus/activation.h>

#include "formula/listed.h"
#include "formula/scalar.h"
#include "formula/shape.h"
#include "formula/wide.h"
#include "graph/custom_activation.h"
#include "tests/engine/cpu_loops_support.h"

namespace saltus::formula {
namespace {

const Formula& formula_of(const Activation& activation) {
  return *find_formula(activation.ref().id);
}

std::string text_with_defaults(const ListedFormula& listed) {
  std::string text(listed.text);
  for (const kernels::Parameter& parameter : Activation::parse(listed.name).info().parameters) {
    const bool is_used = listed.text.find(parameter.name) != std::string_view::npos;
    if (is_used) text += fmt::format("; {} = {}", parameter.name, parameter.default_value);
  }
  return text;
}

/// unary(unary(x)) and binary(unary(x), unary(x)), numbers among them.
std::string random_formula(std::mt19937& random) {
  const std::vector<std::string> unary = {"{}",
                                          "-{}",
                                          "({})^2",
                                          "({})^3",
                                          "abs({})",
                                          "sqrt(abs({}))",
                                          "exp({})",
                                          "exp(-({})^2)",
                                          "log(1 + abs({}))",
                                          "1 / (1 + exp(-({})))",
                                          "tanh({})",
                                          "sin({})",
                                          "cos({})",
                                          "atan({})",
                                          "asinh({})",
                                          "erf({})",
                                          "max({}, 0)",
                                          "min({}, 0)",
                                          "softplus({})",
                                          "expm1({})",
                                          "0.7 * ({})",
                                          "({}) + 1.3",
                                          "sigmoid({})",
                                          "erfc({})",
                                          "log(1 + exp({}))",
                                          "(exp({0}) - exp(-({0}))) / (exp({0}) + exp(-({0})))",
                                          "1 - tanh({})^2"};
  const std::vector<std::string> binary = {
      "({}) + ({})", "({}) - ({})",        "({}) * ({})",          "max({}, {})",
      "min({}, {})", "({}) * sigmoid({})", "({}) / (1 + abs({}))", "where(x > 0.3, {}, {})"};
  const auto pick = [&](const std::vector<std::string>& from) {
    return from[std::uniform_int_distribution<std::size_t>(0, from.size() - 1)(random)];
  };
  const auto inner = [&] { return fmt::format(fmt::runtime(pick(unary)), "x"); };
  if (random() % 3 == 0) return fmt::format(fmt::runtime(pick(unary)), inner());
  return fmt::format(fmt::runtime(pick(binary)), inner(), inner());
}

std::vector<std::string> random_formulas(int count) {
  std::mt19937 random(7);
  std::vector<std::string> texts;
  for (int i = 0; i < count; ++i) texts.push_back(random_formula(random));
  return texts;
}

/// f of the formula as it was written, in 50 digits.
class Exact {
 public:
  explicit Exact(const Formula& formula, const float* parameters = nullptr)
      : root_(formula.definition().root),
        evaluator_(formula.definition().graph, std::span(&root_, 1)) {
    if (parameters != nullptr) std::copy_n(parameters, parameters_.size(), parameters_.begin());
  }
  Wide operator()(const Wide& x) {
    evaluator_.run(x, parameters_);
    return evaluator_[root_];
  }

 private:
  Id root_;
  ParameterValues parameters_{};
  Evaluator<Wide> evaluator_;
};

// Central differences with h = 1e-16 of f in 50 digits are off by f''' h^2 / 6, which is below
// 1e-25 here; at a kink between x - h and x + h they are anything, but no x of these is near one.
TEST(Formula, DerivativesAreThoseOfDifferences) {
  int compared = 0;
  for (const std::string& text : random_formulas(1000)) {
    const Formula& formula = formula_of(Activation::parse(text));
    Exact exact(formula);
    const std::array<Id, 2> roots = {formula.value(), formula.slope()};
    Evaluator<Wide> simplified(formula.graph(), roots);
    for (const double x : {-3.17, -1.03, -0.41, 0.23, 0.77, 1.91, 4.07}) {
      const Wide h = 1e-16;
      const Wide difference = (exact(Wide(x) + h) - exact(Wide(x) - h)) / (2 * h);
      const Wide value = exact(Wide(x));
      simplified.run(Wide(x), {});
      // Constants of simplified forms, such as 2 / sqrt(pi), are doubles.
      const Wide tolerance = Wide(1e-14) * (1 + abs(value) + abs(difference));
      EXPECT_LE(abs(simplified[roots[0]] - value), tolerance) << text << " at " << x;
      EXPECT_LE(abs(simplified[roots[1]] - difference), tolerance)
          << text << " at " << x << ": " << formula.slope_text();
      ++compared;
    }
  }
  EXPECT_EQ(compared, 7000);
}

class FormulaLoops : public testing::TestWithParam<const char*> {};

TEST_P(FormulaLoops, HaveTheBitsOfScalarCode) {
  const cpu::Loops* loops = cpu::loops_for(GetParam());
  if (loops == nullptr) GTEST_SKIP() << "this machine lacks " << GetParam();
  std::vector<float> x = {0, -0.0F, 1e-30F, -1e30F, 3e38F, -3e38F, INFINITY, -INFINITY, NAN};
  std::mt19937 random(3);
  while (x.size() < 700) {
    x.push_back(std::uniform_real_distribution<float>(-9, 9)(random));
    x.push_back(std::uniform_real_distribution<float>(-200, 200)(random));
  }
  const auto n = static_cast<std::int64_t>(x.size());
  std::vector<std::string> texts = random_formulas(200);
  texts.insert(texts.end(),
               {"x", "3 + 0 * x", "x * silu(x)", "gelu(x + elu(x, alpha=0.3))", "x^2 / 2",
                "abs(x)^1.7 + x^(x / 9)", "c * x; c = 2", "exp(c) * x; c = 0.5",
                // Arguments with what rounding takes from them.
                "x * sigmoid(1.3 * x)", "exp(-x / b - 0.3); b = 3", "expm1((x - 0.1) * x)",
                "gaussian((x - 0.7) / 1.3)", "softplus(1.7 * x - 0.1)", "sech_squared(0.3 * x)",
                "erfc(x / 3)", "normal_cdf(1.1 * x)", "normal_density(x - b); b = 0.1",
                "sin(30.1 * x)", "cos(x / 3 + 0.1)", "sigmoid_slope(-(1.3 * x))"});
  for (const std::string& text : texts) {
    const Activation activation = Activation::parse(text);
    const Ready formula = ready(formula_of(activation), activation.ref().parameters);
    std::vector<float> y(x.size());
    std::vector<float> slope(x.size());
    loops->activate(activation.ref(), {x.data(), plan::DType::f32}, {y.data(), plan::DType::f32},
                    slope.data(), n);
    std::vector<float> in_place = x;
    loops->activate(activation.ref(), {in_place.data(), plan::DType::f32},
                    {in_place.data(), plan::DType::f32}, nullptr, n);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const Point want = evaluate(formula, x[i]);
      const auto same = [](float a, float b) {
        return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b) ||
               (std::isnan(a) && std::isnan(b));
      };
      ASSERT_TRUE(same(y[i], want.value)) << text << " at " << x[i] << ": " << y[i];
      ASSERT_TRUE(same(slope[i], want.slope)) << text << "' at " << x[i] << ": " << slope[i];
      ASSERT_TRUE(same(in_place[i], want.value)) << text << " in place at " << x[i];
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Sets, FormulaLoops, testing::Values("baseline", "avx2", "avx512"),
                         [](const auto& test) { return std::string(test.param); });

// What overflows on the way must not be NaN at the end.
TEST(Formula, FiniteInputsGiveNaNOnlyWhereTheFormulaHasNoValue) {
  int without_value = 0;
  for (const std::string& text : random_formulas(1000)) {
    const Activation activation = Activation::parse(text);
    const Ready formula = ready(formula_of(activation), activation.ref().parameters);
    for (const float x : {-3e38F, -1e20F, -1e4F, -300.F, -90.F, -20.F, 0.F, 20.F, 90.F, 300.F, 1e4F,
                          1e20F, 3e38F}) {
      const Point point = evaluate(formula, x);
      without_value += std::isnan(point.value) || std::isnan(point.slope) ? 1 : 0;
      EXPECT_FALSE(std::isnan(point.value)) << text << " at " << x;
    }
  }
  // Slopes alone: sqrt(abs(x)) has none at 0.
  EXPECT_LE(without_value, 200);
}

TEST(Formula, TheListAsFormulasIsRecognized) {
  std::vector<std::string_view> surrogate;
  for (const ActivationInfo& info : activation_list()) {
    const auto known = std::ranges::find(listed_formulas(), info.name, &ListedFormula::name);
    if (known == listed_formulas().end()) {
      surrogate.push_back(info.name);
      continue;
    }
    const Activation activation = Activation::parse(text_with_defaults(*known));
    const kernels::ActivationRef runs = runnable(activation.ref());
    const Activation listed = Activation::parse(info.name);
    EXPECT_EQ(runs.id, listed.ref().id) << activation.str();
    EXPECT_TRUE(std::ranges::equal(runs.parameters, listed.ref().parameters)) << info.name;
  }
  // Its slope is none of the formula's.
  EXPECT_EQ(surrogate, std::vector<std::string_view>{"binary_step"});
}

/// The size of what cancels in the formula near x where something does, which is left with the
/// rounding of its terms.
float cancelling_terms(std::string_view name, float x) {
  for (const std::string_view sum :
       {"stair", "star_relu", "ftswish", "xielu", "bent_identity", "dsilu"})
    if (name == sum) return 1 + std::abs(x);
  for (const std::string_view sum : {"soft_clipping", "tanh_shrink", "squareplus"})
    if (name == sum) return std::abs(x);
  return 1e-3F;
}

// The interpreter, which a formula that is none of the list's meets. Both sides round, a few units
// in the last place each.
TEST(Formula, TheListAsFormulasHasTheListsValues) {
  constexpr float kUnit = 0x1p-23F;
  for (const ListedFormula& listed : listed_formulas()) {
    const Activation activation = Activation::parse(text_with_defaults(listed));
    const Ready formula = ready(formula_of(activation), activation.ref().parameters);
    const Activation want = Activation::parse(listed.name);
    for (float x = -30; x <= 30; x += 0.0173F) {
      const Point point = evaluate(formula, x);
      const float f = want.f(x);
      const float df = want.df(x);
      EXPECT_NEAR(point.value, f, 12 * kUnit * (std::abs(f) + cancelling_terms(listed.name, x)))
          << listed.name << " at " << x;
      const bool is_quotient = listed.name.ends_with("sinc");  // of what cancels, by x
      const float terms = is_quotient ? 1 + 1 / std::abs(x) : 0.1F;
      EXPECT_NEAR(point.slope, df, 16 * kUnit * (std::abs(df) + terms))
          << listed.name << "' at " << x;
    }
    for (const float x : {-INFINITY, INFINITY}) {
      if (listed.name == "snake") continue;  // its slope has no limit, and the list gives a number
      const Point point = evaluate(formula, x);
      const auto same = [](float a, float b) {
        return (std::isnan(a) && std::isnan(b)) || a == b || std::abs(a - b) < 1e-6F;
      };
      EXPECT_TRUE(same(point.value, want.f(x))) << listed.name << ": " << point.value;
      EXPECT_TRUE(same(point.slope, want.df(x))) << listed.name << "': " << point.slope;
    }
    const Point nan = evaluate(formula, NAN);
    EXPECT_TRUE(std::isnan(nan.value) && std::isnan(nan.slope)) << listed.name;
  }
}

TEST(Formula, ATwinKeepsItsParameters) {
  const auto runs = [](const char* text) {
    const kernels::ActivationRef ref = runnable(Activation::parse(text).ref());
    return is_custom_activation(ref.id) ? "itself"
                                        : fmt::format("{} {}", Activation::parse(text).label(),
                                                      fmt::join(ref.parameters, " "));
  };
  EXPECT_EQ(runs("twin_1 = where(x > 0, x, a * expm1(x)); a = 0.5"), "twin_1 0.5 0 0 0");
  EXPECT_EQ(runs("twin_1:a=0.25"), "twin_1:a=0.25 0.25 0 0 0");
  EXPECT_EQ(runs("twin_2 = where(x > 0, r / s * x, r * (exp(x / s) - 1)); r = 2; s = 3"),
            "twin_2 2 3 0 0");
  // pelu takes positive numbers alone.
  EXPECT_EQ(runs("twin_3 = where(x > 0, r / s * x, r * (exp(x / s) - 1)); r = -2; s = 3"),
            "itself");
  EXPECT_EQ(runs("x * atan(exp(x))"), "itself");
}

TEST(Formula, SimplifiedFormsKeepTheirDigits) {
  struct Case {
    const char* text;
    float x;
    double value;
  };
  // Values from 60 digits.
  for (const auto& [text, x, value] :
       std::vector<Case>{{"log(1 + exp(x))", -60, 8.7565107626965203e-27},
                         {"exp(x) - 1", 1e-6F, 1.0000004975e-6},
                         {"1 / (1 + exp(x))", 80, 1.8048513878454153e-35},
                         {"1 - 1 / (1 + exp(-x))", 40, 4.2483542552915889e-18},
                         {"1 - tanh(x)^2", 12, 1.5101e-10},
                         {"1 + erf(x / sqrt(2))", -7, 2.5596e-12},
                         {"1 - erf(x)", 5, 1.5374597944280349e-12},
                         {"exp(x) / (1 + exp(x))", 100, 1},
                         {"(exp(x) - exp(-x)) / (exp(x) + exp(-x))", 1e-4F, 9.9999999667e-5},
                         {"1 + tanh(x)", -15, 1.8715246e-13},
                         {"log(exp(x) + exp(-x))", 200, 200},
                         {"(exp(x) - 1) / (exp(x) + 1)", 0.5F, 0.24491866240370913},
                         // exp(4 x) is beyond floats, and what is divided by it would be 0.
                         {"x * exp(2 * x) / sqrt(1 + exp(4 * x))", 30, 30},
                         {"x^2 * exp(-x^2)", 1e20F, 0},
                         {"sqrt(x^2 + 1) - 1", 1e-4F, 4.9999999875e-9},
                         {"x^2 / (1 + x^2)", 1e25F, 1}}) {
    EXPECT_NEAR(Activation::parse(text).f(x), value, 4e-5 * value) << text;
  }
}

// Rounding an argument of 80 takes 40 units in the last place from its exponential, in the tails of
// all of these. Each has at most three roundings around the function, whose own error is 2.5.
TEST(Formula, ExponentsLoseNothing) {
  for (const char* text : {"x * sigmoid(1.3 * x)",
                           "sigmoid((x - 0.3) * 1.1)",
                           "exp(1.3 * x)",
                           "exp(-x / 1.3)",
                           "exp(b * x + c); b = 0.7; c = -1",
                           "exp(x^2 * -0.3)",
                           "exp(0.1 - x)",
                           "expm1(0.7 * x + 0.2) + 1",
                           "gaussian((x + 0.1) / b); b = 1.7",
                           "softplus(1.7 * x - 0.1)",
                           "log(1 + exp(1.3 * x))",
                           "sech_squared(0.3 * x)",
                           "sigmoid_slope(0.3 * x - 0.1)",
                           "erfc(0.7 * x)",
                           "normal_cdf(1.1 * x)",
                           "normal_density((x - 0.1) * 1.1)",
                           "(1 + erf(x / sqrt(2.1))) / 2",
                           "1 / (1 + exp(-(x^3 + x) / 9))",
                           "abs(x)^1.7",
                           "abs(x)^(x / 9)",
                           "abs(x)^-2.3",
                           "exp(-1.3 * log(x^2 + 2))",
                           "sin(x * 1000.3) + 2",
                           "cos(x / 3 + 1000.1) + 2"}) {
    const Activation activation = Activation::parse(text);
    const Ready formula = ready(formula_of(activation), activation.ref().parameters);
    Exact exact(formula_of(activation), activation.ref().parameters);
    double worst = 0;
    float at = 0;
    for (float x = -90; x <= 90; x += 0.0773F) {
      const double want = static_cast<double>(exact(Wide(x)));
      if (std::abs(want) < 1e-35 || std::abs(want) > 1e38) continue;
      const double unit = std::ldexp(1.0, std::ilogb(want) - 23);
      const double error = std::abs(static_cast<double>(evaluate(formula, x).value) - want) / unit;
      if (error <= worst) continue;
      worst = error;
      at = x;
    }
    EXPECT_LT(worst, 5) << text << " at " << at;
  }
}

TEST(Formula, SlopesOfQuotientsDoNotCancel) {
  const auto slope = [](const char* text) {
    return formula_of(Activation::parse(text)).slope_text();
  };
  EXPECT_EQ(slope("x / (1 + abs(x))"), "1 / (abs(x) + 1) / (abs(x) + 1)");
  EXPECT_EQ(slope("x / sqrt(1 + x^2)"), "1 / (x * x + 1) / sqrt(x * x + 1)");
  EXPECT_EQ(slope("x / sqrt(a * x^2 + 1); a = 2"), "1 / (a * (x * x) + 1) / sqrt(a * (x * x) + 1)");
  EXPECT_EQ(slope("x - sign(x) * x^2 / 4"), "1 - 0.5 * abs(x)");
  EXPECT_FLOAT_EQ(Activation::parse("x / (1.5 + abs(x))").df(-1e9F), 1.5e-18F);
}

TEST(Formula, ShapesAreProvenNotSampled) {
  using kernels::Shape;
  struct Case {
    const char* text;
    Shape shape;
  };
  for (const auto& [text, shape] : std::vector<Case>{
           {"x * atan(exp(x))", Shape::one_minimum},
           {"x * tanh(softplus(x))", Shape::one_minimum},
           {"where(x > 0, x, a * expm1(x)); a = 1", Shape::monotone},
           {"where(x > 0, x, a * expm1(x)); a = -1", Shape::one_minimum},
           {"-x", Shape::one_minimum},
           {"abs(x)", Shape::one_minimum},
           {"sigmoid(x) + 0.01 * x", Shape::monotone},
           {"x + sin(x)", Shape::monotone},
           {"x + 1.001 * sin(x)", Shape::other},
           // What a grid would not see: a dent a thousandth wide, a small wave, a step down.
           {"x - 0.01 * gaussian(1000 * (x - 0.12345))", Shape::other},
           {"x + 0.001 * sin(1001 * x)", Shape::other},
           {"where(x > 0.123456, x - 0.001, x)", Shape::other},
           {"where(x > 0.123456, x + 0.001, x)", Shape::other},  // up: safe, but not proven
           {"x - 0.001 * floor(x * 50)", Shape::other},
           {"x^2 + 0.5 * gaussian(50 * (x - 3))", Shape::other},
           {"1 / x", Shape::other},
           {"x^3 - 1e-3 * x", Shape::other},
           {"x^3 + 1e-3 * x", Shape::monotone}}) {
    EXPECT_EQ(Activation::parse(text).shape(), shape) << text;
  }
}

TEST(Formula, KinksAreFound) {
  const auto kinks = [](const char* text) {
    std::string found;
    for (const kernels::Kink& kink : Activation::parse(text).kinks().at)
      found += fmt::format("{}: {}; ", kink.x, kink.df);
    return found;
  };
  EXPECT_EQ(kinks("max(x, 0) + 0.1 * x"), "0: 0.1; ");
  EXPECT_EQ(kinks("min(max(x + 3, 0), 6) / 5"), "-3: 0; 3: 0; ");
  EXPECT_EQ(kinks("where(x > 1, 2 * x - 1, where(x < -0.25, -0.25, x))"), "-0.25: 1; 1: 1; ");
  EXPECT_EQ(kinks("x * sigmoid(x) + 0.5 * max(x - 2.5, 0)"),
            "2.5: " + fmt::format("{}", Activation::parse("silu").df(2.5F)) + "; ");
  EXPECT_EQ(kinks("max(x, 0)^2"), "");
}

TEST(Formula, IsDescribedLikeOneOfTheList) {
  const ActivationInfo& info = Activation::parse("described = x * atan(exp(b * x)); b = 1").info();
  EXPECT_EQ(info.name, "described");
  EXPECT_EQ(info.formula, "x * atan(exp(b * x))");
  EXPECT_EQ(info.range, "[-0.3536, inf)");
  EXPECT_EQ(info.saturation, kernels::Saturation::left);
  ASSERT_EQ(info.parameters.size(), 1U);
  EXPECT_EQ(info.parameters[0].name, "b");
  EXPECT_EQ(Activation::parse("2 / (1 + exp(-x)) - 3").info().range, "(-3, -1)");
  EXPECT_EQ(Activation::parse("tanh(x)^2").info().range, "[0, 1)");
  // A limit that is reached at one place, and one that only rounding reaches.
  EXPECT_EQ(Activation::parse("x^2 * exp(x)").info().range, "[0, inf)");
  EXPECT_EQ(Activation::parse("exp(-exp(x))").info().range, "(0, 1)");
}

}  // namespace
}  // namespace saltus::formula
