#include <saltus/kernels/softmax/softmax.h>

#include "backend/cuda/launch_builder.h"
#include "ops/softmax/softmax.h"

namespace saltus::ops {

using namespace cuda;

Launch SoftmaxRows::launch(LaunchBuilder& builder) const {
  const Tensors& t = builder.tensors();
  return {[s = *this, t, channels = extent(channels)](const StepContext& at) {
    kernels::softmax({t.in(at, s.x), t.out(at, s.y), s.rows, channels, s.log}, at.context);
  }};
}

Launch SoftmaxRowsBackward::launch(LaunchBuilder& builder) const {
  const Tensors& t = builder.tensors();
  return {[s = *this, t, channels = extent(channels)](const StepContext& at) {
    kernels::softmax_backward(
        {t.in(at, s.y), t.in(at, s.dy), t.out(at, s.dx), s.rows, channels, s.log}, at.context);
  }};
}

}  // namespace saltus::ops
