// Smooth rectifiers, exponential and logarithmic units.
#pragma once

#include <saltus/kernels/activation_entry.h>

namespace saltus::kernels {

/// The exponential linear unit (arXiv 1511.07289), by expm1: exp(x) - 1 would lose every digit of
/// small negative x. Where alpha is not 1, f'(0) = alpha, as in PyTorch and JAX; TensorFlow has 1.
struct Elu : Entry<Elu> {
  static constexpr Traits traits{
      .name = "elu",
      .parameters = {{"alpha", 1}},
      .formula = "x if x > 0 else alpha (exp(x) - 1)",
      .derivative = "1 if x > 0 else alpha exp(x)",
      .range = "(-1, inf)",
      .shape = Shape::monotone,
      .saturation = Saturation::left,
      .initializer = "he_normal",
  };
  SALTUS_HD static constexpr Shape shape(const Parameters<float>& p) {
    return p[0] >= 0 ? Shape::monotone : Shape::one_minimum;
  }
  static constexpr Kinks kinks(const Parameters<float>& p) {
    if (p[0] == 1) return {};
    return {{{0, p[0]}}};
  }
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>& p) {
    return x > T(0) ? x : p[0] * math::expm1_of_negative(x);
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>& p) {
    return x > T(0) ? T(1) : p[0] * math::exp_of_negative(x);
  }
};

/// The ELU with a continuous slope (arXiv 1704.07483).
struct Celu : Entry<Celu> {
  static constexpr Traits traits{
      .name = "celu",
      .parameters = {positive("alpha", 1)},
      .formula = "x if x > 0 else alpha (exp(x / alpha) - 1)",
      .derivative = "1 if x > 0 else exp(x / alpha)",
      .range = "(-1, inf)",
      .shape = Shape::monotone,
      .saturation = Saturation::left,
      .initializer = "he_normal",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>& p) {
    return x > T(0) ? x : p[0] * math::expm1_of_negative(x * (T(1) / p[0]));
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>& p) {
    return x > T(0) ? T(1) : math::exp_of_negative(math::quotient(x, p[0], T(1) / p[0]));
  }
};

/// The scaled exponential linear unit of self-normalising networks (arXiv 1706.02515), with the
/// initializer and the dropout that it needs. f'(0) = scale * alpha, as in PyTorch and JAX;
/// TensorFlow's kernel has scale.
struct Selu : Entry<Selu> {
  static constexpr double kAlpha = 1.6732632423543772848170429916717;
  static constexpr double kScale = 1.0507009873554804934193349852946;
  static constexpr Traits traits{
      .name = "selu",
      .formula = "1.0507 x if x > 0 else 1.0507 * 1.67326 (exp(x) - 1)",
      .derivative = "1.0507 if x > 0 else 1.0507 * 1.67326 exp(x)",
      .range = "(-1.7581, inf)",
      .shape = Shape::monotone,
      .saturation = Saturation::left,
      .kinks = {{{0, static_cast<float>(kScale* kAlpha)}}},
      .initializer = "lecun_normal",
      .dropout = "alpha_dropout",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    return x > T(0) ? T(kScale) * x : T(kScale * kAlpha) * math::expm1_of_negative(x);
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>&) {
    return x > T(0) ? T(kScale) : T(kScale * kAlpha) * math::exp_of_negative(x);
  }
};

/// The parametric ELU (arXiv 1605.09332), which learns a and b; here they are fixed.
struct Pelu : Entry<Pelu> {
  static constexpr Traits traits{
      .name = "pelu",
      .parameters = {positive("a", 1), positive("b", 1)},
      .formula = "(a / b) x if x > 0 else a (exp(x / b) - 1)",
      .derivative = "a / b if x > 0 else (a / b) exp(x / b)",
      .range = "(-1, inf)",
      .shape = Shape::monotone,
      .saturation = Saturation::left,
      .initializer = "he_normal",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>& p) {
    return x > T(0) ? p[0] / p[1] * x : p[0] * math::expm1_of_negative(x * (T(1) / p[1]));
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>& p) {
    const T slope = p[0] / p[1];
    return x > T(0) ? slope : slope * math::exp_of_negative(math::quotient(x, p[1], T(1) / p[1]));
  }
};

/// The expanded integral of the ELU (arXiv 2411.13010), which learns alpha_p and alpha_n; here they
/// are fixed to their initial values. Implementations cut x at -1e-6 before expm1, so that f jumps
/// at 0 by as much; here it does not.
struct Xielu : Entry<Xielu> {
  static constexpr Traits traits{
      .name = "xielu",
      .parameters = {{"alpha_p", 0.8f, 0}, {"alpha_n", 0.8f, 0}, {"beta", 0.5f, 0}},
      .formula = "alpha_p x^2 + beta x if x > 0 else alpha_n (exp(x) - 1 - x) + beta x",
      .derivative = "2 alpha_p x + beta if x > 0 else alpha_n (exp(x) - 1) + beta",
      .range = "[-0.2058, inf)",
      .shape = Shape::one_minimum,
      .saturation = Saturation::none,
      .initializer = "he_normal",
  };
  SALTUS_HD static constexpr Shape shape(const Parameters<float>& p) {
    return p[1] > p[2] ? Shape::one_minimum : Shape::monotone;
  }
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>& p) {
    const T y = math::finite_where_zero(p[2], x);
    const T slope = math::fma(p[0], math::finite_where_zero(p[0], x), p[2]);
    const T above = slope * math::finite_where_zero(slope, x);
    // Far out, alpha_n x and beta x would cancel.
    const T near_zero =
        math::fma(p[1], math::expm1_minus_argument(math::clamp(x, T(-1), T(0))), p[2] * y);
    const T rest = p[2] - p[1];
    const T far = math::fma(rest, math::finite_where_zero(rest, x),
                            p[1] * math::expm1_of_negative(math::at_most(x, T(0))));
    return x > T(0) ? above : (x > T(-1) ? near_zero : far);
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>& p) {
    const T above = math::fma(T(2) * p[0], math::finite_where_zero(p[0], x), p[2]);
    const T below = math::fma(p[1], math::expm1_of_negative(math::at_most(x, T(0))), p[2]);
    return x > T(0) ? above : below;
  }
};

/// The inverse square root linear unit (arXiv 1710.09967).
struct Isrlu : Entry<Isrlu> {
  static constexpr Traits traits{
      .name = "isrlu",
      .parameters = {positive("alpha", 1)},
      .formula = "x if x > 0 else x / sqrt(1 + alpha x^2)",
      .derivative = "1 if x > 0 else (1 + alpha x^2)^(-3 / 2)",
      .range = "(-1, inf)",
      .shape = Shape::monotone,
      .saturation = Saturation::left,
      .initializer = "he_normal",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>& p) {
    const auto s = math::scaled(math::finite(x));
    const T below = s.x / math::root_of_square(s, p[0], T(1));
    return x > T(0) ? x : below;
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>& p) {
    const auto s = math::scaled(x);
    const T r = s.one / math::root_of_square(s, p[0], T(1));
    return x > T(0) ? T(1) : r * r * r;
  }
};

/// Overflows from 88.73 on.
struct Exponential : Entry<Exponential> {
  static constexpr Traits traits{
      .name = "exponential",
      .aliases = {"exp"},
      .formula = "exp(x)",
      .derivative = "exp(x)",
      .range = "(0, inf)",
      .shape = Shape::monotone,
      .saturation = Saturation::left,
      .initializer = "glorot_uniform",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    return math::exp(x);
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>&) {
    return math::exp(x);
  }
};

/// The smooth rectifier, exact everywhere (PyTorch returns x from beta x = 20 on, which in
/// fp32 is the same).
struct Softplus : Entry<Softplus> {
  static constexpr Traits traits{
      .name = "softplus",
      .aliases = {"soft_relu", "smooth_relu"},
      .parameters = {positive("beta", 1)},
      .formula = "ln(1 + exp(beta x)) / beta",
      .derivative = "1 / (1 + exp(-beta x))",
      .range = "(0, inf)",
      .shape = Shape::monotone,
      .saturation = Saturation::left,
      .initializer = "he_normal",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>& p) {
    const auto s = math::logistic(math::product(p[0], x));
    return math::at_least(x, T(0)) + math::log1p_of_unit(s.e) * (T(1) / p[0]);
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>& p) {
    const auto s = math::logistic(math::product(p[0], x));
    return s.a / s.b;
  }
};

/// A softplus without exponentials (arXiv 2112.11687); b = 4 as in Keras and JAX. Below 0 by the
/// reciprocal: the sum would cancel.
struct Squareplus : Entry<Squareplus> {
  static constexpr Traits traits{
      .name = "squareplus",
      .parameters = {positive("b", 4)},
      .formula = "(x + sqrt(x^2 + b)) / 2",
      .derivative = "(1 + x / sqrt(x^2 + b)) / 2",
      .range = "(0, inf)",
      .shape = Shape::monotone,
      .saturation = Saturation::left,
      .initializer = "he_normal",
  };
  /// (|x| + sqrt(x^2 + b)) / 2, scaled.
  template <class T>
  SALTUS_HD static T half_sum(math::Scaled<T> s, const Parameters<T>& p) {
    return T(0.5) * (math::abs(s.x) + math::root_of_square(s, T(1), p[0]));
  }
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>& p) {
    const auto s = math::scaled(x);
    const T upper = half_sum(s, p);
    const T lower = T(0.25) * p[0] * s.one / upper;
    return x > T(0) ? upper * s.inverse : lower;
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>& p) {
    const auto s = math::scaled(math::finite(x));
    const T upper = half_sum(s, p);
    const T quarter = T(0.25) * p[0] * s.one;
    const T sum = math::fma(upper, upper, quarter * s.one);
    return (x > T(0) ? upper * upper : quarter) / sum * (x > T(0) ? T(1) : s.one);
  }
};

/// From Keras and JAX.
struct SparsePlus : Entry<SparsePlus> {
  static constexpr Traits traits{
      .name = "sparse_plus",
      .formula = "0 if x <= -1; x if x >= 1; else (x + 1)^2 / 4",
      .derivative = "0 if x <= -1; 1 if x >= 1; else (x + 1) / 2",
      .range = "[0, inf)",
      .shape = Shape::monotone,
      .saturation = Saturation::left,
      .initializer = "he_normal",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    const T y = x + T(1);
    return x >= T(1) ? x : (x <= T(-1) ? T(0) : T(0.25) * y * y);
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>&) {
    return T(0.5) * math::clamp(x + T(1), T(0), T(2));
  }
};

/// Between identity (alpha to 0) and exponential (alpha = 1) (arXiv 1602.01321), which learns
/// alpha; here it is fixed. The paper's logarithms, for alpha < 0, are not defined on the whole
/// line.
struct SoftExponential : Entry<SoftExponential> {
  static constexpr Traits traits{
      .name = "soft_exponential",
      .parameters = {{"alpha", 0.5f, 1e-3f, 1}},
      .formula = "(exp(alpha x) - 1) / alpha + alpha",
      .derivative = "exp(alpha x)",
      .range = "(-1.5, inf)",
      .shape = Shape::monotone,
      .saturation = Saturation::left,
      .initializer = "glorot_uniform",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>& p) {
    return math::fma(math::expm1(p[0] * x), T(1) / p[0], p[0]);
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>& p) {
    return math::exp(p[0] * x);
  }
};

/// A line with a smooth bend.
struct BentIdentity : Entry<BentIdentity> {
  static constexpr Traits traits{
      .name = "bent_identity",
      .formula = "(sqrt(x^2 + 1) - 1) / 2 + x",
      .derivative = "x / (2 sqrt(x^2 + 1)) + 1",
      .range = "(-inf, inf)",
      .shape = Shape::monotone,
      .saturation = Saturation::none,
      .initializer = "glorot_uniform",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    const T y = math::clamp(x, T(-math::kLargest), T(math::kLargest));
    const auto s = math::scaled(y);
    const T root = math::root_of_square(s, T(1), T(1));
    return math::fma(T(0.5) * math::abs(y), math::abs(s.x) / (root + s.one), x);
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>&) {
    const auto s = math::scaled(math::finite(x));
    return math::fma(T(0.5), s.x / math::root_of_square(s, T(1), T(1)), T(1));
  }
};

/// The logarithm of both signs (symlog).
struct LogModulus : Entry<LogModulus> {
  static constexpr Traits traits{
      .name = "log_modulus",
      .aliases = {"symlog"},
      .formula = "sign(x) ln(1 + |x|)",
      .derivative = "1 / (1 + |x|)",
      .range = "(-inf, inf)",
      .shape = Shape::monotone,
      .saturation = Saturation::none,
      .initializer = "glorot_uniform",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    return math::with_sign_of(x, math::log1p(math::abs(x)));
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>&) {
    return T(1) / (T(1) + math::abs(x));
  }
};

/// The inverse hyperbolic sine.
struct Asinh : Entry<Asinh> {
  static constexpr Traits traits{
      .name = "asinh",
      .aliases = {"arcsinh"},
      .formula = "ln(x + sqrt(x^2 + 1))",
      .derivative = "1 / sqrt(x^2 + 1)",
      .range = "(-inf, inf)",
      .shape = Shape::monotone,
      .saturation = Saturation::none,
      .initializer = "glorot_uniform",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    return math::asinh(x);
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>&) {
    const auto s = math::scaled(x);
    return s.one / math::root_of_square(s, T(1), T(1));
  }
};

using ExponentialActivations =
    ActivationTypes<Elu, Celu, Selu, Pelu, Xielu, Isrlu, Exponential, Softplus, Squareplus,
                    SparsePlus, SoftExponential, BentIdentity, LogModulus, Asinh>;

}  // namespace saltus::kernels
