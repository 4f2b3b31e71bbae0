// Bounded activations: sigmoid and its kin.
#pragma once

#include "kernels/activation_entry.h"

namespace saltus::kernels {

/// The logistic function. Below -88 it underflows gradually, as it should.
struct Sigmoid : Entry<Sigmoid> {
  static constexpr Traits traits{
      .name = "sigmoid",
      .aliases = {"logistic", "expit"},
      .formula = "1 / (1 + exp(-x))",
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

/// The hyperbolic tangent.
struct Tanh : Entry<Tanh> {
  static constexpr Traits traits{
      .name = "tanh",
      .formula = "tanh(x)",
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

using SigmoidalActivations = ActivationTypes<Sigmoid, Tanh>;

}  // namespace saltus::kernels
