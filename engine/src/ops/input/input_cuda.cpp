#include <saltus/kernels/input/load.h>

#include "backend/cuda/launch_builder.h"
#include "ops/input/input.h"

namespace saltus::ops {

cuda::Launch LoadInput::launch(cuda::LaunchBuilder& builder) const {
  using namespace cuda;
  const Tensors& t = builder.tensors();
  return {[s = *this, t, size = extent(t.elements(x))](const StepContext& at) {
    const auto count = static_cast<std::uint32_t>(at.data.count);
    kernels::load_input({at.data.bytes, at.data.floats, {count, at.shuffled}, t.out(at, s.x), size},
                        at.context);
  }};
}

}  // namespace saltus::ops
