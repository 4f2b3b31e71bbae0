#include <saltus/kernels/normalization/group_normalize.h>

#include "backend/cuda/launch_builder.h"
#include "ops/group_normalization/group_normalization.h"

namespace saltus::ops {

using namespace cuda;

namespace {

kernels::NormalizeShape shape_of(const GroupShape& shape) {
  extent(shape.positions * shape.channels());
  return {shape.positions, extent(shape.channels())};
}

}  // namespace

Launch NormalizeGroups::launch(LaunchBuilder& builder) const {
  return {[s = *this, t = builder.tensors(), of_sample = shape_of(shape),
           groups = extent(shape.groups)](const StepContext& at) {
    kernels::group_normalize({of_sample, groups, t.in(at, s.x), t.floats(at, s.gamma),
                              t.floats(at, s.beta), t.out(at, s.y), static_cast<float>(s.epsilon)},
                             at.context);
  }};
}

Launch NormalizeGroupsBackward::launch(LaunchBuilder& builder) const {
  const kernels::NormalizeShape of_sample = shape_of(shape);
  const int groups = extent(shape.groups);
  return {[s = *this, t = builder.tensors(), of_sample, groups](const StepContext& at) {
            kernels::group_normalize_backward(
                {of_sample, groups, t.in(at, s.x), t.in(at, s.dy), t.floats(at, s.gamma),
                 t.out(at, s.dx), t.floats(at, s.dgamma), t.floats(at, s.dbeta),
                 workspace<float>(at), static_cast<float>(s.epsilon)},
                at.context);
          },
          kernels::group_normalize_workspace(of_sample, groups, builder.max_rows()) *
              std::int64_t{sizeof(float)}};
}

}  // namespace saltus::ops
