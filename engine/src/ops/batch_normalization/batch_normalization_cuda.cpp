#include <saltus/kernels/normalization/normalize.h>

#include "backend/cuda/launch_builder.h"
#include "ops/batch_normalization/batch_normalization.h"

namespace saltus::ops {

using namespace cuda;

namespace {

std::int64_t workspace_bytes(const kernels::NormalizeShape& shape, const LaunchBuilder& builder) {
  return kernels::normalize_workspace(shape, builder.max_rows()) * std::int64_t{sizeof(float)};
}

}  // namespace

Launch NormalizeBatch::launch(LaunchBuilder& builder) const {
  const kernels::NormalizeShape shape = {rows, extent(channels)};
  return {[s = *this, t = builder.tensors(), shape](const StepContext& at) {
            kernels::normalize_training(
                {shape, t.in(at, s.x), t.floats(at, s.gamma), t.floats(at, s.beta),
                 t.floats(at, s.moving_mean), t.floats(at, s.moving_variance),
                 t.floats(at, s.next_mean), t.floats(at, s.next_variance), t.floats(at, s.mean),
                 t.floats(at, s.inverse_deviation), t.out(at, s.y), workspace<float>(at),
                 s.momentum, s.epsilon},
                at.context);
          },
          workspace_bytes(shape, builder)};
}

Launch NormalizeBatchBackward::launch(LaunchBuilder& builder) const {
  const kernels::NormalizeShape shape = {rows, extent(channels)};
  return {[s = *this, t = builder.tensors(), shape](const StepContext& at) {
            kernels::normalize_backward(
                {shape, t.in(at, s.x), t.in(at, s.dy), t.floats(at, s.gamma), t.floats(at, s.mean),
                 t.floats(at, s.inverse_deviation), t.out(at, s.dx), t.floats(at, s.dgamma),
                 t.floats(at, s.dbeta), workspace<float>(at)},
                at.context);
          },
          workspace_bytes(shape, builder)};
}

Launch NormalizeMoving::launch(LaunchBuilder& builder) const {
  const kernels::NormalizeShape shape = {rows, extent(channels)};
  return {[s = *this, t = builder.tensors(), shape](const StepContext& at) {
            kernels::normalize_inference(
                {shape, t.in(at, s.x), t.floats(at, s.gamma), t.floats(at, s.beta),
                 t.floats(at, s.moving_mean), t.floats(at, s.moving_variance), t.out(at, s.y),
                 workspace<float>(at), s.epsilon},
                at.context);
          },
          workspace_bytes(shape, builder)};
}

}  // namespace saltus::ops
