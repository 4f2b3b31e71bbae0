#include <saltus/kernels/elementwise/drop_maps.h>

#include "backend/cuda/launch_builder.h"
#include "ops/dropout/spatial_dropout.h"

namespace saltus::ops {

using namespace cuda;

Launch DropMaps::launch(LaunchBuilder& builder) const {
  return {[s = *this, t = builder.tensors(), count = extent(channels)](const StepContext& at) {
    kernels::drop_maps({t.in(at, s.x), t.out(at, s.y), s.positions, count, s.slot}, at.context);
  }};
}

}  // namespace saltus::ops
