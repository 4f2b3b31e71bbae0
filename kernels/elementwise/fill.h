// Whole arrays of each trial, whatever the batch.
#pragma once

#include <saltus/kernels/bfloat16.h>
#include <saltus/kernels/launch_context.h>

namespace saltus::kernels {

/// y = value, for `size` elements.
struct Fill {
  PerTrial<float> y;
  std::int64_t size = 0;
  float value = 0;
};

/// y = x rounded to bf16, for `size` elements: the copy of the weights that products read.
struct Cast {
  PerTrial<const float> x;
  PerTrial<Bf16> y;
  std::int64_t size = 0;
};

/// Both work on trials that are not active, too.
void fill(const Fill& arguments, const LaunchContext& context);
void cast(const Cast& arguments, const LaunchContext& context);

}  // namespace saltus::kernels
