// x times a gate that is a sigmoid, a normal distribution or a cosine. The slope needs x, never
// f(x) alone.
#pragma once

#include <saltus/kernels/activation_entry.h>

namespace saltus::kernels {

/// x sigmoid(x) (arXiv 1702.03118): Swish with beta = 1.
struct Silu : Entry<Silu> {
  static constexpr Traits traits{
      .name = "silu",
      .aliases = {"swish_1"},
      .formula = "x / (1 + exp(-x))",
      .derivative = "s (1 + x (1 - s)), with s = sigmoid(x)",
      .range = "[-0.2785, inf)",
      .shape = Shape::one_minimum,
      .saturation = Saturation::left,
      .initializer = "he_normal",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    const auto s = math::logistic(x);
    return math::at_least(x, T(-math::kLargest)) * s.a / s.b;
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>&) {
    const auto s = math::logistic(x);
    return math::fma(math::finite(x), s.e, s.a * s.b) / (s.b * s.b);
  }
};

/// x sigmoid(beta x) (arXiv 1710.05941), which may learn beta; here it is fixed. beta = 1 is silu,
/// and what Keras and PyTorch mean.
struct Swish : Entry<Swish> {
  static constexpr Traits traits{
      .name = "swish",
      .parameters = {{"beta", 1}},
      .formula = "x / (1 + exp(-beta x))",
      .derivative = "s (1 + beta x (1 - s)), with s = sigmoid(beta x)",
      .range = "[-0.2785, inf)",
      .shape = Shape::one_minimum,
      .saturation = Saturation::left,
      .initializer = "he_normal",
      .fast_defaults = true,
  };
  SALTUS_HD static constexpr Shape shape(const Parameters<float>& p) {
    if (p[0] > 0) return Shape::one_minimum;
    return p[0] == 0 ? Shape::monotone : Shape::other;
  }
  /// beta x
  template <class T>
  SALTUS_HD static math::Sum<T> exponent(T x, const Parameters<T>& p) {
    return math::product(p[0], math::finite_where_zero(p[0], x));
  }
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>& p) {
    const auto s = math::logistic(exponent(x, p));
    // The gate is closed where y is negative, if beta is not 0.
    const T side = math::with_sign_of(p[0], T(1));
    const T low = p[0] == T(0) ? T(-math::kInfinity) : T(-math::kLargest);
    return side * math::at_least(side * x, low) * s.a / s.b;
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>& p) {
    const math::Sum<T> u = exponent(x, p);
    const auto s = math::logistic(u);
    return math::fma(math::finite(u.hi), s.e, s.a * s.b) / (s.b * s.b);
  }
};

/// A multiple of silu (arXiv 1801.07145, beta in [1, 2]); beta as in the Mish paper's comparison.
struct ESwish : Entry<ESwish> {
  static constexpr Traits traits{
      .name = "e_swish",
      .parameters = {{"beta", 1.75f}},
      .formula = "beta x / (1 + exp(-x))",
      .derivative = "beta s (1 + x (1 - s)), with s = sigmoid(x)",
      .range = "[-0.4873, inf)",
      .shape = Shape::one_minimum,
      .saturation = Saturation::left,
      .initializer = "he_normal",
      .fast_defaults = true,
  };
  SALTUS_HD static constexpr Shape shape(const Parameters<float>& p) {
    return p[0] >= 0 ? Shape::one_minimum : Shape::other;
  }
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>& p) {
    return p[0] * math::finite_where_zero(p[0], Silu::f(x, p));
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>& p) {
    return p[0] * Silu::df(x, p);
  }
};

/// The Gompertz linear unit (arXiv 2502.03654).
struct Golu : Entry<Golu> {
  static constexpr Traits traits{
      .name = "golu",
      .parameters = {positive("alpha", 1), positive("beta", 1), positive("gamma", 1)},
      .formula = "alpha x exp(-beta exp(-gamma x))",
      .derivative = "alpha g (1 + beta gamma x exp(-gamma x)), with g = exp(-beta exp(-gamma x))",
      .range = "[-0.0973, inf)",
      .shape = Shape::one_minimum,
      .saturation = Saturation::left,
      .initializer = "he_normal",
  };
  /// gamma x, cut where it makes no difference, w = beta exp(-gamma x), and exp(-w).
  template <class T>
  struct Parts {
    T turn, w, gate;
  };
  template <class T>
  SALTUS_HD static Parts<T> parts(T x, const Parameters<T>& p) {
    const auto z = math::product(p[2], x);
    const T turn = math::clamp(z.hi, T(-20), T(80));
    const auto growth = math::exp_as_sum(math::Sum<T>{-turn, turn == z.hi ? -z.lo : T(0)});
    const auto w = math::product(p[1], growth.hi);
    const math::Sum<T> exponent{-w.hi, -math::fma(p[1], growth.lo, w.lo)};
    return {turn, w.hi, math::exp_of_negative(exponent)};
  }
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>& p) {
    return p[0] * (math::at_least(x, T(-math::kLargest)) * parts(x, p).gate);
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>& p) {
    const Parts<T> s = parts(x, p);
    return p[0] * s.gate * math::fma(s.turn, s.w, T(1));
  }
};

/// GELU by a sigmoid (arXiv 1606.08415).
struct QuickGelu : Entry<QuickGelu> {
  static constexpr Traits traits{
      .name = "quick_gelu",
      .formula = "x / (1 + exp(-1.702 x))",
      .derivative = "s (1 + 1.702 x (1 - s)), with s = sigmoid(1.702 x)",
      .range = "[-0.1636, inf)",
      .shape = Shape::one_minimum,
      .saturation = Saturation::left,
      .initializer = "he_normal",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    const auto s = math::logistic(math::product_with_constant(1.702, x));
    return math::at_least(x, T(-math::kLargest)) * s.a / s.b;
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>&) {
    const auto s = math::logistic(math::product_with_constant(1.702, x));
    return math::fma(T(1.702) * math::finite(x), s.e, s.a * s.b) / (s.b * s.b);
  }
};

/// The Gaussian error linear unit (arXiv 1606.08415), exact: x Phi(x). Keras's activations, PyTorch
/// and ONNX mean this one by default; jax.nn.gelu and TensorFlow Addons mean gelu_tanh.
struct Gelu : Entry<Gelu> {
  static constexpr Traits traits{
      .name = "gelu",
      .aliases = {"gelu_erf", "gelu_exact"},
      .formula = "x (1 + erf(x / sqrt(2))) / 2",
      .derivative = "(1 + erf(x / sqrt(2))) / 2 + x exp(-x^2 / 2) / sqrt(2 pi)",
      .range = "[-0.1700, inf)",
      .shape = Shape::one_minimum,
      .saturation = Saturation::left,
      .initializer = "he_normal",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    const T upper = math::normal_tail(x).upper;
    return math::at_least(x, T(-math::kLargest)) * (x > T(0) ? T(1) - upper : upper);
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>&) {
    const auto tail = math::normal_tail(x);
    return math::fma(math::finite(x), tail.density, x > T(0) ? T(1) - tail.upper : tail.upper);
  }
};

/// GELU by its tanh approximation (arXiv 1606.08415): x sigmoid(2 u) with
/// u = sqrt(2 / pi) (x + 0.044715 x^3). The one that BERT, GPT-2 and many tutorials use.
struct GeluTanh : Entry<GeluTanh> {
  static constexpr Traits traits{
      .name = "gelu_tanh",
      .aliases = {"gelu_new", "gelu_approximate"},
      .formula = "x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2",
      .derivative =
          "(1 + t) / 2 + x (1 - t^2) (1 + 0.134145 x^2) / sqrt(2 pi), with t = tanh(sqrt(2 / pi) "
          "(x + 0.044715 x^3))",
      .range = "[-0.1700, inf)",
      .shape = Shape::one_minimum,
      .saturation = Saturation::left,
      .initializer = "he_normal",
  };
  static constexpr double kLinear = 1.59576912160573071176;  // 2 sqrt(2 / pi)
  static constexpr double kCubic = kLinear * 0.044715;

  /// sigmoid(2 u), 2 u = x (kLinear + kCubic x^2) to more than float's digits: exp multiplies its
  /// error.
  template <class T>
  SALTUS_HD static math::Logistic<T> gate(T x) {
    const auto square = math::product(x, x);
    const auto cubic = math::product_with_constant(kCubic, square.hi);
    const auto slope = math::sum_with_constant(kLinear, cubic.hi);
    const T rest = slope.lo + math::fma(T(kCubic), square.lo, cubic.lo);
    const auto u = math::product(slope.hi, x);
    return math::logistic(math::Sum<T>{u.hi, math::fma(rest, x, u.lo)});
  }
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    const auto s = gate(x);
    return math::at_least(x, T(-math::kLargest)) * s.a / s.b;
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>&) {
    const auto s = gate(x);
    // Where x (2 u)' would overflow, the gate has long vanished.
    const T y = math::clamp(x, T(-1e9), T(1e9));
    const T slope = y * math::fma(T(3 * kCubic) * y, y, T(kLinear));
    return math::fma(slope, s.e, s.a * s.b) / (s.b * s.b);
  }
};

/// The derivative of silu as an activation (arXiv 1702.03118).
struct Dsilu : Entry<Dsilu> {
  static constexpr Traits traits{
      .name = "dsilu",
      .formula = "sigmoid(x) (1 + x (1 - sigmoid(x)))",
      .derivative = "s (1 - s) (2 + x (1 - 2 s)), with s = sigmoid(x)",
      .range = "[-0.0998, 1.0998]",
      .shape = Shape::other,
      .saturation = Saturation::both,
      .initializer = "glorot_uniform",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>& p) {
    return Silu::df(x, p);
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>&) {
    const auto s = math::logistic(x);
    return s.e * math::fma(math::finite(x), s.c - s.a, T(2) * s.b) / (s.b * s.b * s.b);
  }
};

/// Flatten-T Swish (arXiv 1812.06247). f'(0) = 0.
struct FtSwish : Entry<FtSwish> {
  static constexpr Traits traits{
      .name = "ftswish",
      .aliases = {"flatten_t_swish"},
      .parameters = {{"t", -0.2f}},
      .formula = "x sigmoid(x) + t if x > 0 else t",
      .derivative = "s (1 + x (1 - s)) if x > 0 else 0, with s = sigmoid(x)",
      .range = "[-0.2, inf)",
      .shape = Shape::monotone,
      .saturation = Saturation::left,
      .kinks = {{{0, 0}}},
      .initializer = "he_normal",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>& p) {
    return x <= T(0) ? p[0] : Silu::f(x, p) + p[0];
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>& p) {
    return math::unless_nan(x, x <= T(0) ? T(0) : Silu::df(x, p));
  }
};

/// ACON-C (arXiv 2009.04759), a smooth maximum of p1 x and p2 x, which learns its three numbers;
/// here they are fixed, by default to a smooth leaky rectifier.
struct AconC : Entry<AconC> {
  static constexpr Traits traits{
      .name = "acon_c",
      .parameters = {{"p1", 1}, {"p2", 0.25f}, positive("beta", 1)},
      .formula = "(p1 - p2) x sigmoid(beta (p1 - p2) x) + p2 x",
      .derivative = "d s (1 + beta d x (1 - s)) + p2, with d = p1 - p2, s = sigmoid(beta d x)",
      .range = "(-inf, inf)",
      .shape = Shape::monotone,
      .saturation = Saturation::none,
      .initializer = "he_normal",
      .fast_defaults = true,
  };
  SALTUS_HD static constexpr Shape shape(const Parameters<float>& p) {
    // The slope runs from p2 down to p2 - 0.0999 d, up to p2 + 1.0999 d, and down to p1.
    const float d = p[0] - p[1];
    if (d < 0 || p[0] < 0) return Shape::other;
    if (p[1] <= 0) return Shape::one_minimum;
    return p[1] >= 0.1f * d ? Shape::monotone : Shape::other;
  }
  /// max(p1 x, p2 x) - |d x| sigmoid(-|u|) with d = p1 - p2 and u = beta d x: far out, no term
  /// cancels another.
  template <class T>
  struct Parts {
    T gap;   ///< |d|
    T u;     ///< |u|
    T e, b;  ///< sigmoid(-|u|) = e / b
  };
  template <class T>
  SALTUS_HD static Parts<T> parts(T x, const Parameters<T>& p) {
    const T gap = math::abs(p[0] - p[1]);
    const T steepness = p[2] * gap;
    const auto u = math::product(steepness, math::finite_where_zero(steepness, math::abs(x)));
    const T e = math::exp_of_negative(-u);
    return {gap, u.hi, e, T(1) + e};
  }
  /// The slopes of the larger of both lines.
  template <class T>
  SALTUS_HD static T left(const Parameters<T>& p) {
    return math::at_most(p[0], p[1]);
  }
  template <class T>
  SALTUS_HD static T right(const Parameters<T>& p) {
    return math::at_least(p[0], p[1]);
  }
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>& p) {
    const Parts<T> s = parts(x, p);
    const T line = x < T(0) ? left(p) * math::finite_where_zero(left(p), x)
                            : right(p) * math::finite_where_zero(right(p), x);
    return line - s.gap * s.e / s.b * math::at_most(math::abs(x), T(math::kLargest));
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>& p) {
    const Parts<T> s = parts(x, p);
    const T bend = s.gap * s.e * (math::at_most(s.u, T(0x1p100)) - s.b) / (s.b * s.b);
    return x < T(0) ? left(p) - bend : right(p) + bend;
  }
};

/// Silu on the right, (exp(x) - 1) sigmoid(x) on the left (arXiv 1808.00783).
struct Elish : Entry<Elish> {
  static constexpr Traits traits{
      .name = "elish",
      .formula = "x sigmoid(x) if x >= 0 else (exp(x) - 1) sigmoid(x)",
      .derivative =
          "s (1 + x (1 - s)) if x >= 0 else s (exp(x) + (exp(x) - 1) (1 - s)), with s = sigmoid(x)",
      .range = "[-0.1716, inf)",
      .shape = Shape::one_minimum,
      .saturation = Saturation::left,
      .initializer = "he_normal",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    const auto left = math::exp_pair_of_negative(-math::abs(x));
    return (x < T(0) ? left.expm1 * left.exp : x) / (T(1) + left.exp);
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>&) {
    const auto left = math::exp_pair_of_negative(-math::abs(x));
    const T b = T(1) + left.exp;
    const T below = left.exp * math::fma(left.exp, b, left.expm1);
    return (x < T(0) ? below : math::fma(math::finite(x), left.exp, b)) / (b * b);
  }
};

/// Elish with a piecewise linear gate (arXiv 1808.00783). At the kinks -1 and 1 the slope is the
/// outer one.
struct HardElish : Entry<HardElish> {
  static constexpr Traits traits{
      .name = "hard_elish",
      .formula = "x h if x >= 0 else (exp(x) - 1) h, with h = min(max((x + 1) / 2, 0), 1)",
      .derivative = "1 if x >= 1; x + 1 / 2 if x >= 0; 0 if x <= -1; else (exp(x) (x + 2) - 1) / 2",
      .range = "[-0.1534, inf)",
      .shape = Shape::one_minimum,
      .saturation = Saturation::left,
      .kinks = {{{-1, 0}, {1, 1}}},
      .initializer = "he_normal",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    const T gate = T(0.5) * math::clamp(x + T(1), T(0), T(2));
    return (x < T(0) ? math::expm1_of_negative(x) : x) * gate;
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>&) {
    const auto left = math::exp_pair_of_negative(math::at_most(x, T(0)));
    const T below = T(0.5) * math::fma(left.exp, x + T(1), left.expm1);
    const T above = x < T(1) ? x + T(0.5) : T(1);
    return math::unless_nan(x, x < T(0) ? (x > T(-1) ? below : T(0)) : above);
  }
};

/// From arXiv 2003.00547, which learns alpha and beta; here they are fixed to its initial values.
/// It has a pole where beta >= e alpha.
struct SoftRootSign : Entry<SoftRootSign> {
  static constexpr Traits traits{
      .name = "soft_root_sign",
      .aliases = {"srs"},
      .parameters = {positive("alpha", 2), positive("beta", 3)},
      .formula = "x / (x / alpha + exp(-x / beta))",
      .derivative = "e (1 + x / beta) / (x / alpha + e)^2, with e = exp(-x / beta)",
      .range = "[-2.4625, 2)",
      .shape = Shape::one_minimum,
      .saturation = Saturation::both,
      .initializer = "he_normal",
  };
  SALTUS_HD static constexpr Shape shape(const Parameters<float>& p) {
    return p[1] < 2.718f * p[0] ? Shape::one_minimum : Shape::other;
  }
  /// Numerator and denominator times e^(x / beta) where x < 0, so that neither overflows.
  template <class T>
  struct Parts {
    T x, gain, decay;
  };
  template <class T>
  SALTUS_HD static Parts<T> parts(T x, const Parameters<T>& p) {
    // Far out f is constant; farther, x^2 would overflow.
    const T y = math::clamp(x, T(-1e12), T(1e12));
    const auto z = math::quotient(y, p[1], T(1) / p[1]);
    const T e = math::exp_of_negative(y < T(0) ? z : -z);
    return {y, y < T(0) ? e : T(1), y < T(0) ? T(1) : e};
  }
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>& p) {
    const Parts<T> s = parts(x, p);
    return s.x * s.gain / math::fma(s.x * (T(1) / p[0]), s.gain, s.decay);
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>& p) {
    const Parts<T> s = parts(x, p);
    const T root = math::fma(s.x * (T(1) / p[0]), s.gain, s.decay);
    return s.gain * s.decay * math::fma(s.x, T(1) / p[1], T(1)) / (root * root);
  }
};

/// The growing cosine unit (arXiv 2108.12943).
struct Gcu : Entry<Gcu> {
  static constexpr Traits traits{
      .name = "gcu",
      .aliases = {"growing_cosine"},
      .formula = "x cos(x)",
      .derivative = "cos(x) - x sin(x)",
      .range = "(-inf, inf)",
      .shape = Shape::other,
      .saturation = Saturation::none,
      .initializer = "glorot_uniform",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    return x * math::cos(x);
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>&) {
    const auto at = math::sincos(x);
    return math::fma(-x, at.sin, at.cos);
  }
};

using GatedActivations =
    ActivationTypes<Silu, Swish, ESwish, Golu, QuickGelu, Gelu, GeluTanh, Dsilu, FtSwish, AconC,
                    Elish, HardElish, SoftRootSign, Gcu>;

}  // namespace saltus::kernels
