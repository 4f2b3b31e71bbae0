#include "backend/cpu/op.h"
#include "ops/pooling/max_pooling.h"

namespace saltus::ops {

using namespace cpu;

SlicedOpPtr MaxPool::compile(const Compilation& at) const {
  const Memory& memory = at.memory;
  return loop_op([s = *this, &memory](const Run& run, const Slice& slice) {
    loops().max_pool(memory.in(s.x, run, slice), memory.out(s.y, run, slice),
                     memory.bytes(s.index, run, slice), s.window, slice.rows);
  });
}

SlicedOpPtr MaxPoolBackward::compile(const Compilation& at) const {
  const Memory& memory = at.memory;
  return loop_op([s = *this, &memory](const Run& run, const Slice& slice) {
    loops().max_pool_backward(memory.in(s.dy, run, slice), memory.bytes(s.index, run, slice),
                              memory.out(s.dx, run, slice), s.window, slice.rows);
  });
}

SlicedOpPtr GatherPooled::compile(const Compilation& at) const {
  const Memory& memory = at.memory;
  return loop_op([s = *this, &memory](const Run& run, const Slice& slice) {
    loops().gather_pooled(memory.in(s.x, run, slice), memory.bytes(s.index, run, slice),
                          memory.out(s.y, run, slice), s.window, slice.rows);
  });
}

SlicedOpPtr ActivatePool::compile(const Compilation& at) const {
  const Memory& memory = at.memory;
  return loop_op([s = *this, &memory](const Run& run, const Slice& slice) {
    loops().activate_pool(run.trial->config.activations[static_cast<std::size_t>(s.slot)],
                          memory.in(s.x, run, slice), memory.out(s.y, run, slice),
                          memory.floats(s.slope, run, slice), memory.bytes(s.index, run, slice),
                          s.window, slice.rows);
  });
}

}  // namespace saltus::ops
