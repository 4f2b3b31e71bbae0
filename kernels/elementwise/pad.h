#pragma once

#include <saltus/kernels/any_type.h>
#include <saltus/kernels/launch_context.h>

namespace saltus::kernels {

/// An image's lines within the longer and more lines of a padded one, which has at most
/// kLargestIndex elements. Lengths are in elements, so of width times channels.
struct Frame {
  int lines = 0;
  int length = 0;
  int padded_lines = 0;
  int padded_length = 0;
  int top = 0;
  int left = 0;
};

/// y = x within zeros.
struct Pad {
  Frame frame;
  AnyInput x;   ///< [rows][lines][length]
  AnyOutput y;  ///< [rows][padded_lines][padded_length]
};

/// The opposite: dx = what lies in the middle of dy.
struct PadBackward {
  Frame frame;
  AnyInput dy;
  AnyOutput dx;
};

void pad(const Pad& arguments, const LaunchContext& context);
void pad_backward(const PadBackward& arguments, const LaunchContext& context);

}  // namespace saltus::kernels
