// Functions of ONNX expressions, under the names that they have for numbers.
#pragma once

#include "store/onnx_activations.h"

namespace saltus::store {

inline Expression operator+(const Expression& a, const Expression& b) {
  return apply("Add", {a, b});
}
inline Expression operator-(const Expression& a, const Expression& b) {
  return apply("Sub", {a, b});
}
inline Expression operator*(const Expression& a, const Expression& b) {
  return apply("Mul", {a, b});
}
inline Expression operator/(const Expression& a, const Expression& b) {
  return apply("Div", {a, b});
}
inline Expression operator-(const Expression& a) {
  return apply("Neg", {a});
}
inline Expression operator>(const Expression& a, const Expression& b) {
  return apply("Greater", {a, b});
}
inline Expression operator>=(const Expression& a, const Expression& b) {
  return apply("GreaterOrEqual", {a, b});
}
inline Expression operator<=(const Expression& a, const Expression& b) {
  return apply("LessOrEqual", {a, b});
}
inline Expression operator==(const Expression& a, const Expression& b) {
  return apply("Equal", {a, b});
}

inline Expression where(const Expression& condition, const Expression& yes, const Expression& no) {
  return apply("Where", {condition, yes, no});
}
inline Expression max(const Expression& a, const Expression& b) {
  return apply("Max", {a, b});
}
inline Expression min(const Expression& a, const Expression& b) {
  return apply("Min", {a, b});
}
inline Expression clip(const Expression& x, double low, double high) {
  return apply("Clip", {x, low, high});
}
inline Expression abs(const Expression& x) {
  return apply("Abs", {x});
}
inline Expression sign(const Expression& x) {
  return apply("Sign", {x});
}
inline Expression floor(const Expression& x) {
  return apply("Floor", {x});
}
inline Expression sqrt(const Expression& x) {
  return apply("Sqrt", {x});
}
inline Expression exp(const Expression& x) {
  return apply("Exp", {x});
}
inline Expression log(const Expression& x) {
  return apply("Log", {x});
}
inline Expression sin(const Expression& x) {
  return apply("Sin", {x});
}
inline Expression cos(const Expression& x) {
  return apply("Cos", {x});
}
inline Expression atan(const Expression& x) {
  return apply("Atan", {x});
}
inline Expression asinh(const Expression& x) {
  return apply("Asinh", {x});
}
inline Expression erf(const Expression& x) {
  return apply("Erf", {x});
}
inline Expression tanh(const Expression& x) {
  return apply("Tanh", {x});
}
inline Expression sigmoid(const Expression& x) {
  return apply("Sigmoid", {x});
}
inline Expression softplus(const Expression& x) {
  return apply("Softplus", {x});
}
inline Expression relu(const Expression& x) {
  return apply("Relu", {x});
}
inline Expression leaky_relu(const Expression& x, float alpha) {
  return apply("LeakyRelu", {x}, {{"alpha", alpha}});
}
inline Expression elu(const Expression& x, float alpha) {
  return apply("Elu", {x}, {{"alpha", alpha}});
}
/// min(max(alpha x + beta, 0), 1).
inline Expression hard_sigmoid(const Expression& x, double alpha, double beta) {
  return apply("HardSigmoid", {x},
               {{"alpha", static_cast<float>(alpha)}, {"beta", static_cast<float>(beta)}});
}
/// x - bias if x > lambda, x + bias if x < -lambda, else 0.
inline Expression shrink(const Expression& x, float lambda, float bias) {
  return apply("Shrink", {x}, {{"lambd", lambda}, {"bias", bias}});
}

inline Expression square(const Expression& x) {
  return x * x;
}
/// exp(x) - 1, whose digits a subtraction would lose near 0.
inline Expression expm1(const Expression& x) {
  return tanh(0.5 * x) * (exp(x) + 1);
}
/// ln(1 + x), whose digits the sum would lose near 0: of y = 1 + x, ln(y) = asinh((y - 1 / y) / 2).
inline Expression log1p(const Expression& x) {
  return asinh(0.5 * x * (1 + 1 / (1 + x)));
}

}  // namespace saltus::store
