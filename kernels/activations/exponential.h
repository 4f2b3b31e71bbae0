// Smooth rectifiers and exponential linear units.
#pragma once

#include "kernels/activation_entry.h"

namespace saltus::kernels {

/// The exponential linear unit (arXiv 1511.07289), by expm1: exp(x) - 1 would lose every digit of
/// small negative x. Where alpha is not 1, f'(0) = alpha, as in PyTorch and JAX; TensorFlow has 1.
struct Elu : Entry<Elu> {
  static constexpr Traits traits{
      .name = "elu",
      .parameters = {{"alpha", 1}},
      .formula = "x if x > 0 else alpha (exp(x) - 1)",
      .range = "(-1, inf)",
      .shape = Shape::monotone,
      .saturation = Saturation::left,
      .initializer = "he_normal",
  };
  static constexpr Shape shape(const Parameters<float>& p) {
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

/// The scaled exponential linear unit of self-normalising networks (arXiv 1706.02515), with the
/// initializer and the dropout that it needs. f'(0) = scale * alpha, as in PyTorch and JAX.
struct Selu : Entry<Selu> {
  static constexpr double kAlpha = 1.6732632423543772848170429916717;
  static constexpr double kScale = 1.0507009873554804934193349852946;
  static constexpr Traits traits{
      .name = "selu",
      .formula = "1.0507 x if x > 0 else 1.0507 * 1.67326 (exp(x) - 1)",
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

/// ln(1 + exp(beta x)) / beta, exact everywhere (PyTorch returns x from beta x = 20 on, which in
/// fp32 is the same).
struct Softplus : Entry<Softplus> {
  static constexpr Traits traits{
      .name = "softplus",
      .aliases = {"soft_relu", "smooth_relu"},
      .parameters = {positive("beta", 1)},
      .formula = "ln(1 + exp(beta x)) / beta",
      .range = "(0, inf)",
      .shape = Shape::monotone,
      .saturation = Saturation::left,
      .initializer = "he_normal",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>& p) {
    const auto s = math::logistic(math::product(p[0], x));
    return math::at_least(x, T(0)) + math::log1p_of_unit(s.e) / p[0];
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>& p) {
    const auto s = math::logistic(math::product(p[0], x));
    return s.a / s.b;
  }
};

using ExponentialActivations = ActivationTypes<Elu, Selu, Softplus>;

}  // namespace saltus::kernels
