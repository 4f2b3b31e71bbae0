#include <saltus/kernels/convolution/depthwise.h>

#include "backend/cuda/launch_builder.h"
#include "ops/depthwise_convolution/depthwise_convolution.h"

namespace saltus::ops {

using namespace cuda;

Launch DepthwiseConvolution::launch(LaunchBuilder& builder) const {
  const Tensors& t = builder.tensors();
  return {[s = *this, t, window = builder.pool_window(window)](const StepContext& at) {
    kernels::depthwise_forward(
        {window, t.in(at, s.x), t.floats(at, s.w), t.floats(at, s.b), t.out(at, s.y)}, at.context);
  }};
}

Launch DepthwiseConvolutionBackward::launch(LaunchBuilder& builder) const {
  const Tensors& t = builder.tensors();
  const kernels::Window place = builder.pool_window(window);
  return {[s = *this, t, place](const StepContext& at) {
            kernels::depthwise_backward_filter(
                {place, t.in(at, s.x), t.in(at, s.dy), t.floats(at, s.dw), t.floats(at, s.db),
                 workspace<float>(at)},
                at.context);
            if (s.dx == kNone) return;
            kernels::depthwise_backward_data(
                {place, t.in(at, s.dy), t.floats(at, s.w), t.out(at, s.dx)}, at.context);
          },
          kernels::depthwise_backward_filter_workspace(place, builder.max_rows()) *
              std::int64_t{sizeof(float)}};
}

}  // namespace saltus::ops
