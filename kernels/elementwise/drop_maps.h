// Dropout of whole feature maps.
#pragma once

#include <saltus/kernels/any_type.h>
#include <saltus/kernels/launch_context.h>

namespace saltus::kernels {

/// y = keep ? scale x : 0 by the trial's rule, where one draw decides for all positions of a row's
/// channel. Draws are numbered row by row, channel by channel: as Drop would on [rows][channels].
/// The gradient is the same map.
struct DropMaps {
  AnyInput x;
  AnyOutput y;
  std::int64_t positions = 0;  ///< of a row; x, y [rows][positions][channels]
  int channels = 0;
  int slot = 0;  ///< of the trial's dropout rule
};

void drop_maps(const DropMaps& arguments, const LaunchContext& context);

}  // namespace saltus::kernels
