#include "backend/cpu/op.h"
#include "ops/add/add.h"

namespace saltus::ops {

cpu::SlicedOpPtr Sum::compile(const cpu::Compilation& at) const {
  using namespace cpu;
  const Memory& memory = at.memory;
  return loop_op(
      [s = *this, &memory, n = memory.tensor(y).elements](const Run& run, const Slice& slice) {
        loops().add(memory.in(s.a, run, slice), memory.in(s.b, run, slice),
                    memory.out(s.y, run, slice), slice.rows * n);
      });
}

}  // namespace saltus::ops
