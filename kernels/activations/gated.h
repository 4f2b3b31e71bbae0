// x times a gate: SiLU, GELU, Mish and their kin. Their slope needs x, never f(x) alone.
#pragma once

#include "kernels/activation_entry.h"

namespace saltus::kernels {

/// x sigmoid(x) (arXiv 1702.03118), also Swish with beta = 1.
struct Silu : Entry<Silu> {
  static constexpr Traits traits{
      .name = "silu",
      .aliases = {"swish_1"},
      .formula = "x / (1 + exp(-x))",
      .range = "[-0.2785, inf)",
      .shape = Shape::one_minimum,
      .saturation = Saturation::left,
      .initializer = "he_normal",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    const auto s = math::logistic(x);
    return math::at_least(x, T(-3e38)) * s.a / s.b;
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>&) {
    const auto s = math::logistic(x);
    return (s.a * s.b + math::finite(x) * s.e) / (s.b * s.b);
  }
};

/// The Gaussian error linear unit (arXiv 1606.08415), exact: x Phi(x). Keras's activations, PyTorch
/// and ONNX mean this one by default; jax.nn.gelu and TensorFlow Addons mean gelu_tanh.
struct Gelu : Entry<Gelu> {
  static constexpr Traits traits{
      .name = "gelu",
      .aliases = {"gelu_erf", "gelu_exact"},
      .formula = "x (1 + erf(x / sqrt(2))) / 2",
      .range = "[-0.1700, inf)",
      .shape = Shape::one_minimum,
      .saturation = Saturation::left,
      .initializer = "he_normal",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    const T upper = math::normal_tail(x).upper;
    return math::at_least(x, T(-3e38)) * (x > T(0) ? T(1) - upper : upper);
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>&) {
    const auto tail = math::normal_tail(x);
    return (x > T(0) ? T(1) - tail.upper : tail.upper) + math::finite(x) * tail.density;
  }
};

/// GELU by its tanh approximation (arXiv 1606.08415): x sigmoid(2 u) with
/// u = sqrt(2 / pi) (x + 0.044715 x^3). The one that BERT, GPT-2 and many tutorials use.
struct GeluTanh : Entry<GeluTanh> {
  static constexpr Traits traits{
      .name = "gelu_tanh",
      .aliases = {"gelu_new", "gelu_approximate"},
      .formula = "x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2",
      .range = "[-0.1700, inf)",
      .shape = Shape::one_minimum,
      .saturation = Saturation::left,
      .initializer = "he_normal",
  };
  static constexpr double kTwoRootTwoOverPi = 1.59576912160573071176;
  static constexpr double kCubic = kTwoRootTwoOverPi * 0.044715;

  /// sigmoid(2 u)
  template <class T>
  SALTUS_HD static math::Logistic<T> gate(T x) {
    if constexpr (math::is_float<T>) {
      // 2 u = x (c + d x^2), with the rounding of each step carried along: the tail multiplies it.
      constexpr float c = static_cast<float>(kTwoRootTwoOverPi);
      constexpr float c_rest = static_cast<float>(kTwoRootTwoOverPi - static_cast<double>(c));
      constexpr float d = static_cast<float>(kCubic);
      constexpr float d_rest = static_cast<float>(kCubic - static_cast<double>(d));
      const auto square = math::product(x, x);
      const auto cubic = math::product(d, square.hi);
      const float slope = c + cubic.hi;
      // |cubic| can be above or below c: take the sum's rounding error as Knuth does.
      const float part = slope - c;
      const float lost = (c - (slope - part)) + (cubic.hi - part);
      const float rest =
          lost + (cubic.lo + math::fma(d, square.lo, math::fma(d_rest, square.hi, c_rest)));
      const auto u = math::product(slope, x);
      return math::logistic(math::Sum<float>{u.hi, math::fma(rest, x, u.lo)});
    } else {
      return math::logistic(x * (T(kTwoRootTwoOverPi) + T(kCubic) * x * x));
    }
  }
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    const auto s = gate(x);
    return math::at_least(x, T(-3e38)) * s.a / s.b;
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>&) {
    const auto s = gate(x);
    // x u' vanishes against the gate's underflow long before its cube overflows.
    const T near = math::clamp(x, T(-1e9), T(1e9));
    const T slope = near * (T(kTwoRootTwoOverPi) + T(3 * kCubic) * near * near);
    return (s.a * s.b + slope * s.e) / (s.b * s.b);
  }
};

using GatedActivations = ActivationTypes<Silu, Gelu, GeluTanh>;

}  // namespace saltus::kernels
