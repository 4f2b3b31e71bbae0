// Sines and what is made of them.
#pragma once

#include "kernels/activation_entry.h"

namespace saltus::kernels {

/// sin(omega x) (SIREN, arXiv 2006.09661, which starts with omega = 30); right for every float. Its
/// weights are drawn from U(-sqrt(6 / n), sqrt(6 / n)), which is he_uniform.
struct Sine : Entry<Sine> {
  static constexpr Traits traits{
      .name = "sine",
      .aliases = {"sin", "sinusoid", "siren"},
      .parameters = {{"omega", 1}},
      .formula = "sin(omega x)",
      .range = "[-1, 1]",
      .shape = Shape::other,
      .saturation = Saturation::none,
      .initializer = "he_uniform",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>& p) {
    return math::sin(p[0] * x);
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>& p) {
    return p[0] * math::cos(p[0] * x);
  }
};

using PeriodicActivations = ActivationTypes<Sine>;

}  // namespace saltus::kernels
