#include <saltus/kernels/normalization/layer_normalize.h>

#include "backend/cuda/launch_builder.h"
#include "ops/layer_normalization/layer_normalization.h"

namespace saltus::ops {

using namespace cuda;

Launch NormalizeRows::launch(LaunchBuilder& builder) const {
  const kernels::NormalizeShape shape = {rows, extent(channels)};
  return {[s = *this, t = builder.tensors(), shape](const StepContext& at) {
    kernels::layer_normalize({shape, t.in(at, s.x), t.floats(at, s.gamma), t.floats(at, s.beta),
                              t.out(at, s.y), static_cast<float>(s.epsilon)},
                             at.context);
  }};
}

Launch NormalizeRowsBackward::launch(LaunchBuilder& builder) const {
  const kernels::NormalizeShape shape = {rows, extent(channels)};
  return {
      [s = *this, t = builder.tensors(), shape](const StepContext& at) {
        kernels::layer_normalize_backward(
            {shape, t.in(at, s.x), t.in(at, s.dy), t.floats(at, s.gamma), t.out(at, s.dx),
             t.floats(at, s.dgamma), t.floats(at, s.dbeta), workspace<float>(at),
             static_cast<float>(s.epsilon)},
            at.context);
      },
      kernels::layer_normalize_workspace(shape, builder.max_rows()) * std::int64_t{sizeof(float)}};
}

}  // namespace saltus::ops
