#include <saltus/kernels/elementwise/activate.h>

#include "backend/cuda/launch_builder.h"
#include "ops/activation/activation.h"

namespace saltus::ops {

using namespace cuda;

Launch Activate::launch(LaunchBuilder& builder) const {
  const Tensors& t = builder.tensors();
  return {[s = *this, t, size = t.elements(x)](const StepContext& at) {
    kernels::activate({t.in(at, s.x), {}, t.out(at, s.y), t.floats(at, s.slope), size, 1, s.slot},
                      at.context);
  }};
}

Launch ActivateBackward::launch(LaunchBuilder& builder) const {
  const Tensors& t = builder.tensors();
  return {[s = *this, t, size = t.elements(dx)](const StepContext& at) {
    kernels::activate_backward({t.in(at, s.dy), t.floats(at, s.slope), t.out(at, s.dx), size},
                               at.context);
  }};
}

}  // namespace saltus::ops
