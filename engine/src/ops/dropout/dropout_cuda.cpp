#include <saltus/kernels/elementwise/drop.h>

#include "backend/cuda/launch_builder.h"
#include "ops/dropout/dropout.h"

namespace saltus::ops {

using namespace cuda;

Launch Drop::launch(LaunchBuilder& builder) const {
  const Tensors& t = builder.tensors();
  return {[s = *this, t, size = t.elements(x)](const StepContext& at) {
    kernels::drop({t.in(at, s.x), t.out(at, s.y), size, s.slot}, at.context);
  }};
}

Launch DropBackward::launch(LaunchBuilder& builder) const {
  const Tensors& t = builder.tensors();
  return {[s = *this, t, size = t.elements(dx)](const StepContext& at) {
    kernels::drop_backward({t.in(at, s.dy), t.out(at, s.dx), size, s.slot}, at.context);
  }};
}

}  // namespace saltus::ops
