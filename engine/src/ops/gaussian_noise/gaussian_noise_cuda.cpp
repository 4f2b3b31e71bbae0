#include <saltus/kernels/elementwise/noise.h>

#include "backend/cuda/launch_builder.h"
#include "ops/gaussian_noise/gaussian_noise.h"

namespace saltus::ops {

using namespace cuda;

Launch AddNoise::launch(LaunchBuilder& builder) const {
  const Tensors& t = builder.tensors();
  return {[s = *this, t, size = t.elements(x)](const StepContext& at) {
    kernels::add_noise({t.in(at, s.x), t.out(at, s.y), size, s.layer, static_cast<float>(s.stddev)},
                       at.context);
  }};
}

}  // namespace saltus::ops
