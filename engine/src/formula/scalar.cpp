#include "formula/scalar.h"

#include <array>
#include <cstddef>

#include <saltus/kernels/activations.h>

namespace saltus::formula {
namespace {

/// One number in each slot.
class Slots {
 public:
  explicit Slots(const Ready& formula, float x) {
    const ProgramView& program = formula.both;
    slots_[0] = x;
    for (int i = 0; i < program.load_count; ++i) {
      const Load& load = program.loads[i];
      at(load.out) =
          load.parameter < 0 ? static_cast<float>(load.value) : formula.parameters[load.parameter];
    }
    for (int i = 0; i < program.count; ++i) run(program.instructions[i], program);
  }

  float operator[](int slot) const { return slots_[static_cast<std::size_t>(slot)]; }

 private:
  float& at(int slot) { return slots_[static_cast<std::size_t>(slot)]; }

  void run(const Instruction& instruction, const ProgramView& program) {
    const float a = at(instruction.a);
    const float b = instruction.b == kNoSlot ? 0 : at(instruction.b);
    const float c = at(instruction.c);
    if (instruction.kind == Kind::operation) {
      float result = 0;
      op::dispatch_program(instruction.code, [&]<class Op>() { result = op::apply<Op>(a, b, c); });
      at(instruction.out) = result;
      return;
    }
    const kernels::ActivationRef& f = program.listed[instruction.code];
    const auto parameters = kernels::parameters_of<float>(f);
    kernels::dispatch(f.id, [&]<class Entry>() {
      at(instruction.out) = Entry::f(a, parameters);
      if (instruction.b != kNoSlot) at(instruction.b) = Entry::df(a, parameters);
    });
  }

  std::array<float, kMostSlots> slots_{};
};

}  // namespace

Point evaluate(const Ready& formula, float x) {
  const Slots slots(formula, x);
  Point result{slots[formula.both.y], slots[formula.both.slope]};
  mend(formula, &x, &result.value, &result.slope, 1);
  return result;
}

}  // namespace saltus::formula
