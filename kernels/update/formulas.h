// The optimizers' formulas, the same on host and device: clipping, moments and the new weight of
// one element.
#pragma once

#include <cstdint>

#include "kernels/math.h"
#include "kernels/portable.h"

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

/// `gradient` is the clipped one.
SALTUS_HD void adam_element(const AdamStep& step, float gradient, float& weight, float& moment_1,
                            float& moment_2) {
  const float first = moment_1 + (gradient - moment_1) * step.rate_1;
  const float second = moment_2 + (gradient * gradient - moment_2) * step.rate_2;
  moment_1 = first;
  moment_2 = second;
  weight -= step.learning_rate * first / (math::sqrt(second) + step.epsilon);
}

/// With a momentum.
SALTUS_HD void sgd_element(const SgdStep& step, float gradient, float& weight, float& velocity) {
  const float change = step.learning_rate * gradient;
  const float speed = step.momentum * velocity - change;
  velocity = speed;
  weight += step.nesterov ? step.momentum * speed - change : speed;
}

/// Without: no velocity is needed.
SALTUS_HD void sgd_element(const SgdStep& step, float gradient, float& weight) {
  weight -= step.learning_rate * gradient;
}

}  // namespace saltus::kernels
