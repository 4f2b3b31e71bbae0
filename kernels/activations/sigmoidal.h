// Activations with values in [0, 1], or, for log_sigmoid, their logarithm.
#pragma once

#include <saltus/kernels/activation_entry.h>

namespace saltus::kernels {

/// The logistic function. Below x = -87.3 it is 0: what is left would be subnormal.
struct Sigmoid : Entry<Sigmoid> {
  static constexpr Traits traits{
      .name = "sigmoid",
      .aliases = {"logistic", "expit"},
      .formula = "1 / (1 + exp(-x))",
      .derivative = "f(x) (1 - f(x))",
      .range = "(0, 1)",
      .shape = Shape::monotone,
      .saturation = Saturation::both,
      .initializer = "glorot_uniform",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    return math::sigmoid(x);
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>&) {
    const auto s = math::logistic(x);
    return s.e / (s.b * s.b);
  }
};

/// ln sigmoid(x), as minus softplus(-x).
struct LogSigmoid : Entry<LogSigmoid> {
  static constexpr Traits traits{
      .name = "log_sigmoid",
      .formula = "-ln(1 + exp(-x))",
      .derivative = "1 / (1 + exp(x))",
      .range = "(-inf, 0)",
      .shape = Shape::monotone,
      .saturation = Saturation::right,
      .initializer = "glorot_uniform",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    return -math::softplus(-x);
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>&) {
    return math::sigmoid(-x);
  }
};

/// From Keras 3, PyTorch and JAX; earlier Keras had classic_hard_sigmoid. The slope is 0 at both
/// kinks, as in PyTorch.
struct HardSigmoid : Entry<HardSigmoid> {
  static constexpr Traits traits{
      .name = "hard_sigmoid",
      .formula = "min(max(x + 3, 0), 6) / 6",
      .derivative = "1 / 6 if |x| < 3 else 0",
      .range = "[0, 1]",
      .shape = Shape::monotone,
      .saturation = Saturation::both,
      .kinks = {{{-3, 0}, {3, 0}}},
      .initializer = "glorot_uniform",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    return math::clamp(x + T(3), T(0), T(6)) * T(1.0 / 6);
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>&) {
    return math::unless_nan(x, math::abs(x) < T(3) ? T(1.0 / 6) : T(0));
  }
};

/// The hard sigmoid of Keras before 3, of ONNX and of TensorFlow.js. The slope is 0 at both kinks.
struct ClassicHardSigmoid : Entry<ClassicHardSigmoid> {
  static constexpr Traits traits{
      .name = "classic_hard_sigmoid",
      .aliases = {"hard_sigmoid_keras2"},
      .parameters = {positive("alpha", 0.2f), {"beta", 0.5f}},
      .formula = "min(max(alpha x + beta, 0), 1)",
      .derivative = "alpha if 0 < alpha x + beta < 1 else 0",
      .range = "[0, 1]",
      .shape = Shape::monotone,
      .saturation = Saturation::both,
      .initializer = "glorot_uniform",
  };
  static constexpr Kinks kinks(const Parameters<float>& p) {
    return {{{-p[1] / p[0], 0}, {(1 - p[1]) / p[0], 0}}};
  }
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>& p) {
    return math::clamp(math::fma(p[0], x, p[1]), T(0), T(1));
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>& p) {
    const T y = math::fma(p[0], x, p[1]);
    return math::unless_nan(x, y > T(0) && y < T(1) ? p[0] : T(0));
  }
};

/// From Keras and JAX. The slope is 0 at both kinks.
struct SparseSigmoid : Entry<SparseSigmoid> {
  static constexpr Traits traits{
      .name = "sparse_sigmoid",
      .formula = "min(max((x + 1) / 2, 0), 1)",
      .derivative = "1 / 2 if |x| < 1 else 0",
      .range = "[0, 1]",
      .shape = Shape::monotone,
      .saturation = Saturation::both,
      .kinks = {{{-1, 0}, {1, 0}}},
      .initializer = "glorot_uniform",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    return math::clamp(x + T(1), T(0), T(2)) * T(0.5);
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>&) {
    return math::unless_nan(x, math::abs(x) < T(1) ? T(0.5) : T(0));
  }
};

/// A sigmoid to a power (arXiv 1805.08878).
struct Aria2 : Entry<Aria2> {
  static constexpr Traits traits{
      .name = "aria2",
      .parameters = {positive("alpha", 1.5f), positive("beta", 1)},
      .formula = "(1 + exp(-beta x))^(-alpha)",
      .derivative = "alpha beta f(x) / (1 + exp(beta x))",
      .range = "(0, 1)",
      .shape = Shape::monotone,
      .saturation = Saturation::both,
      .initializer = "glorot_uniform",
  };
  /// exp(-alpha softplus(-beta x)), s being logistic(beta x).
  template <class T>
  SALTUS_HD static T power_of_sigmoid(T x, math::Logistic<T> s, const Parameters<T>& p) {
    const T rest = -p[0] * math::log1p_of_unit(s.e);
    const math::Sum<T> inner = math::product(p[1], math::at_most(x, T(0)));
    const math::Sum<T> outer = math::product(p[0], inner.hi);
    const T hi = outer.hi + rest;
    const T lo = (rest - (hi - outer.hi)) + math::fma(p[0], inner.lo, outer.lo);
    return math::exp_of_negative(math::Sum<T>{hi, lo});
  }
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>& p) {
    const auto s = math::logistic(math::product(p[1], x));
    return power_of_sigmoid(x, s, p);
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>& p) {
    const auto s = math::logistic(math::product(p[1], x));
    return p[0] * p[1] * power_of_sigmoid(x, s, p) * s.c / s.b;
  }
};

/// The normal distribution function that approximates a squared ReLU (Mega, arXiv 2209.10655).
struct Laplace : Entry<Laplace> {
  static constexpr Traits traits{
      .name = "laplace",
      .parameters = {{"mu", 0.707107f}, positive("sigma", 0.282095f)},
      .formula = "(1 + erf((x - mu) / (sigma sqrt(2)))) / 2",
      .derivative = "exp(-((x - mu) / sigma)^2 / 2) / (sigma sqrt(2 pi))",
      .range = "(0, 1)",
      .shape = Shape::monotone,
      .saturation = Saturation::both,
      .initializer = "glorot_uniform",
  };
  /// (x - mu) / sigma
  template <class T>
  SALTUS_HD static math::Sum<T> standardized(T x, const Parameters<T>& p) {
    const auto difference = math::sum(x, -p[0]);
    const T reciprocal = T(1) / p[1];
    const auto z = math::quotient(difference.hi, p[1], reciprocal);
    return {z.hi, math::fma(difference.lo, reciprocal, z.lo)};
  }
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>& p) {
    const math::Sum<T> z = standardized(x, p);
    const T upper = math::normal_tail(z).upper;
    return z.hi > T(0) ? T(1) - upper : upper;
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>& p) {
    return math::normal_tail(standardized(x, p)).density * (T(1) / p[1]);
  }
};

/// The complementary log-log distribution function.
struct Cloglog : Entry<Cloglog> {
  static constexpr Traits traits{
      .name = "cloglog",
      .formula = "1 - exp(-exp(x))",
      .derivative = "exp(x - exp(x))",
      .range = "(0, 1)",
      .shape = Shape::monotone,
      .saturation = Saturation::both,
      .initializer = "glorot_uniform",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    return -math::expm1_of_negative(-math::exp(x));
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>&) {
    const T w = math::exp(math::at_most(x, T(6)));
    return w * math::exp_of_negative(-w);
  }
};

/// The bell curve.
struct Gaussian : Entry<Gaussian> {
  static constexpr Traits traits{
      .name = "gaussian",
      .formula = "exp(-x^2)",
      .derivative = "-2 x exp(-x^2)",
      .range = "(0, 1]",
      .shape = Shape::other,
      .saturation = Saturation::both,
      .initializer = "glorot_uniform",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    return math::exp_of_negative(-math::product(x, x));
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>& p) {
    return T(-2) * math::finite(x) * f(x, p);
  }
};

/// A smooth clip to [0, 1] (arXiv 1810.11509); alpha = 0.5 as in the Mish paper's comparison. As
/// the logarithm of one ratio: the difference of two softplus would cancel on both sides.
struct SoftClipping : Entry<SoftClipping> {
  static constexpr Traits traits{
      .name = "soft_clipping",
      .parameters = {{"alpha", 0.5f, 1e-3f, 50}},
      .formula = "ln((1 + exp(alpha x)) / (1 + exp(alpha (x - 1)))) / alpha",
      .derivative = "sigmoid(alpha x) - sigmoid(alpha (x - 1))",
      .range = "(0, 1)",
      .shape = Shape::monotone,
      .saturation = Saturation::both,
      .initializer = "glorot_uniform",
  };
  /// With k = e^-alpha the ratio is 1 + (1 - k) e^(alpha x) / (1 + k e^(alpha x)), and the slope is
  /// (1 - k) sigmoid(alpha x) / (1 + k e^(alpha x)).
  template <class T>
  struct Parts {
    math::Logistic<T> gate;
    T rest;  ///< 1 - k
    T numerator, denominator;
  };
  template <class T>
  SALTUS_HD static Parts<T> parts(T x, const Parameters<T>& p) {
    const auto s = math::logistic(math::product(p[0], x));
    const auto k = math::exp_pair_of_negative(-p[0]);
    return {s, -k.expm1, s.a, x < T(0) ? math::fma(k.exp, s.e, T(1)) : s.e + k.exp};
  }
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>& p) {
    const Parts<T> s = parts(x, p);
    return math::at_most(math::log1p(s.rest * s.numerator / s.denominator) * (T(1) / p[0]), T(1));
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>& p) {
    const Parts<T> s = parts(x, p);
    return s.rest * s.gate.e / (s.gate.b * s.denominator);
  }
};

/// 1 where x is positive. Its derivative is 0, so df is a straight-through estimate: 1 on [-window,
/// window].
struct BinaryStep : Entry<BinaryStep> {
  static constexpr Traits traits{
      .name = "binary_step",
      .aliases = {"heaviside"},
      .parameters = {{"window", 1, 0}},
      .formula = "1 if x > 0 else 0",
      .derivative = "1 if |x| <= window else 0",
      .range = "{0, 1}",
      .shape = Shape::monotone,
      .saturation = Saturation::both,
      .kinks = {{{0, 1}}},
      .initializer = "glorot_uniform",
      .surrogate_slope = true,
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    return math::unless_nan(x, x > T(0) ? T(1) : T(0));
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>& p) {
    return math::unless_nan(x, math::abs(x) <= p[0] ? T(1) : T(0));
  }
};

using SigmoidalActivations =
    ActivationTypes<Sigmoid, LogSigmoid, HardSigmoid, ClassicHardSigmoid, SparseSigmoid, Aria2,
                    Laplace, Cloglog, Gaussian, SoftClipping, BinaryStep>;

}  // namespace saltus::kernels
