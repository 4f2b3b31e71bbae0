#include "backend/cpu/op.h"
#include "ops/dropout/dropout.h"
#include "ops/dropout/mask_cpu.h"

namespace saltus::ops {

using namespace cpu;

SlicedOpPtr Drop::compile(const Compilation& at) const {
  const Memory& memory = at.memory;
  return loop_op(
      [s = *this, &memory, n = memory.tensor(x).elements](const Run& run, const Slice& slice) {
        loops().drop(drop_rule(s.slot, run), mask_key(s.slot, n, run, slice),
                     memory.in(s.x, run, slice), memory.out(s.y, run, slice), slice.rows * n);
      });
}

SlicedOpPtr DropBackward::compile(const Compilation& at) const {
  const Memory& memory = at.memory;
  return loop_op(
      [s = *this, &memory, n = memory.tensor(dx).elements](const Run& run, const Slice& slice) {
        loops().drop_backward(drop_rule(s.slot, run), mask_key(s.slot, n, run, slice),
                              memory.in(s.dy, run, slice), memory.out(s.dx, run, slice),
                              slice.rows * n);
      });
}

}  // namespace saltus::ops
