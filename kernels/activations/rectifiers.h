// Piecewise linear and piecewise polynomial activations.
#pragma once

#include <saltus/kernels/activation_entry.h>

namespace saltus::kernels {

/// No activation.
struct Linear : Entry<Linear> {
  static constexpr Traits traits{
      .name = "linear",
      .aliases = {"identity", "none"},
      .formula = "x",
      .derivative = "1",
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
      .derivative = "1 if x > 0 else 0",
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

/// The rectifier cut at 6. The slope is 0 at both kinks, as in TensorFlow and PyTorch.
struct Relu6 : Entry<Relu6> {
  static constexpr Traits traits{
      .name = "relu6",
      .formula = "min(max(x, 0), 6)",
      .derivative = "1 if 0 < x < 6 else 0",
      .range = "[0, 6]",
      .shape = Shape::monotone,
      .saturation = Saturation::both,
      .kinks = {{{0, 0}, {6, 0}}},
      .initializer = "he_normal",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    return math::clamp(x, T(0), T(6));
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>&) {
    return math::unless_nan(x, x > T(0) && x < T(6) ? T(1) : T(0));
  }
};

/// x above theta, a constant up to it. theta = 1 and value = 0 as Keras's ThresholdedReLU and ONNX;
/// PyTorch has no defaults. The slope at theta is 0.
struct Threshold : Entry<Threshold> {
  static constexpr Traits traits{
      .name = "threshold",
      .aliases = {"thresholded_relu"},
      .parameters = {{"theta", 1}, {"value", 0}},
      .formula = "x if x > theta else value",
      .derivative = "1 if x > theta else 0",
      .range = "{0} and (1, inf)",
      .shape = Shape::monotone,
      .saturation = Saturation::left,
      .initializer = "he_normal",
  };
  SALTUS_HD static constexpr Shape shape(const Parameters<float>& p) {
    return p[1] <= p[0] ? Shape::monotone : Shape::one_minimum;
  }
  static constexpr Kinks kinks(const Parameters<float>& p) { return {{{p[0], 0}}}; }
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>& p) {
    return x <= p[0] ? p[1] : x;
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>& p) {
    return math::unless_nan(x, x > p[0] ? T(1) : T(0));
  }
};

/// Keras's slope 0.2 (its function and TensorFlow's; PyTorch, JAX and ONNX 0.01, which is also
/// darknet's relie; Keras's layer 0.3). f'(0) = alpha, as in TensorFlow, PyTorch and oneDNN; JAX
/// has 1.
struct LeakyRelu : Entry<LeakyRelu> {
  static constexpr Traits traits{
      .name = "leaky_relu",
      .aliases = {"lrelu"},
      .parameters = {{"alpha", 0.2f}},
      .formula = "x if x > 0 else alpha x",
      .derivative = "1 if x > 0 else alpha",
      .range = "(-inf, inf)",
      .shape = Shape::monotone,
      .saturation = Saturation::none,
      .initializer = "he_normal",
  };
  SALTUS_HD static constexpr Shape shape(const Parameters<float>& p) {
    return p[0] >= 0 ? Shape::monotone : Shape::one_minimum;
  }
  static constexpr Kinks kinks(const Parameters<float>& p) { return {{{0, p[0]}}}; }
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>& p) {
    return x > T(0) ? x : p[0] * math::finite_where_zero(p[0], x);
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>& p) {
    return math::unless_nan(x, x > T(0) ? T(1) : p[0]);
  }
};

/// From Primer (arXiv 2109.08668).
struct SquaredRelu : Entry<SquaredRelu> {
  static constexpr Traits traits{
      .name = "squared_relu",
      .aliases = {"relu_squared", "sqr_relu"},
      .formula = "max(x, 0)^2",
      .derivative = "2 max(x, 0)",
      .range = "[0, inf)",
      .shape = Shape::monotone,
      .saturation = Saturation::left,
      .initializer = "he_normal",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    const T y = math::at_least(x, T(0));
    return y * y;
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>&) {
    return T(2) * math::at_least(x, T(0));
  }
};

/// From MetaFormer baselines (arXiv 2210.13452), with the values that keep mean 0 and variance 1 of
/// a normal input.
struct StarRelu : Entry<StarRelu> {
  static constexpr Traits traits{
      .name = "star_relu",
      .parameters = {{"scale", 0.8944f}, {"bias", -0.4472f}},
      .formula = "scale max(x, 0)^2 + bias",
      .derivative = "2 scale max(x, 0)",
      .range = "[-0.4472, inf)",
      .shape = Shape::monotone,
      .saturation = Saturation::left,
      .initializer = "he_normal",
  };
  SALTUS_HD static constexpr Shape shape(const Parameters<float>& p) {
    return p[0] >= 0 ? Shape::monotone : Shape::one_minimum;
  }
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>& p) {
    const T y = math::finite_where_zero(p[0], math::at_least(x, T(0)));
    return math::fma(p[0] * y, y, p[1]);
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>& p) {
    return T(2) * p[0] * math::finite_where_zero(p[0], math::at_least(x, T(0)));
  }
};

/// The S-shaped rectifier (arXiv 1512.07030): lines with slopes left and right of x. The paper
/// learns its four numbers; here they are fixed. At the kinks the slope is the outer one.
struct Srelu : Entry<Srelu> {
  static constexpr Traits traits{
      .name = "srelu",
      .parameters = {{"low", -1}, {"left", 0.2f}, {"high", 1}, {"right", 0.2f}},
      .formula = "high + right (x - high) if x >= high; low + left (x - low) if x <= low; else x",
      .derivative = "right if x >= high; left if x <= low; else 1",
      .range = "(-inf, inf)",
      .shape = Shape::monotone,
      .saturation = Saturation::none,
      .initializer = "he_normal",
      .fast_defaults = true,
  };
  SALTUS_HD static constexpr Shape shape(const Parameters<float>& p) {
    if (p[0] > p[2] || p[3] < 0) return Shape::other;
    return p[1] >= 0 ? Shape::monotone : Shape::one_minimum;
  }
  static constexpr Kinks kinks(const Parameters<float>& p) {
    if (p[0] >= p[2]) return {{{p[2], p[3]}}};  // the outer lines meet there
    return {{{p[0], p[1]}, {p[2], p[3]}}};
  }
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>& p) {
    const T below = math::fma(p[1], math::finite_where_zero(p[1], x - p[0]), p[0]);
    const T above = math::fma(p[3], math::finite_where_zero(p[3], x - p[2]), p[2]);
    return x >= p[2] ? above : (x <= p[0] ? below : x);
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>& p) {
    return math::unless_nan(x, x >= p[2] ? p[3] : (x <= p[0] ? p[1] : T(1)));
  }
};

/// The absolute value. f'(0) = 0, as in oneDNN and PyTorch.
struct Abs : Entry<Abs> {
  static constexpr Traits traits{
      .name = "abs",
      .formula = "|x|",
      .derivative = "sign(x)",
      .range = "[0, inf)",
      .shape = Shape::one_minimum,
      .saturation = Saturation::none,
      .kinks = {{{0, 0}}},
      .initializer = "he_normal",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    return math::abs(x);
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>&) {
    return math::unless_nan(x, x > T(0) ? T(1) : (x < T(0) ? T(-1) : T(0)));
  }
};

/// A rectifier with a ripple below 0. f jumps at 0, where f(0) = -epsilon and the slope is the left
/// one.
struct SineRelu : Entry<SineRelu> {
  static constexpr Traits traits{
      .name = "sine_relu",
      .parameters = {{"epsilon", 0.0025f}},
      .formula = "x if x > 0 else epsilon (sin(x) - cos(x))",
      .derivative = "1 if x > 0 else epsilon (cos(x) + sin(x))",
      .range = "[-0.0035, inf)",
      .shape = Shape::other,
      .saturation = Saturation::none,
      .initializer = "he_normal",
      .fast_defaults = true,
  };
  static constexpr Kinks kinks(const Parameters<float>& p) { return {{{0, p[0]}}}; }
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>& p) {
    const auto at = math::sincos(math::finite_where_zero(p[0], x));
    return x > T(0) ? x : p[0] * (at.sin - at.cos);
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>& p) {
    const auto at = math::sincos(math::finite_where_zero(p[0], x));
    return x > T(0) ? T(1) : p[0] * (at.cos + at.sin);
  }
};

/// From darknet. f'(0) = 0.1.
struct Ramp : Entry<Ramp> {
  static constexpr Traits traits{
      .name = "ramp",
      .formula = "1.1 x if x > 0 else 0.1 x",
      .derivative = "1.1 if x > 0 else 0.1",
      .range = "(-inf, inf)",
      .shape = Shape::monotone,
      .saturation = Saturation::none,
      .kinks = {{{0, 0.1f}}},
      .initializer = "he_normal",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    return x * (x > T(0) ? T(1.1) : T(0.1));
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>&) {
    return math::unless_nan(x, x > T(0) ? T(1.1) : T(0.1));
  }
};

/// The piecewise linear sigmoid with leaky ends of darknet, whose own slope has a slip (it tests 0
/// and 1); this is the derivative. At the kinks the slope is the outer one.
struct Plse : Entry<Plse> {
  static constexpr Traits traits{
      .name = "plse",
      .formula = "0.01 (x + 4) if x <= -4; 1 + 0.01 (x - 4) if x >= 4; else x / 8 + 1 / 2",
      .derivative = "1 / 8 if |x| < 4 else 0.01",
      .range = "(-inf, inf)",
      .shape = Shape::monotone,
      .saturation = Saturation::none,
      .kinks = {{{-4, 0.01f}, {4, 0.01f}}},
      .initializer = "glorot_uniform",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    const T inner = math::fma(T(0.125), x, T(0.5));
    const T above = math::fma(T(0.01), x - T(4), T(1));
    return x >= T(4) ? above : (x <= T(-4) ? T(0.01) * (x + T(4)) : inner);
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>&) {
    return math::unless_nan(x, math::abs(x) < T(4) ? T(0.125) : T(0.01));
  }
};

/// Darknet's lhtan: x on [0, 1], slope 0.001 outside and at the kinks.
struct LeakyHardTanh : Entry<LeakyHardTanh> {
  static constexpr Traits traits{
      .name = "leaky_hard_tanh",
      .aliases = {"lhtan"},
      .formula = "0.001 x if x <= 0; 1 + 0.001 (x - 1) if x >= 1; else x",
      .derivative = "1 if 0 < x < 1 else 0.001",
      .range = "(-inf, inf)",
      .shape = Shape::monotone,
      .saturation = Saturation::none,
      .kinks = {{{0, 0.001f}, {1, 0.001f}}},
      .initializer = "glorot_uniform",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    const T above = math::fma(T(0.001), x - T(1), T(1));
    return x >= T(1) ? above : (x <= T(0) ? T(0.001) * x : x);
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>&) {
    return math::unless_nan(x, x > T(0) && x < T(1) ? T(1) : T(0.001));
  }
};

/// Darknet's stair: flat from each even integer to the next odd one, then up to the next even one.
/// The slope at integers is 0; darknet takes 1 on the flat parts too.
struct Stair : Entry<Stair> {
  static constexpr Traits traits{
      .name = "stair",
      .formula = "floor(x / 2) + (x - floor(x) if floor(x) is odd else 0)",
      .derivative = "1 if floor(x) is odd else 0",
      .range = "(-inf, inf)",
      .shape = Shape::monotone,
      .saturation = Saturation::none,
      .kinks = {.at = {{0, 0}}, .period = 1},
      .initializer = "glorot_uniform",
  };
  template <class T>
  SALTUS_HD static T f(T x, const Parameters<T>&) {
    const T n = math::floor(x);
    const T half = math::floor(T(0.5) * n);
    // On the rise n = 2 half + 1, and f = half + (x - n), which rounds once this way.
    const T rounded = half + half == n ? half : x - (half + T(1));
    return math::abs(x) < T(0x1p24) ? rounded : T(0.5) * x;
  }
  template <class T>
  SALTUS_HD static T df(T x, const Parameters<T>&) {
    const T n = math::floor(x);
    const T half = math::floor(T(0.5) * n);
    const bool flat = half + half == n || x == n;
    return math::unless_nan(x, flat ? T(0) : T(1));
  }
};

using RectifierActivations =
    ActivationTypes<Linear, Relu, Relu6, Threshold, LeakyRelu, SquaredRelu, StarRelu, Srelu, Abs,
                    SineRelu, Ramp, Plse, LeakyHardTanh, Stair>;

}  // namespace saltus::kernels
