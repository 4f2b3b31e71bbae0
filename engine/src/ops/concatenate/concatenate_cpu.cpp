#include "backend/cpu/op.h"
#include "ops/concatenate/concatenate.h"

namespace saltus::ops {

using namespace cpu;

SlicedOpPtr Concat::compile(const Compilation& at) const {
  const Memory& memory = at.memory;
  return loop_op([s = *this, &memory](const Run& run, const Slice& slice) {
    const Out whole = memory.out(s.y, run, slice);
    for (std::int64_t row = 0; row < slice.rows * s.rows; ++row) {
      const std::int64_t place = row * (s.first + s.second);
      loops().load(from(memory.in(s.a, run, slice), row * s.first), from(whole, place), s.first);
      loops().load(from(memory.in(s.b, run, slice), row * s.second), from(whole, place + s.first),
                   s.second);
    }
  });
}

SlicedOpPtr Split::compile(const Compilation& at) const {
  const Memory& memory = at.memory;
  return loop_op([s = *this, &memory](const Run& run, const Slice& slice) {
    const In whole = memory.in(s.x, run, slice);
    const auto take = [&](TensorId part, std::int64_t begin, std::int64_t length) {
      if (part == kNone) return;
      const Out out = memory.out(part, run, slice);
      for (std::int64_t row = 0; row < slice.rows * s.rows; ++row) {
        loops().load(from(whole, row * (s.first + s.second) + begin), from(out, row * length),
                     length);
      }
    };
    take(s.a, 0, s.first);
    take(s.b, s.first, s.second);
  });
}

}  // namespace saltus::ops
