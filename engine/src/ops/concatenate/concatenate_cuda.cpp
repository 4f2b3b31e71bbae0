#include <saltus/kernels/elementwise/concatenate.h>

#include "backend/cuda/launch_builder.h"
#include "ops/concatenate/concatenate.h"

namespace saltus::ops {

using namespace cuda;

Launch Concat::launch(LaunchBuilder& builder) const {
  const kernels::Halves shape = {rows, extent(first), extent(second)};
  return {[s = *this, t = builder.tensors(), shape](const StepContext& at) {
    kernels::concatenate({shape, t.in(at, s.a), t.in(at, s.b), t.out(at, s.y)}, at.context);
  }};
}

Launch Split::launch(LaunchBuilder& builder) const {
  const kernels::Halves shape = {rows, extent(first), extent(second)};
  return {[s = *this, t = builder.tensors(), shape](const StepContext& at) {
    kernels::split({shape, t.in(at, s.x), t.out(at, s.a), t.out(at, s.b)}, at.context);
  }};
}

}  // namespace saltus::ops
