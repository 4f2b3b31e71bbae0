#include "backend/cpu/op.h"
#include "ops/pooling/average_pooling.h"

namespace saltus::ops {

using namespace cpu;

SlicedOpPtr AveragePool::compile(const Compilation& at) const {
  const Memory& memory = at.memory;
  return loop_op([s = *this, &memory](const Run& run, const Slice& slice) {
    loops().average_pool(memory.in(s.x, run, slice), memory.out(s.y, run, slice), s.window,
                         slice.rows);
  });
}

SlicedOpPtr AveragePoolBackward::compile(const Compilation& at) const {
  const Memory& memory = at.memory;
  return loop_op([s = *this, &memory](const Run& run, const Slice& slice) {
    loops().average_pool_backward(memory.in(s.dy, run, slice), memory.out(s.dx, run, slice),
                                  s.window, slice.rows);
  });
}

}  // namespace saltus::ops
