// The exponential moving averages of all weights of all trials.
#pragma once

#include <saltus/kernels/bfloat16.h>
#include <saltus/kernels/launch_context.h>

namespace saltus::kernels {

/// averages = momentum averages + (1 - momentum) weights: comes behind update() of the same step. A
/// trial's first step copies its weights. Trials that are not active are left out, and so are those
/// that update() has made inactive.
///
/// All trials' arrays begin at a multiple of four elements.
struct Average {
  PerTrial<const float> weights;  ///< [size]
  PerTrial<float> averages;       ///< [size]
  PerTrial<Bf16> copy = {};       ///< [size]: gets the new averages, rounded; or none
  const float* rates = nullptr;   ///< [trials]: 1 - momentum; 1 copies the weights in every step
  std::int64_t size = 0;          ///< a multiple of 4
};

/// Throws CudaError where the launch fails, and std::invalid_argument where an array begins
/// elsewhere, or ends between two quads.
void average(const Average& arguments, const LaunchContext& context);

}  // namespace saltus::kernels
