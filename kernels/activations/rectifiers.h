// Piecewise linear and piecewise polynomial activations.
#pragma once

#include "kernels/activation_entry.h"

namespace saltus::kernels {

/// No activation.
struct Linear : Entry<Linear> {
  static constexpr Traits traits{
      .name = "linear",
      .aliases = {"identity", "none"},
      .formula = "x",
      .range = "(-inf, inf)",
      .shape = Shape::monotone,
      .saturation = Saturation::none,
      .initializer = "glorot_uniform",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    return x;
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>&) {
    return math::unless_nan(x, T(1));
  }
};

/// The rectifier. f'(0) = 0, as in TensorFlow, PyTorch, JAX and oneDNN.
struct Relu : Entry<Relu> {
  static constexpr Traits traits{
      .name = "relu",
      .formula = "max(x, 0)",
      .range = "[0, inf)",
      .shape = Shape::monotone,
      .saturation = Saturation::left,
      .kinks = {{{0, 0}}},
      .initializer = "he_normal",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    return math::at_least(x, T(0));
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>&) {
    return math::unless_nan(x, x > T(0) ? T(1) : T(0));
  }
};

/// Keras's slope 0.2 (its function and TensorFlow's; PyTorch, JAX and ONNX 0.01, Keras's layer 0.3,
/// darknet 0.1). f'(0) = alpha, as in TensorFlow, PyTorch and oneDNN; JAX has 1.
struct LeakyRelu : Entry<LeakyRelu> {
  static constexpr Traits traits{
      .name = "leaky_relu",
      .aliases = {"lrelu"},
      .parameters = {{"alpha", 0.2f}},
      .formula = "x if x > 0 else alpha x",
      .range = "(-inf, inf)",
      .shape = Shape::monotone,
      .saturation = Saturation::none,
      .initializer = "he_normal",
  };
  static constexpr Shape shape(const Parameters<float>& p) {
    return p[0] >= 0 ? Shape::monotone : Shape::one_minimum;
  }
  static constexpr Kinks kinks(const Parameters<float>& p) { return {{{0, p[0]}}}; }
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>& p) {
    return x > T(0) ? x : p[0] * x;
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>& p) {
    return math::unless_nan(x, x > T(0) ? T(1) : p[0]);
  }
};

using RectifierActivations = ActivationTypes<Linear, Relu, LeakyRelu>;

}  // namespace saltus::kernels
