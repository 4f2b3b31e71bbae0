#pragma once

#include <saltus/kernels/any_type.h>
#include <saltus/kernels/launch_context.h>

namespace saltus::kernels {

/// y = a + b, on the batch's rows of `size` elements: a residual connection. Not in place.
struct Sum {
  AnyInput a, b;          ///< [rows][size]
  AnyOutput y;            ///< [rows][size]
  std::int64_t size = 0;  ///< elements of a row
};

void sum(const Sum& arguments, const LaunchContext& context);

}  // namespace saltus::kernels
