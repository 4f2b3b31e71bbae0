#include "backend/cpu/loops/formula.h"

#include "backend/cpu/loops/blocks.h"

namespace saltus::cpu::SALTUS_ISA {
namespace {

namespace op = kernels::formula;

template <class Op>
void operate(const float* a, const float* b, const float* c, float* y, std::int64_t n) {
  SALTUS_INDEPENDENT
  for (std::int64_t i = 0; i < n; ++i) y[i] = op::apply<Op>(a[i], b[i], c[i]);
}

template <class... Op>
BlockOperation find_operation(int code, op::OperationTypes<Op...>) {
  static constexpr BlockOperation kAll[] = {&operate<Op>...};
  return kAll[code];
}

/// Whether one is beyond floats, or NaN came out.
bool needs_mending(const formula::Extent& extent, const float* x, const float* y,
                   const float* slope, std::int64_t n) {
  unsigned found = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    // Without jumps: & and not &&.
    const bool inside = (x[i] >= extent.low) & (x[i] <= extent.high);
    found |= static_cast<unsigned>(!(inside & (y[i] == y[i]) & (slope[i] == slope[i])));
  }
  return found != 0;
}

}  // namespace

BlockOperation block_operation(int code) {
  return find_operation(code, op::ProgramOperations{});
}

void evaluate_formula(const formula::Ready& formula, const float* x, float* y, float* slope,
                      std::int64_t n) {
  Blocks blocks(slope == nullptr ? formula.value : formula.both);
  blocks.load([&](const formula::Load& load, float* block) {
    const float value =
        load.parameter < 0 ? static_cast<float>(load.value) : formula.parameters[load.parameter];
    for (std::int64_t i = 0; i < kFormulaBlock; ++i) block[i] = value;
  });
  const formula::ProgramView& program = slope == nullptr ? formula.value : formula.both;
  float inputs[kFormulaBlock];
  for (std::int64_t first = 0; first < n; first += kFormulaBlock) {
    const std::int64_t count = smaller(kFormulaBlock, n - first);
    blocks.run(x + first, count);
    const float* values = blocks[program.y];
    const float* slopes = blocks[program.slope];
    const bool mends = needs_mending(formula.extent, x + first, values, slopes, count);
    if (mends)
      for (std::int64_t i = 0; i < count; ++i) inputs[i] = x[first + i];
    // The slope first: y may be x, which may be the slope.
    if (slope != nullptr)
      for (std::int64_t i = 0; i < count; ++i) slope[first + i] = slopes[i];
    for (std::int64_t i = 0; i < count; ++i) y[first + i] = values[i];
    if (mends)
      formula::mend(formula, inputs, y + first, slope == nullptr ? nullptr : slope + first, count);
  }
}

}  // namespace saltus::cpu::SALTUS_ISA
