#include "backend/cpu/op.h"
#include "ops/input/input.h"

namespace saltus::ops {

cpu::SlicedOpPtr LoadInput::compile(const cpu::Compilation& at) const {
  using namespace cpu;
  const Memory& memory = at.memory;
  return loop_op(
      [s = *this, &memory, n = memory.tensor(x).elements](const Run& run, const Slice& slice) {
        const Out rows = memory.out(s.x, run, slice);
        const std::int64_t bytes = n * plan::size_of(rows.type);
        for (std::int64_t row = 0; row < slice.rows; ++row) {
          const std::int64_t sample = run.order[static_cast<std::size_t>(slice.first + row)];
          const In source = std::visit(
              [&](const auto& inputs) {
                using Element = typename std::decay_t<decltype(inputs)>::value_type;
                return In{inputs.data() + sample * n,
                          sizeof(Element) == 1 ? plan::DType::u8 : plan::DType::f32};
              },
              run.samples->inputs);
          loops().load(source, {static_cast<std::byte*>(rows.data) + row * bytes, rows.type}, n);
        }
      });
}

}  // namespace saltus::ops
