#include <saltus/kernels/elementwise/pad.h>

#include "backend/cuda/launch_builder.h"
#include "ops/zero_padding/zero_padding.h"

namespace saltus::ops {

using namespace cuda;

namespace {

kernels::Frame frame_of(const Frame& frame) {
  extent(frame.padded_lines * frame.padded_length);  // of a sample: no other number is larger
  return {extent(frame.lines),         extent(frame.length), extent(frame.padded_lines),
          extent(frame.padded_length), extent(frame.top),    extent(frame.left)};
}

}  // namespace

Launch Pad::launch(LaunchBuilder& builder) const {
  return {[s = *this, t = builder.tensors(), f = frame_of(frame)](const StepContext& at) {
    kernels::pad({f, t.in(at, s.x), t.out(at, s.y)}, at.context);
  }};
}

Launch PadBackward::launch(LaunchBuilder& builder) const {
  return {[s = *this, t = builder.tensors(), f = frame_of(frame)](const StepContext& at) {
    kernels::pad_backward({f, t.in(at, s.dy), t.out(at, s.dx)}, at.context);
  }};
}

}  // namespace saltus::ops
