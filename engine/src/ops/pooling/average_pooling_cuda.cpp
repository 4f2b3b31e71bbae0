#include <saltus/kernels/pooling/pooling.h>

#include "backend/cuda/launch_builder.h"
#include "ops/pooling/average_pooling.h"

namespace saltus::ops {

using namespace cuda;

Launch AveragePool::launch(LaunchBuilder& builder) const {
  const Tensors& t = builder.tensors();
  return {[s = *this, t, pool = builder.pool_window(window)](const StepContext& at) {
    kernels::average_pool({pool, t.in(at, s.x), t.out(at, s.y)}, at.context);
  }};
}

Launch AveragePoolBackward::launch(LaunchBuilder& builder) const {
  const Tensors& t = builder.tensors();
  return {[s = *this, t, pool = builder.pool_window(window)](const StepContext& at) {
    kernels::average_pool_backward({pool, t.in(at, s.dy), t.out(at, s.dx)}, at.context);
  }};
}

}  // namespace saltus::ops
