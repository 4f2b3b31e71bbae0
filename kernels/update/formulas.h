// What the optimizers' formulas are made of, the same on host and device: clipping, moments that
// fade, and Adam's step, which others build on.
#pragma once

#include <cstdint>

#include <saltus/kernels/math.h>
#include <saltus/kernels/portable.h>

namespace saltus::kernels {

/// base^exponent by squaring: the same bits on host and device.
SALTUS_HD double power(double base, std::uint32_t exponent) {
  double result = 1;
  for (; exponent != 0; exponent >>= 1) {
    if ((exponent & 1u) != 0) result *= base;
    base *= base;
  }
  return result;
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

/// What is kept of a moment that stands alone.
SALTUS_HD float kept(float moment) {
  return math::abs(moment) < kSmallestMoment ? 0.0f : moment;
}

/// Adam's learning rate in step `step`, counted from 1, with both bias corrections.
SALTUS_HD double adam_rate(double learning_rate, double beta_1, double beta_2, std::uint32_t step) {
  return learning_rate * math::sqrt(1 - power(beta_2, step)) / (1 - power(beta_1, step));
}

/// What all elements have in common in a step of Adam.
struct AdamStep {
  float rate;            ///< adam_rate()
  float rate_1, rate_2;  ///< 1 - beta, from doubles: 1 - 0.999 loses five digits in float
  float epsilon;
};
SALTUS_HD AdamStep adam_step(double rate, double beta_1, double beta_2, double epsilon) {
  return {static_cast<float>(rate), static_cast<float>(1 - beta_1), static_cast<float>(1 - beta_2),
          static_cast<float>(epsilon)};
}

/// `gradient` is the clipped one. The second moment is forgotten only with the first: a step
/// divides by its root, and gradients as small as 1e-15 still have their direction in the first.
SALTUS_HD void adam_moments(const AdamStep& step, float gradient, float& moment_1,
                            float& moment_2) {
  const float first = moment_1 + (gradient - moment_1) * step.rate_1;
  const float second = moment_2 + (gradient * gradient - moment_2) * step.rate_2;
  const bool tiny = math::abs(first) < kSmallestMoment;
  moment_1 = tiny ? 0.0f : first;
  moment_2 = tiny && second < kSmallestMoment ? 0.0f : second;
}
SALTUS_HD void adam_element(const AdamStep& step, float gradient, float& weight, float& moment_1,
                            float& moment_2) {
  adam_moments(step, gradient, moment_1, moment_2);
  weight -= step.rate * moment_1 / (math::sqrt(moment_2) + step.epsilon);
}

/// Nadam's momentum in step `step`: u_t = beta_1 (1 - 0.96^t / 2).
SALTUS_HD double nadam_momentum(double beta_1, std::uint32_t step) {
  return beta_1 * (1 - 0.5 * power(0.96, step));
}

/// u_1 u_2 ... u_t, made anew in each step, so that there is nothing to save. It is zero where one
/// minus the product would round to 1; factors that round to beta_1 are left to its power.
SALTUS_HD double nadam_momenta(double beta_1, std::uint32_t step) {
  constexpr double kHalfUnit = 0x1p-54;
  double product = power(beta_1, step);
  if (product < kHalfUnit) return 0;
  double decay = 0.5;
  for (std::uint32_t i = 0; i < step && decay > kHalfUnit; ++i) {
    decay *= 0.96;
    product *= 1 - decay;
  }
  return product;
}

}  // namespace saltus::kernels
