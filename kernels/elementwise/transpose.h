#pragma once

#include <saltus/kernels/any_type.h>
#include <saltus/kernels/launch_context.h>

namespace saltus::kernels {

/// y = the transposed x, a whole array of each active trial whatever the batch: weights as
/// libraries want them, and their gradients back.
struct Transpose {
  AnyInput x;   ///< [rows][columns]
  AnyOutput y;  ///< [columns][rows]; another array than x
  int rows = 0;
  int columns = 0;
};

void transpose(const Transpose& arguments, const LaunchContext& context);

}  // namespace saltus::kernels
