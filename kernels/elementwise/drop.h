// Dropout and AlphaDropout: both are the affine map of a DropoutRule.
#pragma once

#include <saltus/kernels/any_type.h>
#include <saltus/kernels/launch_context.h>

namespace saltus::kernels {

/// y = keep ? scale x + shift : dropped. Whether an element of a batch is kept depends on the
/// trial's seed and step, on the slot and on the element's number in the batch; nothing is stored.
struct Drop {
  AnyInput x;
  AnyOutput y;
  std::int64_t size = 0;  ///< elements of a row; x, y [rows][size]
  int slot = 0;           ///< of the trial's dropout rule
};

/// dx = keep ? scale dy : 0
struct DropBackward {
  AnyInput dy;
  AnyOutput dx;
  std::int64_t size = 0;
  int slot = 0;
};

/// Neither may work in place.
void drop(const Drop& arguments, const LaunchContext& context);
void drop_backward(const DropBackward& arguments, const LaunchContext& context);

}  // namespace saltus::kernels
