#include "backend/cpu/op.h"
#include "backend/cpu/rows.h"
#include "ops/dropout/mask_cpu.h"
#include "ops/dropout/spatial_dropout.h"

namespace saltus::ops {

using namespace cpu;

namespace {

/// `factors` has one for each map of the slice: the scale, or 0 where it is dropped.
void scale_maps(const std::vector<float>& factors, In x, Out y, std::int64_t rows,
                std::int64_t positions, std::int64_t channels) {
  RowReader reader(x, positions * channels);
  RowWriter writer(y, positions * channels);
  for (std::int64_t number = 0; number < rows; ++number) {
    const float* from = reader.row(number).data();
    float* to = writer.values().data();
    const float* factor = factors.data() + number * channels;
    for (std::int64_t position = 0; position < positions; ++position) {
      for (std::int64_t c = 0; c < channels; ++c) to[c] = factor[c] == 0 ? 0 : factor[c] * from[c];
      from += channels;
      to += channels;
    }
    writer.write(number);
  }
}

}  // namespace

SlicedOpPtr DropMaps::compile(const Compilation& at) const {
  const Memory& memory = at.memory;
  return loop_op([s = *this, &memory](const Run& run, const Slice& slice) {
    std::vector<float> factors(static_cast<std::size_t>(slice.rows * s.channels), 1.0F);
    const Out to = {factors.data(), plan::DType::f32};
    loops().drop_backward(drop_rule(s.slot, run), mask_key(s.slot, s.channels, run, slice),
                          {factors.data(), plan::DType::f32}, to, slice.rows * s.channels);
    scale_maps(factors, memory.in(s.x, run, slice), memory.out(s.y, run, slice), slice.rows,
               s.positions, s.channels);
  });
}

}  // namespace saltus::ops
