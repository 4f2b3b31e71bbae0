// The float code that trains, on the loops of this CPU, against the same templates in double (which
// textbook_test.cpp holds against the formulas): the worst errors over a strided walk of all
// floats, asserted against a table, and equality of the bits on every instruction set.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include <saltus/accuracy.h>
#include <saltus/activation.h>
#include <saltus/kernels/activations.h>

#include "backend/cpu/loops.h"

namespace saltus::test {
namespace {

// In units in the last place, away from zeros of f and f'; for all floats (docs/numerics.md),
// though the test walks a part of them. What is not listed stays below 4.
struct Bound {
  double f = 4;
  double df = 4;
  std::string_view reason;
};

// Results count as near a zero only where their neighbours on both sides are twice as large; just
// outside, half of the terms' digits may still cancel.
constexpr std::string_view kCancels = "partial cancellation beside a zero of f or f'";
constexpr std::string_view kRoundings = "five or more roundings in a row, none amplified";
constexpr std::string_view kSlopeOfTanh = "e / (1 + e)^2: five roundings";
constexpr std::string_view kCube = "the cube of the reciprocal of a rounded square root";

const std::map<std::string_view, Bound> kBounds = {
    {"sigmoid", {4, 5, kSlopeOfTanh}},
    {"aria2", {5, 6, kRoundings}},
    {"laplace", {6.5, 4, "1 - (a quotient of polynomials times e^(-z^2/2)) near 1/2"}},
    {"cloglog",
     {4, 110, "e^x is rounded before it is an exponent, which multiplies the error by up to 87"}},
    {"soft_clipping", {4, 6, kRoundings}},
    {"tanh", {4, 5, kSlopeOfTanh}},
    {"lecun_tanh", {4.5, 6, kSlopeOfTanh}},
    {"weighted_tanh", {4, 6, kSlopeOfTanh}},
    {"penalized_tanh", {4, 5, kSlopeOfTanh}},
    {"half_tanh", {4, 5, kSlopeOfTanh}},
    {"isru", {4, 7, kCube}},
    {"isrlu", {4, 7, kCube}},
    {"erf", {4.5, 4, kRoundings}},
    {"derf", {4.5, 4, kRoundings}},
    {"star_relu", {5, 4, kCancels}},
    {"sine_relu", {5, 10, kCancels}},
    {"xielu", {8, 9, kCancels}},
    {"squareplus", {4, 5, kRoundings}},
    {"soft_exponential", {9, 4, kCancels}},
    {"silu", {4, 9, kCancels}},
    {"swish", {4, 9, kCancels}},
    {"e_swish", {4.5, 12, kCancels}},
    {"golu",
     {34, 36, "exp(-x), of a relative error of 2^-26, is an exponent: multiplied by up to 87"}},
    {"quick_gelu", {4, 12, kCancels}},
    {"gelu", {6.5, 24, "f: 1 - (a quotient of polynomials times e^(-x^2/2)); f': beside its zero"}},
    {"gelu_tanh", {4, 13, kCancels}},
    {"dsilu", {9, 11, kCancels}},
    {"ftswish", {9, 4, kCancels}},
    {"elish", {4, 11, kCancels}},
    {"hard_elish", {4, 11, kCancels}},
    {"soft_root_sign", {4, 12, kCancels}},
    {"gcu", {4, 6, kCancels}},
    {"mish", {5.5, 20, "f: a quotient of squares of sums; f': beside its zero"}},
    {"tanhexp", {4.5, 18, kCancels}},
    {"phish", {9, 30, "tanh of a rounded gelu; f': beside its zeros"}},
    {"logish", {5, 27, kCancels}},
    {"smish", {5.5, 22, kCancels}},
    {"serf", {6.5, 44, "erf of a rounded softplus; f': beside its zero"}},
    {"sinc", {4, 6, kCancels}},
    {"gelu_sine", {6, 24, kCancels}},
    {"gelu_sinc", {7.5, 26, "f: gelu's, times a factor; f': beside its zero"}},
    {"snake", {6, 14, kCancels}},
    {"tanh_shrink",
     {9, 7, "x - tanh x cancels to a quarter at 1; tanh squared has twice its error"}},
};

TEST(ErrorBounds, HoldOverAStrideOfAllFloats) {
  for (const ActivationInfo& info : activation_list()) {
    const ActivationAccuracy result =
        measure_accuracy(Activation::parse(info.name), {.stride = 2053});
    const auto listed = kBounds.find(info.name);
    const Bound bound = listed == kBounds.end() ? Bound{} : listed->second;
    EXPECT_LT(result.f.ulp.size, bound.f)
        << info.name << ": f at " << result.f.ulp.at << " " << bound.reason;
    EXPECT_LT(result.df.ulp.size, bound.df)
        << info.name << ": df at " << result.df.ulp.at << " " << bound.reason;
    // A few roundings (2^-24 each) of what cancels.
    EXPECT_LT(result.f.near_zero.size, 2e-6) << info.name << ": f at " << result.f.near_zero.at;
    EXPECT_LT(result.df.near_zero.size, 2e-6) << info.name << ": df at " << result.df.near_zero.at;
    // Flushed to zero at most.
    EXPECT_LT(result.f.tiny.size, kTinyValue) << info.name << ": f at " << result.f.tiny.at;
    EXPECT_LT(result.df.tiny.size, kTinyValue) << info.name << ": df at " << result.df.tiny.at;
    EXPECT_EQ(result.nan_disagreements, 0u) << info.name;
  }
}

// Angles are omega x to all its digits, whatever omega: far out as near zero. In snake, sin^2
// and x cancel.
TEST(ErrorBounds, HoldForPeriodicActivationsOfEveryFrequency) {
  const auto check = [](std::string_view parameter, const Bound& bound) {
    for (const char* value : {"30", "0.3", "1e6", "1e-6"}) {
      const auto activation = Activation::parse(std::string(parameter) + "=" + value);
      const ActivationAccuracy result = measure_accuracy(activation, {.stride = 20011});
      EXPECT_LT(result.f.ulp.size, bound.f) << activation.str() << " at " << result.f.ulp.at;
      EXPECT_LT(result.df.ulp.size, bound.df) << activation.str() << " at " << result.df.ulp.at;
      EXPECT_LT(result.f.near_zero.size, 4e-6) << activation.str();
      EXPECT_LT(result.df.near_zero.size, 4e-6) << activation.str();
      EXPECT_EQ(result.nan_disagreements, 0u) << activation.str();
    }
  };
  check("sine:omega", {});
  check("cosine:omega", {});
  check("snake:a", {10, 16, kCancels});
}

bool same(float a, float b) {
  return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b) ||
         (std::isnan(a) && std::isnan(b));
}

// Every entry with its defaults, and with each parameter changed in turn to what is legal for all.
std::vector<Activation> with_other_parameters() {
  std::vector<Activation> all;
  for (const ActivationInfo& info : activation_list()) {
    all.push_back(Activation::parse(info.name));
    for (const kernels::Parameter& parameter : info.parameters)
      for (const char* value : {"0.75", "0", "-1.5"})
        if (std::stof(value) >= parameter.low)
          all.push_back(Activation::parse(std::string(info.name) + ":" +
                                          std::string(parameter.name) + "=" + value));
  }
  return all;
}

TEST(Bits, AreThoseOfTheScalarCodeOnEveryInstructionSet) {
  constexpr std::uint32_t kStride = 200003;
  std::vector<float> x = {INFINITY, -INFINITY, NAN};
  for (std::uint64_t bits = 0; bits < std::uint64_t{1} << 32; bits += kStride)
    x.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
  std::vector<float> y(x.size()), value(x.size()), slope(x.size());
  for (const Activation& activation : with_other_parameters()) {
    std::vector<float> f(x.size()), df(x.size());
    std::transform(x.begin(), x.end(), f.begin(), [&](float v) { return activation.f(v); });
    std::transform(x.begin(), x.end(), df.begin(), [&](float v) { return activation.df(v); });
    for (const char* name : {"baseline", "avx2", "avx512"}) {
      const cpu::Loops* loops = cpu::loops_for(name);
      if (loops == nullptr) continue;
      const auto n = static_cast<std::int64_t>(x.size());
      const cpu::In in{x.data(), plan::DType::f32};
      loops->activate(activation.ref(), in, {y.data(), plan::DType::f32}, slope.data(), n);
      loops->activate(activation.ref(), in, {value.data(), plan::DType::f32}, nullptr, n);
      std::size_t differing = 0;
      for (std::size_t i = 0; i < x.size(); ++i)
        differing += !same(y[i], f[i]) || !same(value[i], f[i]) || !same(slope[i], df[i]);
      EXPECT_EQ(differing, 0u) << activation.str() << " on " << name;
    }
  }
}

}  // namespace
}  // namespace saltus::test
