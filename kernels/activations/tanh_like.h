// Bounded activations around 0.
#pragma once

#include <saltus/kernels/activation_entry.h>

namespace saltus::kernels {

/// The hyperbolic tangent.
struct Tanh : Entry<Tanh> {
  static constexpr Traits traits{
      .name = "tanh",
      .formula = "tanh(x)",
      .derivative = "1 - tanh(x)^2",
      .range = "(-1, 1)",
      .shape = Shape::monotone,
      .saturation = Saturation::both,
      .initializer = "glorot_uniform",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    return math::tanh(x);
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>&) {
    return math::sech_squared(x);
  }
};

/// x cut to an interval. The slope is 0 at both ends, as in PyTorch.
struct HardTanh : Entry<HardTanh> {
  static constexpr Traits traits{
      .name = "hard_tanh",
      .aliases = {"clip"},
      .parameters = {{"low", -1}, {"high", 1}},
      .formula = "min(max(x, low), high)",
      .derivative = "1 if low < x < high else 0",
      .range = "[-1, 1]",
      .shape = Shape::monotone,
      .saturation = Saturation::both,
      .initializer = "glorot_uniform",
  };
  static constexpr Kinks kinks(const Parameters<float>& p) {
    if (p[0] > p[1]) return {};  // a constant
    return {{{p[0], 0}, {p[1], 0}}};
  }
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>& p) {
    return math::clamp(x, p[0], p[1]);
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>& p) {
    return math::unless_nan(x, x > p[0] && x < p[1] ? T(1) : T(0));
  }
};

/// The quotient that approaches its limits slowest.
struct Softsign : Entry<Softsign> {
  static constexpr Traits traits{
      .name = "softsign",
      .aliases = {"elliott"},
      .formula = "x / (1 + |x|)",
      .derivative = "1 / (1 + |x|)^2",
      .range = "(-1, 1)",
      .shape = Shape::monotone,
      .saturation = Saturation::both,
      .initializer = "glorot_uniform",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    const T y = math::finite(x);
    return y / (T(1) + math::abs(y));
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>&) {
    const T r = T(1) / (T(1) + math::abs(x));
    return r * r;
  }
};

/// The angle.
struct Arctan : Entry<Arctan> {
  static constexpr Traits traits{
      .name = "arctan",
      .aliases = {"atan"},
      .formula = "atan(x)",
      .derivative = "1 / (1 + x^2)",
      .range = "(-1.5708, 1.5708)",
      .shape = Shape::monotone,
      .saturation = Saturation::both,
      .initializer = "glorot_uniform",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    return math::atan(x);
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>&) {
    const auto s = math::scaled(x);
    return s.one / math::fma(s.x, s.x, s.one * s.one) * s.one;
  }
};

/// The tanh with f(1) = 1 and unit gain (LeCun et al., "Efficient BackProp", 1998), with the
/// initializer of that paper.
struct LecunTanh : Entry<LecunTanh> {
  static constexpr Traits traits{
      .name = "lecun_tanh",
      .formula = "1.7159 tanh(2 x / 3)",
      .derivative = "1.7159 (2 / 3) (1 - tanh(2 x / 3)^2)",
      .range = "(-1.7159, 1.7159)",
      .shape = Shape::monotone,
      .saturation = Saturation::both,
      .initializer = "lecun_normal",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    return T(1.7159) * math::tanh(T(2.0 / 3) * x);
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>&) {
    return T(1.7159 * 2 / 3) * math::sech_squared(math::product_with_constant(2.0 / 3, x));
  }
};

/// A steeper tanh; w as in the Mish paper's comparison (arXiv 1908.08681).
struct WeightedTanh : Entry<WeightedTanh> {
  static constexpr Traits traits{
      .name = "weighted_tanh",
      .parameters = {positive("w", 1.7145f)},
      .formula = "tanh(w x)",
      .derivative = "w (1 - tanh(w x)^2)",
      .range = "(-1, 1)",
      .shape = Shape::monotone,
      .saturation = Saturation::both,
      .initializer = "glorot_uniform",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>& p) {
    return math::tanh(p[0] * x);
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>& p) {
    return p[0] * math::sech_squared(math::product(p[0], x));
  }
};

/// tanh with a flatter negative side (arXiv 1602.05980). f'(0) = a.
struct PenalizedTanh : Entry<PenalizedTanh> {
  static constexpr Traits traits{
      .name = "penalized_tanh",
      .parameters = {{"a", 0.25f}},
      .formula = "tanh(x) if x > 0 else a tanh(x)",
      .derivative = "1 - tanh(x)^2 if x > 0 else a (1 - tanh(x)^2)",
      .range = "(-0.25, 1)",
      .shape = Shape::monotone,
      .saturation = Saturation::both,
      .initializer = "glorot_uniform",
  };
  SALTUS_HD static constexpr Shape shape(const Parameters<float>& p) {
    return p[0] >= 0 ? Shape::monotone : Shape::one_minimum;
  }
  static constexpr Kinks kinks(const Parameters<float>& p) { return {{{0, p[0]}}}; }
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>& p) {
    return math::tanh(x) * (x > T(0) ? T(1) : p[0]);
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>& p) {
    return math::sech_squared(x) * (x > T(0) ? T(1) : p[0]);
  }
};

/// The sigmoid stretched to (-1, 1): darknet's loggy.
struct HalfTanh : Entry<HalfTanh> {
  static constexpr Traits traits{
      .name = "half_tanh",
      .aliases = {"loggy", "bipolar_sigmoid"},
      .formula = "tanh(x / 2) = 2 / (1 + exp(-x)) - 1",
      .derivative = "(1 - f(x)^2) / 2",
      .range = "(-1, 1)",
      .shape = Shape::monotone,
      .saturation = Saturation::both,
      .initializer = "glorot_uniform",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    return math::tanh(T(0.5) * x);
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>&) {
    const auto s = math::logistic(x);
    return T(2) * s.e / (s.b * s.b);
  }
};

/// The inverse square root unit (arXiv 1710.09967).
struct Isru : Entry<Isru> {
  static constexpr Traits traits{
      .name = "isru",
      .parameters = {positive("alpha", 1)},
      .formula = "x / sqrt(1 + alpha x^2)",
      .derivative = "(1 + alpha x^2)^(-3 / 2)",
      .range = "(-1, 1)",
      .shape = Shape::monotone,
      .saturation = Saturation::both,
      .initializer = "glorot_uniform",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>& p) {
    const auto s = math::scaled(math::finite(x));
    return s.x / math::root_of_square(s, p[0], T(1));
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>& p) {
    const auto s = math::scaled(x);
    const T r = s.one / math::root_of_square(s, p[0], T(1));
    return r * r * r;
  }
};

/// Two parabolas (Wuraola and Patel, "SQNL", 2018).
struct Sqnl : Entry<Sqnl> {
  static constexpr Traits traits{
      .name = "sqnl",
      .formula = "x - sign(x) x^2 / 4 if |x| < 2 else sign(x)",
      .derivative = "1 - |x| / 2 if |x| < 2 else 0",
      .range = "[-1, 1]",
      .shape = Shape::monotone,
      .saturation = Saturation::both,
      .initializer = "glorot_uniform",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    const T y = math::clamp(x, T(-2), T(2));
    return y * (T(1) - T(0.25) * math::abs(y));
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>&) {
    return T(1) - T(0.5) * math::at_most(math::abs(x), T(2));
  }
};

/// The error function.
struct Erf : Entry<Erf> {
  static constexpr Traits traits{
      .name = "erf",
      .formula = "erf(x)",
      .derivative = "2 exp(-x^2) / sqrt(pi)",
      .range = "(-1, 1)",
      .shape = Shape::monotone,
      .saturation = Saturation::both,
      .initializer = "glorot_uniform",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    return math::erf(x);
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>&) {
    return T(1.12837916709551257390) * math::exp_of_negative(-math::product(x, x));
  }
};

/// Dynamic erf (arXiv 2512.10938), which replaces a normalization layer and learns alpha and s;
/// here they are fixed to their initial values.
struct Derf : Entry<Derf> {
  static constexpr Traits traits{
      .name = "derf",
      .aliases = {"dynamic_erf"},
      .parameters = {positive("alpha", 0.5f), {"s", 0}},
      .formula = "erf(alpha x + s)",
      .derivative = "2 alpha exp(-(alpha x + s)^2) / sqrt(pi)",
      .range = "(-1, 1)",
      .shape = Shape::monotone,
      .saturation = Saturation::both,
      .initializer = "glorot_uniform",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>& p) {
    return math::erf(math::fma(p[0], x, p[1]));
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>& p) {
    const math::Sum<T> scaled = math::product(p[0], x);
    const math::Sum<T> z = math::sum(scaled.hi, p[1]);
    const math::Sum<T> square = math::product(z.hi, z.hi);
    const math::Sum<T> exponent{-square.hi, -math::fma(T(2) * z.hi, z.lo + scaled.lo, square.lo)};
    return T(1.12837916709551257390) * p[0] * math::exp_of_negative(exponent);
  }
};

using TanhLikeActivations =
    ActivationTypes<Tanh, HardTanh, Softsign, Arctan, LecunTanh, WeightedTanh, PenalizedTanh,
                    HalfTanh, Isru, Sqnl, Erf, Derf>;

}  // namespace saltus::kernels
