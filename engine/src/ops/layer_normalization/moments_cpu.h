// Mean and variance of values that are normalized together, in double.
#pragma once

#include <cmath>
#include <span>

namespace saltus::ops {

struct Moments {
  double mean = 0;
  double inverse_deviation = 0;

  /// Where nothing is centered, the mean counts as 0.
  Moments(std::span<const float> values, double epsilon, bool centered) {
    const auto count = static_cast<double>(values.size());
    if (centered) {
      for (const float x : values) mean += x;
      mean /= count;
    }
    double variance = 0;
    for (const float x : values) variance += (x - mean) * (x - mean);
    inverse_deviation = 1.0 / std::sqrt(variance / count + epsilon);
  }

  double normalized(float x) const { return (x - mean) * inverse_deviation; }
};

}  // namespace saltus::ops
