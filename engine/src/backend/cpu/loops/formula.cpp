#include "backend/cpu/loops/formula.h"

#include "backend/cpu/loops/evaluate.h"

namespace saltus::cpu::SALTUS_ISA {
namespace {

namespace op = kernels::formula;

/// So few that the blocks of most formulas fit the first cache, so many that instructions cost
/// nothing.
constexpr std::int64_t kBlock = 256;

using Operation = void (*)(const float* a, const float* b, const float* c, float* y,
                           std::int64_t n);

template <class Op>
void operate(const float* a, const float* b, const float* c, float* y, std::int64_t n) {
  SALTUS_INDEPENDENT
  for (std::int64_t i = 0; i < n; ++i) y[i] = op::apply<Op>(a[i], b[i], c[i]);
}

template <class... Op>
Operation find_operation(int code, op::OperationTypes<Op...>) {
  static constexpr Operation kAll[] = {&operate<Op>...};
  return kAll[code];
}

/// Blocks by slots. Slot 0 is the input, and where it is stands in `x`.
class Blocks {
 public:
  explicit Blocks(const formula::ProgramView& program) : program_(program) {}

  void load(const float* parameters) {
    for (int i = 0; i < program_.load_count; ++i) {
      const formula::Load& load = program_.loads[i];
      const float value = load.parameter < 0 ? load.value : parameters[load.parameter];
      for (float& element : room_[load.out]) element = value;
    }
    x_ = room_[0];
    for (float& element : room_[0]) element = 0;
    for (int i = 0; i < program_.uniform_count; ++i) run(program_.instructions[i], kBlock);
  }

  void run(const float* x, std::int64_t n) {
    x_ = x;
    for (int i = program_.uniform_count; i < program_.count; ++i) run(program_.instructions[i], n);
  }

  const float* operator[](int slot) const { return slot == 0 ? x_ : room_[slot]; }

 private:
  void run(const formula::Instruction& instruction, std::int64_t n) {
    float* out = room_[instruction.out];
    const float* a = (*this)[instruction.a];
    if (instruction.kind == formula::Kind::listed) {
      const bool with_slope = instruction.b != formula::kNoSlot;
      evaluate(program_.listed[instruction.code], a, out,
               with_slope ? room_[instruction.b] : nullptr, n);
      return;
    }
    find_operation(instruction.code, op::Operations{})(a, (*this)[instruction.b],
                                                       (*this)[instruction.c], out, n);
  }

  const formula::ProgramView& program_;
  const float* x_ = nullptr;
  alignas(64) float room_[formula::kMostSlots][kBlock];
};

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

void evaluate_formula(const formula::Ready& formula, const float* x, float* y, float* slope,
                      std::int64_t n) {
  Blocks blocks(slope == nullptr ? formula.value : formula.both);
  blocks.load(formula.parameters);
  const formula::ProgramView& program = slope == nullptr ? formula.value : formula.both;
  float inputs[kBlock];
  for (std::int64_t first = 0; first < n; first += kBlock) {
    const std::int64_t count = smaller(kBlock, n - first);
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
