#pragma once

#include <cmath>
#include <concepts>

namespace saltus::test {

/// A number and its derivative: f(Dual{x, 1}).slope is f'(x). Comparisons look at the number.
struct Dual {
  double value = 0;
  double slope = 0;

  Dual() = default;
  template <std::convertible_to<double> Number>
  explicit Dual(Number number) : value(static_cast<double>(number)) {}
  Dual(double v, double s) : value(v), slope(s) {}

  friend Dual operator-(Dual a) { return {-a.value, -a.slope}; }
  friend Dual operator+(Dual a, Dual b) { return {a.value + b.value, a.slope + b.slope}; }
  friend Dual operator-(Dual a, Dual b) { return {a.value - b.value, a.slope - b.slope}; }
  friend Dual operator*(Dual a, Dual b) {
    return {a.value * b.value, a.slope * b.value + a.value * b.slope};
  }
  friend Dual operator/(Dual a, Dual b) {
    const double quotient = a.value / b.value;
    return {quotient, (a.slope - quotient * b.slope) / b.value};
  }
  friend bool operator==(Dual a, Dual b) { return a.value == b.value; }
  friend auto operator<=>(Dual a, Dual b) { return a.value <=> b.value; }
};

inline Dual abs(Dual x) {
  return x.value < 0 ? -x : x;
}
inline Dual floor(Dual x) {
  return Dual(std::floor(x.value));
}
inline Dual sqrt(Dual x) {
  const double root = std::sqrt(x.value);
  return {root, x.slope / (2 * root)};
}
inline Dual exp(Dual x) {
  return {std::exp(x.value), std::exp(x.value) * x.slope};
}
inline Dual expm1(Dual x) {
  return {std::expm1(x.value), std::exp(x.value) * x.slope};
}
inline Dual log1p(Dual x) {
  return {std::log1p(x.value), x.slope / (1 + x.value)};
}
inline Dual tanh(Dual x) {
  const double c = std::cosh(x.value);
  return {std::tanh(x.value), x.slope / (c * c)};
}
inline Dual asinh(Dual x) {
  return {std::asinh(x.value), x.slope / std::sqrt(1 + x.value * x.value)};
}
inline Dual atan(Dual x) {
  return {std::atan(x.value), x.slope / (1 + x.value * x.value)};
}
inline Dual sin(Dual x) {
  return {std::sin(x.value), std::cos(x.value) * x.slope};
}
inline Dual cos(Dual x) {
  return {std::cos(x.value), -std::sin(x.value) * x.slope};
}
inline constexpr double kTwoOverRootPi = 1.12837916709551257390;
inline Dual erf(Dual x) {
  return {std::erf(x.value), kTwoOverRootPi * std::exp(-x.value * x.value) * x.slope};
}
inline Dual erfc(Dual x) {
  return {std::erfc(x.value), -kTwoOverRootPi * std::exp(-x.value * x.value) * x.slope};
}

}  // namespace saltus::test
