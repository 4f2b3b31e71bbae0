// The optimizers' formulas, the same on host and device: clipping, moments and the new weight of
// one element.
#pragma once

#include <cstdint>

#include <saltus/kernels/math.h>
#include <saltus/kernels/portable.h>

namespace saltus::kernels {

/// Adam or SGD for one stretch of the flat arrays. `scale` is the norm clip's factor; clip the
/// element bound (infinity: none).
struct AdamStep {
  float learning_rate;   ///< bias corrections included
  float rate_1, rate_2;  ///< 1 - beta, from doubles: 1 - 0.999 loses five digits in float
  float epsilon;
  float clip, scale;
};
struct SgdStep {
  float learning_rate, momentum;
  bool nesterov;
  float clip, scale;
};

/// base^exponent by squaring: the same bits on host and device.
SALTUS_HD double power(double base, std::uint32_t exponent) {
  double result = 1;
  for (; exponent != 0; exponent >>= 1) {
    if ((exponent & 1u) != 0) result *= base;
    base *= base;
  }
  return result;
}

/// Adam's learning rate in step `step`, counted from 1, with both bias corrections.
SALTUS_HD double adam_rate(double learning_rate, double beta_1, double beta_2, std::uint32_t step) {
  return learning_rate * math::sqrt(1 - power(beta_2, step)) / (1 - power(beta_1, step));
}

/// A gradient, scaled and clipped; NaN stays NaN.
struct ClippedGradient {
  float value;
  int cut;  ///< 1 or 0: a bool here keeps the CPU's loops from being vectorised
};
SALTUS_HD ClippedGradient clip_gradient(float gradient, float scale, float clip) {
  const float whole = gradient * scale;
  return {whole > clip    ? clip
          : whole < -clip ? -clip
                          : whole,
          whole > clip || whole < -clip ? 1 : 0};
}

/// A moment smaller than this becomes zero. Where gradients stay zero, moments would sink into
/// subnormal numbers and stay there, and CPUs take many times as long over those. At a learning
/// rate of 0.001 and Adam's usual epsilon, so small a moment changes no weight above 1e-18.
inline constexpr float kSmallestMoment = 1e-30f;

/// `gradient` is the clipped one. The second moment is forgotten only with the first: a step
/// divides by its root, and gradients as small as 1e-15 still have their direction in the first.
SALTUS_HD void adam_element(const AdamStep& step, float gradient, float& weight, float& moment_1,
                            float& moment_2) {
  const float first = moment_1 + (gradient - moment_1) * step.rate_1;
  const float second = moment_2 + (gradient * gradient - moment_2) * step.rate_2;
  const bool tiny = math::abs(first) < kSmallestMoment;
  const float m = tiny ? 0.0f : first;
  const float v = tiny && second < kSmallestMoment ? 0.0f : second;
  moment_1 = m;
  moment_2 = v;
  weight -= step.learning_rate * m / (math::sqrt(v) + step.epsilon);
}

/// With a momentum.
SALTUS_HD void sgd_element(const SgdStep& step, float gradient, float& weight, float& velocity) {
  const float change = step.learning_rate * gradient;
  const float moved = step.momentum * velocity - change;
  const float speed = math::abs(moved) < kSmallestMoment ? 0.0f : moved;
  velocity = speed;
  weight += step.nesterov ? step.momentum * speed - change : speed;
}

/// Without: no velocity is needed.
SALTUS_HD void sgd_element(const SgdStep& step, float gradient, float& weight) {
  weight -= step.learning_rate * gradient;
}

}  // namespace saltus::kernels
