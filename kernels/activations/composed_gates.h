// x times a gate that is made of two functions, and the piecewise linear stand-ins.
#pragma once

#include <saltus/kernels/activation_entry.h>
#include <saltus/kernels/activations/gated.h>

namespace saltus::kernels {

/// silu with a piecewise linear gate (arXiv 1905.02244). The slope is 0 at -3 and 1 at 3, as in
/// PyTorch today.
struct HardSilu : Entry<HardSilu> {
  static constexpr Traits traits{
      .name = "hard_silu",
      .aliases = {"hard_swish"},
      .formula = "x min(max(x + 3, 0), 6) / 6",
      .derivative = "0 if x <= -3; 1 if x >= 3; else (2 x + 3) / 6",
      .range = "[-0.375, inf)",
      .shape = Shape::one_minimum,
      .saturation = Saturation::left,
      .kinks = {{{-3, 0}, {3, 1}}},
      .initializer = "he_normal",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    return math::at_least(x, T(-math::kLargest)) * (math::clamp(x + T(3), T(0), T(6)) * T(1.0 / 6));
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>&) {
    return math::unless_nan(
        x, x <= T(-3) ? T(0) : (x < T(3) ? math::fma(T(2), x, T(3)) * T(1.0 / 6) : T(1)));
  }
};

/// mish with a piecewise linear gate. The slope is 0 at -2.
struct HardMish : Entry<HardMish> {
  static constexpr Traits traits{
      .name = "hard_mish",
      .formula = "x min(2, max(0, x + 2)) / 2",
      .derivative = "0 if x <= -2; 1 if x >= 0; else x + 1",
      .range = "[-0.5, inf)",
      .shape = Shape::one_minimum,
      .saturation = Saturation::left,
      .kinks = {{{-2, 0}}},
      .initializer = "he_normal",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    return math::at_least(x, T(-math::kLargest)) * (math::clamp(x + T(2), T(0), T(2)) * T(0.5));
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>&) {
    return math::unless_nan(x, x <= T(-2) ? T(0) : math::at_most(x + T(1), T(1)));
  }
};

/// x tanh(softplus(x)) (arXiv 1908.08681), as a quotient of polynomials in exp(-|x|).
struct Mish : Entry<Mish> {
  static constexpr Traits traits{
      .name = "mish",
      .formula = "x tanh(ln(1 + exp(x)))",
      .derivative = "t + x (1 - t^2) sigmoid(x), with t = tanh(ln(1 + exp(x)))",
      .range = "[-0.3088, inf)",
      .shape = Shape::one_minimum,
      .saturation = Saturation::left,
      .initializer = "he_normal",
  };
  /// tanh(softplus(x)) = numerator / (numerator + rest).
  template <class T>
  struct Parts {
    math::Logistic<T> gate;
    T numerator, rest;
  };
  template <class T>
  SALTUS_HD static Parts<T> parts(T x) {
    const auto s = math::logistic(x);
    const bool left = x < T(0);
    return {s, left ? s.e * (s.e + T(2)) : math::fma(T(2), s.e, T(1)),
            left ? T(2) : T(2) * s.e * s.e};
  }
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    const Parts<T> s = parts(x);
    return math::at_least(x, T(-math::kLargest)) * (s.numerator / (s.numerator + s.rest));
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>&) {
    const Parts<T> s = parts(x);
    const T n = s.numerator;
    const T d = n + s.rest;
    const T turn = math::finite(x) * s.gate.a * s.rest * (d + n);
    return math::fma(n * d, s.gate.b, turn) / (d * d * s.gate.b);
  }
};

/// From arXiv 2003.09855; found again as TeLU (arXiv 2412.20269).
struct TanhExp : Entry<TanhExp> {
  static constexpr Traits traits{
      .name = "tanhexp",
      .aliases = {"telu"},
      .formula = "x tanh(exp(x))",
      .derivative = "t + x exp(x) (1 - t^2), with t = tanh(exp(x))",
      .range = "[-0.3532, inf)",
      .shape = Shape::one_minimum,
      .saturation = Saturation::left,
      .initializer = "he_normal",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    const T m = math::expm1_of_negative(T(-2) * math::exp(math::at_most(x, T(5))));
    return math::at_least(x, T(-math::kLargest)) * (-m / (T(2) + m));
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>&) {
    const T w = math::exp(math::at_most(x, T(5)));
    const auto e = math::exp_pair_of_negative(T(-2) * w);
    const T d = T(2) + e.expm1;
    return math::fma(T(4) * math::finite(x) * w, e.exp, -e.expm1 * d) / (d * d);
  }
};

/// Linearly scaled tanh (arXiv 1901.05894).
struct Lisht : Entry<Lisht> {
  static constexpr Traits traits{
      .name = "lisht",
      .formula = "x tanh(x)",
      .derivative = "t + x (1 - t^2), with t = tanh(x)",
      .range = "[0, inf)",
      .shape = Shape::one_minimum,
      .saturation = Saturation::none,
      .initializer = "glorot_uniform",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    const T a = math::abs(x);
    const T m = math::expm1_of_negative(T(-2) * a);
    return a * (-m / (T(2) + m));
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>&) {
    const T a = math::abs(x);
    const auto e = math::exp_pair_of_negative(T(-2) * a);
    const T d = T(2) + e.expm1;
    return math::with_sign_of(x, math::fma(T(4) * math::finite(a), e.exp, -e.expm1 * d) / (d * d));
  }
};

/// From Naveen, "Phish: a novel activation function", 2022.
struct Phish : Entry<Phish> {
  static constexpr Traits traits{
      .name = "phish",
      .formula = "x tanh(gelu(x))",
      .derivative = "t + x (1 - t^2) gelu'(x), with t = tanh(gelu(x))",
      .range = "[0, inf)",
      .shape = Shape::other,
      .saturation = Saturation::left,
      .initializer = "he_normal",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>& p) {
    return math::at_least(x, T(-math::kLargest)) * math::tanh(Gelu::f(x, p));
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>& p) {
    const T inner = Gelu::f(x, p);
    const auto e = math::exp_pair_of_negative(T(-2) * math::abs(inner));
    const T d = T(2) + e.expm1;
    const T turn = T(4) * math::finite(x) * e.exp * Gelu::df(x, p);
    return (turn - math::with_sign_of(inner, T(1)) * e.expm1 * d) / (d * d);
  }
};

/// From Zhu et al., "Logish", 2021.
struct Logish : Entry<Logish> {
  static constexpr Traits traits{
      .name = "logish",
      .formula = "x ln(1 + sigmoid(x))",
      .derivative = "ln(1 + s) + x s (1 - s) / (1 + s), with s = sigmoid(x)",
      .range = "[-0.2431, inf)",
      .shape = Shape::one_minimum,
      .saturation = Saturation::left,
      .initializer = "he_normal",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    return math::at_least(x, T(-math::kLargest)) * math::log1p_of_unit(math::sigmoid(x));
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>&) {
    const auto s = math::logistic(x);
    const T both = s.a + s.b;
    const T reciprocal = T(1) / (s.b * both);
    return math::fma(math::finite(x) * s.e, reciprocal,
                     math::log1p_of_unit(s.a * both * reciprocal));
  }
};

/// From Wang et al., "Smish", 2022, as a quotient of polynomials in exp(-|x|).
struct Smish : Entry<Smish> {
  static constexpr Traits traits{
      .name = "smish",
      .formula = "x tanh(ln(1 + sigmoid(x)))",
      .derivative = "t + x (1 - t^2) s (1 - s) / (1 + s), with s = sigmoid(x), t = tanh(ln(1 + s))",
      .range = "[-0.2502, inf)",
      .shape = Shape::one_minimum,
      .saturation = Saturation::left,
      .initializer = "he_normal",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    const auto s = math::logistic(x);
    const T n = s.a * math::fma(T(2), s.b, s.a);
    return math::at_least(x, T(-math::kLargest)) * (n / math::fma(T(2) * s.b, s.b, n));
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>&) {
    const auto s = math::logistic(x);
    const T n = s.a * math::fma(T(2), s.b, s.a);
    const T d = math::fma(T(2) * s.b, s.b, n);
    const T turn = T(4) * math::finite(x) * s.e * s.b * (s.a + s.b);
    return math::fma(n, d, turn) / (d * d);
  }
};

/// From arXiv 2108.09598.
struct Serf : Entry<Serf> {
  static constexpr Traits traits{
      .name = "serf",
      .formula = "x erf(ln(1 + exp(x)))",
      .derivative = "erf(y) + 2 x exp(-y^2) sigmoid(x) / sqrt(pi), with y = ln(1 + exp(x))",
      .range = "[-0.3484, inf)",
      .shape = Shape::one_minimum,
      .saturation = Saturation::left,
      .initializer = "he_normal",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    return math::at_least(x, T(-math::kLargest)) * math::erf(math::softplus(x));
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>&) {
    const auto s = math::logistic(x);
    const T y = math::at_least(x, T(0)) + math::log1p_of_unit(s.e);
    const T slope = T(1.12837916709551257390) * math::exp_of_negative(-y * y) * (s.a / s.b);
    return math::fma(math::finite(x), slope, math::erf(y));
  }
};

using ComposedGateActivations =
    ActivationTypes<HardSilu, HardMish, Mish, TanhExp, Lisht, Phish, Logish, Smish, Serf>;

}  // namespace saltus::kernels
