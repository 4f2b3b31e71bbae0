#include <saltus/kernels/pooling/pooling.h>

#include "backend/cuda/launch_builder.h"
#include "ops/pooling/max_pooling.h"

namespace saltus::ops {

using namespace cuda;

Launch MaxPool::launch(LaunchBuilder& builder) const {
  const Tensors& t = builder.tensors();
  return {[s = *this, t, pool = builder.pool_window(window)](const StepContext& at) {
    kernels::max_pool({pool, t.in(at, s.x), t.out(at, s.y), t.bytes(at, s.index)}, at.context);
  }};
}

Launch MaxPoolBackward::launch(LaunchBuilder& builder) const {
  const Tensors& t = builder.tensors();
  return {[s = *this, t, pool = builder.pool_window(window)](const StepContext& at) {
    kernels::max_pool_backward({pool, t.in(at, s.dy), t.bytes(at, s.index), t.out(at, s.dx)},
                               at.context);
  }};
}

static_assert(PooledGradient::kNoDrop == kernels::PooledGradient::kNoDrop);

Launch PooledGradient::launch(LaunchBuilder& builder) const {
  const Tensors& t = builder.tensors();
  return {[s = *this, t, pool = builder.pool_window(window)](const StepContext& at) {
    kernels::pooled_gradient({pool, t.in(at, s.dy), t.floats(at, s.slope), t.bytes(at, s.index),
                              t.out(at, s.dx), s.drop_slot},
                             at.context);
  }};
}

Launch GatherPooled::launch(LaunchBuilder& builder) const {
  const Tensors& t = builder.tensors();
  return {[s = *this, t, pool = builder.pool_window(window)](const StepContext& at) {
    kernels::gather_pooled({pool, t.in(at, s.x), t.bytes(at, s.index), t.out(at, s.y)}, at.context);
  }};
}

Launch ActivatePool::launch(LaunchBuilder& builder) const {
  const Tensors& t = builder.tensors();
  return {[s = *this, t, pool = builder.pool_window(window)](const StepContext& at) {
    kernels::activate_pool(
        {pool, t.in(at, s.x), s.slot, t.out(at, s.y), t.floats(at, s.slope), t.bytes(at, s.index)},
        at.context);
  }};
}

}  // namespace saltus::ops
