// The optimizers' formulas by the book, an overload of step() for each, in double.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include <saltus/optimizer.h>

namespace saltus::reference {

/// What an optimizer remembers of a weight.
struct Moments {
  double first = 0;
  double second = 0;
  double third = 0;
};

/// Whether a moment becomes zero.
inline bool is_tiny(double moment) {
  return std::abs(moment) < 1e-30;
}
inline double kept(double moment) {
  return is_tiny(moment) ? 0 : moment;
}

/// m = beta_1 m + (1 - beta_1) g,  v = beta_2 v + (1 - beta_2) g^2,
/// w -= learning_rate sqrt(1 - beta_2^t) / (1 - beta_1^t) m / (sqrt(v) + epsilon)
inline void step(const Adam& adam, std::uint32_t t, double g, double& w, Moments& moments) {
  auto& [m, v, unused] = moments;
  m = adam.beta_1 * m + (1 - adam.beta_1) * g;
  v = adam.beta_2 * v + (1 - adam.beta_2) * g * g;
  if (is_tiny(m) && is_tiny(v)) v = 0;
  if (is_tiny(m)) m = 0;
  const double rate =
      adam.learning_rate * std::sqrt(1 - std::pow(adam.beta_2, t)) / (1 - std::pow(adam.beta_1, t));
  w -= rate * m / (std::sqrt(v) + adam.epsilon);
}

/// w -= learning_rate weight_decay w, then as Adam
inline void step(const AdamW& adamw, std::uint32_t t, double g, double& w, Moments& moments) {
  w *= 1 - adamw.learning_rate * adamw.weight_decay;
  step(Adam{adamw.learning_rate, adamw.beta_1, adamw.beta_2, adamw.epsilon, {}}, t, g, w, moments);
}

/// velocity = momentum velocity - learning_rate g;
/// w += velocity, with Nesterov w += momentum velocity - learning_rate g
inline void step(const SGD& sgd, std::uint32_t /*t*/, double g, double& w, Moments& moments) {
  const double velocity = kept(sgd.momentum * moments.first - sgd.learning_rate * g);
  w += sgd.nesterov ? sgd.momentum * velocity - sgd.learning_rate * g : velocity;
  if (sgd.momentum != 0) moments.first = velocity;
}

/// v = rho v + (1 - rho) g^2,  a = rho a + (1 - rho) g,
/// increment = learning_rate g / sqrt(v + epsilon), centered learning_rate g / sqrt(v - a^2 +
/// epsilon); w -= increment, with momentum m = momentum m + increment, w -= m
inline void step(const RMSprop& rmsprop, std::uint32_t /*t*/, double g, double& w,
                 Moments& moments) {
  double& v = moments.first;
  double& a = moments.second;
  v = kept(rmsprop.rho * v + (1 - rmsprop.rho) * g * g);
  double variance = v;
  if (rmsprop.centered) {
    a = kept(rmsprop.rho * a + (1 - rmsprop.rho) * g);
    variance = std::max(v - a * a, 0.0);
  }
  const double increment = rmsprop.learning_rate * g / std::sqrt(variance + rmsprop.epsilon);
  double& m = rmsprop.centered ? moments.third : moments.second;
  const double change = rmsprop.momentum == 0 ? increment : kept(rmsprop.momentum * m + increment);
  if (rmsprop.momentum != 0) m = change;
  w -= change;
}

/// u_t = beta_1 (1 - 0.96^t / 2),  m and v as Adam's,
/// m_hat = u_{t+1} m / (1 - u_1 ... u_{t+1}) + (1 - u_t) g / (1 - u_1 ... u_t),
/// w -= learning_rate m_hat / (sqrt(v / (1 - beta_2^t)) + epsilon)
inline void step(const Nadam& nadam, std::uint32_t t, double g, double& w, Moments& moments) {
  auto& [m, v, unused] = moments;
  m = nadam.beta_1 * m + (1 - nadam.beta_1) * g;
  v = nadam.beta_2 * v + (1 - nadam.beta_2) * g * g;
  if (is_tiny(m) && is_tiny(v)) v = 0;
  m = kept(m);
  const auto u = [&](std::uint32_t i) { return nadam.beta_1 * (1 - 0.5 * std::pow(0.96, i)); };
  double product = 1;
  for (std::uint32_t i = 1; i <= t; ++i) product *= u(i);
  const double m_hat = u(t + 1) * m / (1 - product * u(t + 1)) + (1 - u(t)) * g / (1 - product);
  const double v_hat = v / (1 - std::pow(nadam.beta_2, t));
  w -= nadam.learning_rate * m_hat / (std::sqrt(v_hat) + nadam.epsilon);
}

/// accumulator = accumulator + g^2,  w -= learning_rate g / sqrt(accumulator + epsilon)
inline void step(const Adagrad& adagrad, std::uint32_t /*t*/, double g, double& w,
                 Moments& moments) {
  moments.first = kept(moments.first + g * g);
  const double accumulator = adagrad.initial_accumulator_value + moments.first;
  w -= adagrad.learning_rate * g / std::sqrt(accumulator + adagrad.epsilon);
}

/// m = beta_1 m + (1 - beta_1) g,  u = max(beta_2 u, |g|),
/// w -= learning_rate / (1 - beta_1^t) m / (u + epsilon)
inline void step(const Adamax& adamax, std::uint32_t t, double g, double& w, Moments& moments) {
  auto& [m, u, unused] = moments;
  m = kept(adamax.beta_1 * m + (1 - adamax.beta_1) * g);
  u = kept(std::max(adamax.beta_2 * u, std::abs(g)));
  w -= adamax.learning_rate / (1 - std::pow(adamax.beta_1, t)) * m / (u + adamax.epsilon);
}

/// w -= learning_rate sign(beta_1 m + (1 - beta_1) g),  m = beta_2 m + (1 - beta_2) g
inline void step(const Lion& lion, std::uint32_t /*t*/, double g, double& w, Moments& moments) {
  const double direction = lion.beta_1 * moments.first + (1 - lion.beta_1) * g;
  if (direction != 0) w -= std::copysign(lion.learning_rate, direction);
  moments.first = kept(lion.beta_2 * moments.first + (1 - lion.beta_2) * g);
}

}  // namespace saltus::reference
