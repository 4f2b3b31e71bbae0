// Sines and what is made of them.
#pragma once

#include <saltus/kernels/activation_entry.h>
#include <saltus/kernels/activations/gated.h>

namespace saltus::kernels {

/// sin(omega x) (SIREN, arXiv 2006.09661, which starts with omega = 30); right for every float,
/// whatever omega. SIREN draws its weights from U(-sqrt(6 / n), sqrt(6 / n)), which is he_uniform.
struct Sine : Entry<Sine> {
  static constexpr Traits traits{
      .name = "sine",
      .aliases = {"sin", "sinusoid", "siren"},
      .parameters = {{"omega", 1}},
      .formula = "sin(omega x)",
      .derivative = "omega cos(omega x)",
      .range = "[-1, 1]",
      .shape = Shape::other,
      .saturation = Saturation::none,
      .initializer = "he_uniform",
      .fast_defaults = true,
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>& p) {
    return math::sincos_of_product(p[0], x).sin;
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>& p) {
    return p[0] * math::sincos_of_product(p[0], x).cos;
  }
};

/// sine, a quarter turn on.
struct Cosine : Entry<Cosine> {
  static constexpr Traits traits{
      .name = "cosine",
      .aliases = {"cos"},
      .parameters = {{"omega", 1}},
      .formula = "cos(omega x)",
      .derivative = "-omega sin(omega x)",
      .range = "[-1, 1]",
      .shape = Shape::other,
      .saturation = Saturation::none,
      .initializer = "he_uniform",
      .fast_defaults = true,
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>& p) {
    return math::sincos_of_product(p[0], x).cos;
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>& p) {
    return -p[0] * math::sincos_of_product(p[0], x).sin;
  }
};

/// sin(x) / x, 1 at 0.
struct Sinc : Entry<Sinc> {
  static constexpr Traits traits{
      .name = "sinc",
      .formula = "sin(x) / x",
      .derivative = "(x cos(x) - sin(x)) / x^2",
      .range = "[-0.2172, 1]",
      .shape = Shape::other,
      .saturation = Saturation::both,
      .initializer = "glorot_uniform",
  };
  /// x, or where it is 0 a number so small that sin(x) = x.
  template <class T>
  SALTUS_HD static T not_zero(T x) {
    return x == T(0) ? T(1e-30) : x;
  }
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    const T y = not_zero(x);
    const T value = math::sincos(y).sin / y;
    return math::abs(x) > T(math::kLargest) ? T(0) : value;
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>&) {
    const T value = math::sinc_slope(x, math::sincos(not_zero(x)));
    return math::abs(x) > T(math::kLargest) ? T(0) : value;
  }
};

/// From arXiv 2006.08195, whose variance argument gives lecun_uniform. As sin^2: the form with 1 -
/// cos cancels.
struct Snake : Entry<Snake> {
  static constexpr Traits traits{
      .name = "snake",
      .parameters = {positive("a", 1)},
      .formula = "x + sin(a x)^2 / a",
      .derivative = "1 + sin(2 a x)",
      .range = "(-inf, inf)",
      .shape = Shape::monotone,
      .saturation = Saturation::none,
      .initializer = "lecun_uniform",
      .fast_defaults = true,
  };
  /// Sine and cosine of a x; at infinity, where it does not matter, of a finite angle.
  template <class T>
  SALTUS_HD static math::SinCos<T> sincos(T x, const Parameters<T>& p) {
    const T y = math::clamp(x, T(-math::kLargest), T(math::kLargest));
    return math::sincos_of_product(p[0], y);
  }
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>& p) {
    const T s = sincos(x, p).sin;
    return math::fma(s * s, T(1) / p[0], x);
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>& p) {
    const auto at = sincos(x, p);
    // 1 + sin(2 a x)
    const T root = at.sin + at.cos;
    return root * root;
  }
};

/// GELUSine, which a search found (arXiv 2602.05688).
struct GeluSine : Entry<GeluSine> {
  static constexpr Traits traits{
      .name = "gelu_sine",
      .formula = "gelu(x) + 0.1 sin(x)",
      .derivative = "gelu'(x) + 0.1 cos(x)",
      .range = "[-0.2440, inf)",
      .shape = Shape::other,
      .saturation = Saturation::none,
      .initializer = "he_normal",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>& p) {
    return math::fma(T(0.1), math::sin(math::at_most(x, T(math::kLargest))), Gelu::f(x, p));
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>& p) {
    return math::fma(T(0.1), math::cos(x), Gelu::df(x, p));
  }
};

/// GELU-Sinc-Perturbation, which a search found (arXiv 2602.05688); its sinc(x) is sin(pi x) / (pi
/// x), as NumPy's.
struct GeluSinc : Entry<GeluSinc> {
  static constexpr Traits traits{
      .name = "gelu_sinc",
      .aliases = {"gelu_sinc_perturbation"},
      .formula = "gelu(x) (1 + sin(pi x) / (2 pi x))",
      .derivative =
          "gelu'(x) (1 + q) + gelu(x) (cos(pi x) / 2 - q) / x, with q = sin(pi x) / (2 pi x)",
      .range = "[-0.2063, inf)",
      .shape = Shape::one_minimum,
      .saturation = Saturation::left,
      .initializer = "he_normal",
  };
  /// cos(pi x), and 1 + sinc(x) / 2.
  template <class T>
  struct Parts {
    T cosine, gain;
  };
  template <class T>
  SALTUS_HD static Parts<T> parts(T x) {
    const T y = math::clamp(math::abs(x), T(1e-30), T(math::kLargest));
    const auto at = math::sincos_of_half_turns(y);
    return {at.cos, math::fma(T(0.15915494309189533577), at.sin / y, T(1))};
  }
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>& p) {
    return Gelu::f(x, p) * parts(x).gain;
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>&) {
    const auto tail = math::normal_tail(x);
    const T phi = x > T(0) ? T(1) - tail.upper : tail.upper;
    const Parts<T> s = parts(x);
    return math::fma(math::finite(x) * tail.density, s.gain,
                     phi * math::fma(T(0.5), s.cosine, T(1)));
  }
};

using PeriodicActivations = ActivationTypes<Sine, Cosine, Sinc, Snake, GeluSine, GeluSinc>;

}  // namespace saltus::kernels
