// An activation by itself; where it follows a product, the product's epilogue does the same.
#pragma once

#include <saltus/kernels/any_type.h>
#include <saltus/kernels/launch_context.h>

namespace saltus::kernels {

/// y = f(x + bias), slope = f'(x + bias), by each trial's activation of this slot.
struct Activate {
  static constexpr int kIdentity = -1;  ///< a slot: y = x + bias, and no slope

  AnyInput x;
  PerTrial<const float> bias = {};  ///< [channels], or none
  AnyOutput y;                      ///< another array than x
  PerTrial<float> slope = {};       ///< or none
  std::int64_t size = 0;            ///< elements of a row; x, y, slope [rows][size]
  int channels = 1;                 ///< the last axis of a row; divides size
  int slot = 0;
};

/// dx = dy slope
struct ActivateBackward {
  AnyInput dy;
  PerTrial<const float> slope;
  AnyOutput dx;  ///< another array than dy
  std::int64_t size = 0;
};

void activate(const Activate& arguments, const LaunchContext& context);
void activate_backward(const ActivateBackward& arguments, const LaunchContext& context);

}  // namespace saltus::kernels
