// What the kernels share whose threads normalize a set of elements together, by its own mean and
// variance. A set says
//     int count;                                   how many elements it has
//     for_elements(visit(channel, place in x))     the calling thread's
//     sum(value)                                   over its threads; all get it
#pragma once

#include <saltus/kernels/any_type.h>
#include <saltus/kernels/math.h>

namespace saltus::kernels::sets {

struct Moments {
  float mean;
  float inverse_deviation;

  __device__ float normalized(float x) const { return (x - mean) * inverse_deviation; }
};

/// Differences are taken from the rounded mean, and what it is off by is made good, as in
/// normalize.cu. Where nothing is centered the mean counts as 0, and nothing is off.
template <class Set>
__device__ Moments moments_of(const Set& set, const AnyInput& x, int trial, float epsilon,
                              bool centered) {
  const auto count = static_cast<float>(set.count);
  float mean = 0;
  if (centered) {
    float sum = 0;
    set.for_elements([&](int /*channel*/, std::int64_t i) { sum += x.load(trial, i); });
    mean = set.sum(sum) / count;
  }
  float differences = 0;
  float squares = 0;
  set.for_elements([&](int /*channel*/, std::int64_t i) {
    const float difference = x.load(trial, i) - mean;
    differences += difference;
    squares += difference * difference;
  });
  differences = centered ? set.sum(differences) / count : 0;
  const float variance = set.sum(squares) / count - differences * differences;
  return {mean + differences, 1 / math::sqrt(variance + epsilon)};
}

/// y = xhat gamma + beta; gamma and beta [channels] may be null.
template <class Set>
__device__ void normalize(const Set& set, const Moments& moments, const AnyInput& x,
                          const float* gamma, const float* beta, const AnyOutput& y, int trial) {
  set.for_elements([&](int channel, std::int64_t i) {
    float value = moments.normalized(x.load(trial, i));
    if (gamma != nullptr) value *= gamma[channel];
    if (beta != nullptr) value += beta[channel];
    y.save(value, trial, i);
  });
}

/// dx = (g - mean(g) - xhat mean(g xhat)) inverse_deviation with g = dy gamma; gamma may be null.
/// Where nothing is centered mean(g) counts as 0.
template <class Set>
__device__ void differentiate(const Set& set, const Moments& moments, const AnyInput& x,
                              const AnyInput& dy, const float* gamma, const AnyOutput& dx,
                              int trial, bool centered) {
  const auto g_at = [&](int channel, std::int64_t i) {
    const float gradient = dy.load(trial, i);
    return gamma != nullptr ? gradient * gamma[channel] : gradient;
  };
  float sum = 0;
  float sum_xhat = 0;
  set.for_elements([&](int channel, std::int64_t i) {
    const float g = g_at(channel, i);
    sum += g;
    sum_xhat += g * moments.normalized(x.load(trial, i));
  });
  const auto count = static_cast<float>(set.count);
  const float mean = centered ? set.sum(sum) / count : 0;
  const float mean_xhat = set.sum(sum_xhat) / count;
  set.for_elements([&](int channel, std::int64_t i) {
    const float xhat = moments.normalized(x.load(trial, i));
    dx.save(moments.inverse_deviation * (g_at(channel, i) - (mean + xhat * mean_xhat)), trial, i);
  });
}

}  // namespace saltus::kernels::sets
