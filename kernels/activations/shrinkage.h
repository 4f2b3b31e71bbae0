// Activations that pull towards zero.
#pragma once

#include <saltus/kernels/activation_entry.h>

namespace saltus::kernels {

/// lambda towards zero, nothing below. The slope is 0 on the closed interval, as in PyTorch.
struct SoftShrink : Entry<SoftShrink> {
  static constexpr Traits traits{
      .name = "soft_shrink",
      .parameters = {{"lambda", 0.5f, 0}},
      .formula = "sign(x) max(|x| - lambda, 0)",
      .derivative = "1 if |x| > lambda else 0",
      .range = "(-inf, inf)",
      .shape = Shape::monotone,
      .saturation = Saturation::none,
      .initializer = "glorot_uniform",
  };
  static constexpr Kinks kinks(const Parameters<float>& p) { return {{{-p[0], 0}, {p[0], 0}}}; }
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>& p) {
    return x - math::clamp(x, -p[0], p[0]);
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>& p) {
    return math::unless_nan(x, math::abs(x) > p[0] ? T(1) : T(0));
  }
};

/// 0 on [-lambda, lambda], x outside; the slope is 0 at both jumps, as in PyTorch.
struct HardShrink : Entry<HardShrink> {
  static constexpr Traits traits{
      .name = "hard_shrink",
      .parameters = {{"lambda", 0.5f, 0}},
      .formula = "x if |x| > lambda else 0",
      .derivative = "1 if |x| > lambda else 0",
      .range = "(-inf, inf)",
      .shape = Shape::monotone,
      .saturation = Saturation::none,
      .initializer = "glorot_uniform",
  };
  static constexpr Kinks kinks(const Parameters<float>& p) { return {{{-p[0], 0}, {p[0], 0}}}; }
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>& p) {
    return math::abs(x) <= p[0] ? T(0) : x;
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>& p) {
    return math::unless_nan(x, math::abs(x) > p[0] ? T(1) : T(0));
  }
};

/// By a series below |x| = 1, where the difference would cancel.
struct TanhShrink : Entry<TanhShrink> {
  static constexpr Traits traits{
      .name = "tanh_shrink",
      .formula = "x - tanh(x)",
      .derivative = "tanh(x)^2",
      .range = "(-inf, inf)",
      .shape = Shape::monotone,
      .saturation = Saturation::none,
      .initializer = "glorot_uniform",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    return math::minus_tanh(x);
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>&) {
    const T y = math::tanh(x);
    return y * y;
  }
};

using ShrinkageActivations = ActivationTypes<SoftShrink, HardShrink, TanhShrink>;

}  // namespace saltus::kernels
