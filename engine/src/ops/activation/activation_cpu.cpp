#include "backend/cpu/op.h"
#include "ops/activation/activation.h"

namespace saltus::ops {

using namespace cpu;

SlicedOpPtr Activate::compile(const Compilation& at) const {
  const Memory& memory = at.memory;
  return loop_op(
      [s = *this, &memory, n = memory.tensor(x).elements](const Run& run, const Slice& slice) {
        loops().activate(run.trial->config.activations[static_cast<std::size_t>(s.slot)],
                         memory.in(s.x, run, slice), memory.out(s.y, run, slice),
                         memory.floats(s.slope, run, slice), slice.rows * n);
      });
}

SlicedOpPtr ActivateBackward::compile(const Compilation& at) const {
  const Memory& memory = at.memory;
  return loop_op(
      [s = *this, &memory, n = memory.tensor(dx).elements](const Run& run, const Slice& slice) {
        loops().multiply(memory.in(s.dy, run, slice), memory.floats(s.slope, run, slice),
                         memory.out(s.dx, run, slice), slice.rows * n);
      });
}

}  // namespace saltus::ops
