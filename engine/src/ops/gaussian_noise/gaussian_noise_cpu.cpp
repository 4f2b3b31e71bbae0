#include "backend/cpu/op.h"
#include "ops/gaussian_noise/gaussian_noise.h"

namespace saltus::ops {

using namespace cpu;

SlicedOpPtr AddNoise::compile(const Compilation& at) const {
  const Memory& memory = at.memory;
  return loop_op(
      [s = *this, &memory, n = memory.tensor(x).elements](const Run& run, const Slice& slice) {
        const DrawKey key = {run.trial->config.seed, s.layer, run.trial->step, slice.first * n};
        loops().add_noise(static_cast<float>(s.stddev), key, memory.in(s.x, run, slice),
                          memory.out(s.y, run, slice), slice.rows * n);
      });
}

}  // namespace saltus::ops
