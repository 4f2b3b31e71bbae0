// The language of formulas: what is read, how it is written, and what is refused.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/activation.h>

#include "tests/engine/error_of.h"

namespace saltus {
namespace {

using testing::HasSubstr;

TEST(FormulaText, IsTheSameHoweverItIsSpaced) {
  struct Case {
    const char* text;
    const char* canonical;
  };
  for (const auto& [text, canonical] : std::vector<Case>{
           {"x*atan( exp(x) )", "x * atan(exp(x))"},
           {"-x^2", "-x^2"},
           {"(-x)^2", "(-x)^2"},
           {"2^3^x", "2^3^x"},
           {"(2^3)^x", "(2^3)^x"},
           {"x-(1-x)", "x - (1 - x)"},
           {"x/(2*x)", "x / (2 * x)"},
           {"x*(x+1)", "x * (x + 1)"},
           {"2^-x", "2^-x"},
           {"x - -1", "x - -1"},
           {"-(-x)", "--x"},
           {"(-x)^2 * -(x)", "(-x)^2 * -x"},
           {".5*x + 1.e0", "0.5 * x + 1"},
           {"where(0<x, x, 0.1*x)", "where(x > 0, x, 0.1 * x)"},
           {"(x>1)", "x > 1"},
           {"x==1", "x == 1"},
           {"where(x>=1,x,-1)", "where(x >= 1, x, -1)"},
           {"clip(x, -1, 1)", "min(max(x, -1), 1)"},
           {"pow(abs(x), 1.5)", "abs(x)^1.5"},
           {"x*ln(2)", "x * log(2)"},
           {"x*elu(x, alpha = 0.2)", "x * elu(x, alpha=0.2)"},
           {"x*leakyrelu(x)", "x * leaky_relu(x)"},
           {"c1 >= c2*x;c1=1;c2=2", "c2 * x <= c1; c2 = 2; c1 = 1"},
           {"where(a > b*x, c, a);a=1;b=2;c=3", "where(b * x < a, c, a); b = 2; a = 1; c = 3"},
           {"text_1=x*b;b=-2", "text_1 = x * b; b = -2"},
           {"text_2 = b*x + c; c = 1 in [0,4]; b = 1e-3",
            "text_2 = b * x + c; b = 0.001; c = 1 in [0, 4]"}}) {
    const Activation activation = Activation::parse(text);
    EXPECT_EQ(activation.str(), canonical) << text;
    EXPECT_EQ(Activation::parse(canonical), activation) << text;
  }
}

TEST(FormulaText, MeansWhatMathematicsDoes) {
  struct Case {
    const char* text;
    float at_three;
  };
  for (const auto& [text, value] : std::vector<Case>{{"-x^2", -9},
                                                     {"2^x^2", 512},
                                                     {"x - 2 - 1", 0},
                                                     {"x / 2 / 3", 0.5},
                                                     {"1 + 2 * x", 7},
                                                     {"where(x < 3, 1, 2)", 2},
                                                     {"where(x <= 3, 1, 2)", 1},
                                                     {"where(x == 3, 1, 2)", 1},
                                                     {"where(x > 3, 1, 2)", 2},
                                                     {"where(x >= 3, 1, 2)", 1},
                                                     {"sign(x) + sign(-x) + sign(0 * x)", 0},
                                                     {"floor(x / 2)", 1},
                                                     {"min(x, 2) + max(x, 4)", 6},
                                                     {"x^0.5^2", 1.3160740F},
                                                     {"(x - 5)^3", -8},
                                                     {"x^-2", 1 / 9.0F},
                                                     {"sqrt(x + 1) * pi / pi", 2},
                                                     {"e^(0 * x)", 1},
                                                     {"(x > 1) + (x > 2) + (x > 3)", 2}}) {
    EXPECT_FLOAT_EQ(Activation::parse(text).f(3), value) << text;
  }
}

TEST(FormulaText, AFormulaMayCallWhatWasDefinedBefore) {
  const Activation first = Activation::parse("called_1 = b * x^2; b = 2");
  EXPECT_EQ(Activation::parse("called_1(x + 1) + 1").f(1), 9);
  EXPECT_EQ(Activation::parse("called_1(x + 1, b=0.5) + 1").f(1), 3);
  EXPECT_EQ(Activation::parse("called_1:b=3").f(2), 12);
  EXPECT_EQ(Activation::parse("called_1:b=3").str(), "called_1 = b * x^2; b = 3");
  EXPECT_EQ(Activation::parse("called_1:b=3").label(), "called_1:b=3");
  EXPECT_EQ(first.label(), "called_1");
  EXPECT_EQ(Activation::define("called_2", "called_1(x)").str(), "called_2 = 2 * x^2");
}

TEST(FormulaText, ANameIsThatOfTheLastDefinition) {
  const Activation first = Activation::parse("named_twice = x + 1");
  const Activation second = Activation::parse("named_twice = x + 2");
  EXPECT_EQ(Activation::parse("named_twice"), second);
  EXPECT_EQ(first.f(0), 1);
  EXPECT_EQ(Activation::parse("named_twice = x+1"), first);
  // Other values make no other formula.
  const Activation half = Activation::parse("named_once = b * x; b = 0.5");
  EXPECT_EQ(Activation::parse("named_once = b * x; b = 2"), Activation::parse("named_once:b=2"));
  EXPECT_EQ(Activation::parse("named_once"), half);
}

TEST(FormulaText, ErrorsMarkWhatIsWrong) {
  struct Case {
    const char* text;
    const char* what;
    int column;
  };
  for (const auto& [text, what, column] : std::vector<Case>{
           {"x*tanhh(x)", "unknown function tanhh; did you mean tanh?", 3},
           {"x*swush(x)", "unknown activation 'swush': did you mean swish?", 3},
           {"x*(1+", "expected a number, x, or a function", 6},
           {"x^", "expected a number, x, or a function", 3},
           {"x*(1", "expected ')'", 5},
           {"2x+1", "expected an operator, or the end", 2},
           {"x + 1 )", "expected an operator, or the end", 7},
           {"b*x", "unknown name b; if it is a parameter, give it a value: ; b = 1", 1},
           {"x*tahn",
            "unknown name tahn; if it is a parameter, give it a value: ; tahn = 1 (or is "
            "it tanh?)",
            3},
           {"x+sin", "sin is a function; call it, as in sin(x)", 3},
           {"max(x)", "max takes 2 arguments, not 1", 1},
           {"sin(x,x)", "sin takes 1 argument, not 2", 1},
           {"max(a=1,2)", "max has no parameters", 5},
           {"elu(x,alfa=2)", "activation elu has no parameter 'alfa': choose alpha", 1},
           {"elu(x, 2)",
            "an activation takes one number and then parameters by name, as in "
            "elu(x, alpha=0.2)",
            8},
           {"elu(x,alpha=x)", "alpha must be a number here: it is a parameter of an activation", 7},
           {"x+1e99", "1e99 is beyond the numbers of single precision", 3},
           {"x\xc2\xb2", "a formula is written in ASCII: * for times, ^ for a power", 2},
           {"m=x*b;b", "expected '='", 8},
           {"m=x*b;b=", "expected a number", 9},
           {"m=x*b;b=1 in [2", "expected ','", 16},
           {"m=x*b;b=1 in [2,3]", "b must be in [2, 3], and is 1", 7},
           {"m=x*b;b=1 in [3,2]",
            "an interval is [low, high] with low below high, within a million", 7},
           {"m=x*b;b=1;b=2", "b is given twice", 11},
           {"m=x;b=2", "the formula has no b", 5},
           {"x*a*b*c*d*f;a=1",
            "unknown name f, and the formula has 4 parameters already, which is "
            "the most",
            11}}) {
    const std::string error = error_of([&] { Activation::parse(text); });
    const std::string mark = std::string(static_cast<std::size_t>(column) + 1, ' ') + "^";
    EXPECT_EQ(error, "in the formula, at column " + std::to_string(column) + ": " + what + "\n  " +
                         text + "\n" + mark)
        << text;
  }
}

TEST(FormulaText, NamesOfOthersAreRefused) {
  EXPECT_EQ(error_of([] { Activation::parse("relu = x"); }),
            "there is an activation relu already; give yours another name");
  EXPECT_EQ(error_of([] { Activation::parse("LeakyReLU = x"); }),
            "there is an activation LeakyReLU already; give yours another name");
  EXPECT_EQ(error_of([] { Activation::define("softplus", "x"); }),
            "there is an activation softplus already; give yours another name");
  EXPECT_EQ(error_of([] { Activation::parse("expm1 = x"); }),
            "expm1 has a meaning in formulas already; give yours another name");
  Activation::custom("function_of_mine", [](auto, auto, auto) {});
  EXPECT_THAT(error_of([] { Activation::parse("function_of_mine(x) + 1"); }),
              HasSubstr("is a C++ function, which a formula cannot call"));
}

TEST(FormulaText, IsBounded) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '(').append("x").append(depth, ')');
  };
  EXPECT_EQ(Activation::parse(nested(50)).f(2), 2);
  EXPECT_THAT(error_of([&] { Activation::parse(nested(51)); }),
              HasSubstr("more than 50 parentheses in each other"));
  std::string sum = "x";
  while (sum.size() < 1000) sum += "+x";
  EXPECT_EQ(error_of([&] { Activation::parse(sum); }),
            "the formula has 1001 characters, more than 1000");
  std::string different = "x";
  for (int i = 0; i < 250; ++i) different.append("+").append(std::to_string(i));
  EXPECT_EQ(error_of([&] { Activation::parse(different); }),
            "the formula has more than 400 parts; make it shorter");
  // What is written again is not nested more deeply.
  const Activation negations = Activation::parse(std::string(100, '-') + "sin(x)");
  EXPECT_EQ(Activation::parse(negations.str()), negations);
  EXPECT_THAT(error_of([] { Activation::parse("x/(" + std::string(300, '-') + "x"); }),
              HasSubstr("expected ')'"));
}

TEST(FormulaText, WhatIsANameIsNone) {
  EXPECT_EQ(Activation::parse("leaky-relu").name(), "leaky_relu");
  EXPECT_THAT(error_of([] { Activation::parse("relux"); }), HasSubstr("unknown activation"));
  EXPECT_EQ(Activation::parse("x").f(3), 3);
  EXPECT_EQ(Activation::parse("x-1").f(3), 2);
  EXPECT_EQ(Activation::parse("1 - x").f(3), -2);
}

}  // namespace
}  // namespace saltus
