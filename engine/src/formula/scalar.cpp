#include "formula/scalar.h"

#include <array>
#include <cmath>
#include <cstddef>

#include <saltus/kernels/activations.h>

namespace saltus::formula {
namespace {

/// One number in each slot.
class Slots {
 public:
  Slots(const ProgramView& program, float x, const float* parameters) {
    slots_[0] = x;
    for (int i = 0; i < program.load_count; ++i) {
      const Load& load = program.loads[i];
      at(load.out) =
          load.parameter < 0 ? static_cast<float>(load.value) : parameters[load.parameter];
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
  const Slots slots(formula.both, x, formula.parameters);
  Point result{slots[formula.both.y], slots[formula.both.slope]};
  mend(formula, &x, &result.value, &result.slope, 1);
  return result;
}

LearnedPoint evaluate(const LearnedFormula& formula, float x, const ParameterValues& parameters) {
  const ProgramView value = formula.value_program().view();
  const ProgramView derivatives = formula.derivative_program().view();
  const Slots of_value(value, x, parameters.data());
  const Slots slopes(derivatives, x, parameters.data());
  LearnedPoint point{.value = of_value[value.y], .slope = slopes[derivatives.slope]};
  bool has_nan = std::isnan(point.slope);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (formula.derivatives().by_parameter[i] == kNone) continue;
    point.by_parameter[i] = slopes[derivatives.by_parameter[i]];
    has_nan = has_nan || std::isnan(point.by_parameter[i]);
  }
  if (!has_nan && !std::isnan(point.value)) return point;
  LearnedPoint in_double = learned_point(formula, x, parameters);
  if (has_nan) {
    if (!std::isnan(point.value)) in_double.value = point.value;
    return in_double;
  }
  point.value = in_double.value;
  return point;
}

}  // namespace saltus::formula
