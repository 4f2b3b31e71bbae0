// The instructions of a formula, run over blocks of floats.
#pragma once

#include "backend/cpu/loops/evaluate.h"
#include "formula/program.h"

namespace saltus::cpu::SALTUS_ISA {

/// Elements of a block: so few that the blocks of most formulas fit the first cache, so many that
/// instructions cost nothing.
inline constexpr std::int64_t kFormulaBlock = 256;

/// The function that runs an operation over a block, by the operation's code.
using BlockOperation = void (*)(const float* a, const float* b, const float* c, float* y,
                                std::int64_t n);
BlockOperation block_operation(int code);

/// Blocks by slots. Slot 0 is the input, and where it is stands in `x`.
class Blocks {
 public:
  explicit Blocks(const formula::ProgramView& program) : program_(program) {}

  /// Fills the blocks that stay: fill(load, block) those of constants and parameters.
  template <class Fill>
  void load(Fill fill) {
    for (int i = 0; i < program_.load_count; ++i) {
      const formula::Load& load = program_.loads[i];
      fill(load, room_[load.out]);
    }
    x_ = room_[0];
    for (float& element : room_[0]) element = 0;
    for (int i = 0; i < program_.uniform_count; ++i) run(program_.instructions[i], kFormulaBlock);
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
    block_operation(instruction.code)(a, (*this)[instruction.b], (*this)[instruction.c], out, n);
  }

  const formula::ProgramView& program_;
  const float* x_ = nullptr;
  alignas(64) float room_[formula::kMostSlots][kFormulaBlock];
};

}  // namespace saltus::cpu::SALTUS_ISA
