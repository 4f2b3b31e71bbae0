#include <saltus/kernels/head/head.h>

#include "backend/cuda/launch_builder.h"
#include "ops/head/head.h"
#include "ops/loss/loss_cuda.h"

namespace saltus::ops {

using namespace cuda;

static_assert(Head::kMostInputs == kernels::Head::kMostInputs &&
              Head::kMostOutputs == kernels::Head::kMostOutputs &&
              Head::kNoDrop == kernels::Head::kNoDrop);

Launch Head::launch(LaunchBuilder& builder) const {
  const LossLaunch evaluate(builder, loss, softmax, y, dy, out);
  return {[s = *this, t = builder.tensors(), evaluate](const StepContext& at) {
            const kernels::AnyInput weights =
                t.is_bf16(s.x) ? kernels::AnyInput(t.weight<kernels::Bf16>(at, s.w))
                               : kernels::AnyInput(t.floats(at, s.w));
            kernels::head({.x = t.in(at, s.x),
                           .w = weights,
                           .bias = t.floats(at, s.b),
                           .y = t.out(at, s.y),
                           .loss = evaluate.arguments(at),
                           .dy = t.in(at, s.dy),
                           .dx = t.out(at, s.dx),
                           .drop_slot = s.drop_slot,
                           .slope = t.floats(at, s.slope),
                           .inputs = extent(s.in)},
                          at.context);
          },
          evaluate.workspace()};
}

}  // namespace saltus::ops
