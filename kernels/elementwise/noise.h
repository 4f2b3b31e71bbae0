#pragma once

#include <saltus/kernels/any_type.h>
#include <saltus/kernels/launch_context.h>

namespace saltus::kernels {

/// y = x + stddev n with a standard normal n that depends on the trial's seed and step, on the
/// layer and on the element's number in the batch.
struct AddNoise {
  AnyInput x;
  AnyOutput y;
  std::int64_t size = 0;  ///< elements of a row; x, y [rows][size]
  std::uint32_t layer = 0;
  float stddev = 0;
};

void add_noise(const AddNoise& arguments, const LaunchContext& context);

}  // namespace saltus::kernels
