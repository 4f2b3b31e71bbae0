#include "backend/cpu/op.h"
#include "backend/cpu/rows.h"
#include "ops/multiply/multiply.h"

namespace saltus::ops {

cpu::SlicedOpPtr Multiply::compile(const cpu::Compilation& at) const {
  using namespace cpu;
  const Memory& memory = at.memory;
  return loop_op(
      [s = *this, &memory, n = memory.tensor(y).elements](const Run& run, const Slice& slice) {
        RowReader lefts(memory.in(s.a, run, slice), n);
        RowReader rights(memory.in(s.b, run, slice), n);
        RowWriter products(memory.out(s.y, run, slice), n);
        for (std::int64_t row = 0; row < slice.rows; ++row) {
          const auto left = lefts.row(row);
          const auto right = rights.row(row);
          for (std::size_t i = 0; i < left.size(); ++i) products.values()[i] = left[i] * right[i];
          products.write(row);
        }
      });
}

}  // namespace saltus::ops
