#include "formula/loss_formula.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>

#include "core/text.h"
#include "formula/evaluate.h"

namespace saltus::formula {
namespace {

/// So few that the blocks of most formulas fit the first cache.
constexpr std::int64_t kBlock = 128;
constexpr int kVariables = std::size(kLossVariables);

void operate(const Instruction& instruction, const ProgramView& program, const double* a,
             const double* b, const double* c, double* out, double* slope, std::int64_t n) {
  if (instruction.kind == Kind::operation) {
    op::dispatch(instruction.code, [&]<class Op>() {
      for (std::int64_t i = 0; i < n; ++i) out[i] = op::apply<Op>(a[i], b[i], c[i]);
    });
    return;
  }
  const kernels::ActivationRef& f = program.listed[instruction.code];
  for (std::int64_t i = 0; i < n; ++i) {
    const double x = a[i];  // out may be a
    out[i] = evaluate_listed(f, false, x);
    if (slope != nullptr) slope[i] = evaluate_listed(f, true, x);
  }
}

}  // namespace

struct LossFormula::Compiled {
  Graph graph;
  Id value;
  Id slope;

  explicit Compiled(const Definition& definition) {
    std::map<Id, Id> taken;
    for (Id id = 0; id < definition.graph.size(); ++id) {
      const Node& node = definition.graph[id];
      if (node.kind != Kind::parameter) continue;
      const auto place = static_cast<std::size_t>(node.code);
      taken[id] = graph.constant(shortest(definition.parameters[place].default_value));
    }
    value = graph.take(definition.graph, definition.root, taken);
    slope = derivative(graph, value, graph.variable());
  }

  [[nodiscard]] Program program(bool with_slope) const {
    return Program(graph, value, slope, with_slope, kVariables);
  }
};

LossFormula::LossFormula(Definition definition) : LossFormula(definition, Compiled(definition)) {}

LossFormula::LossFormula(const Definition& definition, const Compiled& compiled)
    : text_(definition.text(definition.defaults())),
      name_(definition.name.empty() ? text_ : definition.name),
      slope_text_(text_of(compiled.graph, compiled.slope, {}, definition.variables)),
      value_program_(compiled.program(false)),
      program_(compiled.program(true)) {
  const std::array<Id, 1> roots = {compiled.value};
  has_output_ = std::ranges::any_of(compiled.graph.needed(roots), [&](Id id) {
    return compiled.graph[id].kind == Kind::variable && compiled.graph[id].code == 0;
  });
}

void LossLoop::run(const LossFormula& formula, const double* y, const double* t, double* value,
                   double* slope, std::int64_t n) {
  const ProgramView program =
      slope == nullptr ? formula.value_program().view() : formula.program().view();
  const auto room = static_cast<std::size_t>(program.slot_count * kBlock);
  if (room_.size() < room) room_.resize(room);
  for (std::int64_t first = 0; first < n; first += kBlock) {
    const std::int64_t count = std::min(kBlock, n - first);
    const auto block = [&](int slot) { return room_.data() + slot * kBlock; };
    const auto from = [&](int slot) -> const double* {
      return slot == 0 ? y + first : slot == 1 ? t + first : block(slot);
    };
    for (int i = 0; i < program.load_count; ++i) {
      const Load& load = program.loads[i];
      std::fill_n(block(load.out), count, load.value);
    }
    for (int i = 0; i < program.count; ++i) {
      const Instruction& instruction = program.instructions[i];
      const bool has_slope = instruction.kind == Kind::listed && instruction.b != kNoSlot;
      const bool is_binary = instruction.kind == Kind::operation;
      operate(instruction, program, from(instruction.a), from(is_binary ? instruction.b : 0),
              from(instruction.c), block(instruction.out),
              has_slope ? block(instruction.b) : nullptr, count);
    }
    std::copy_n(from(program.y), count, value + first);
    if (slope != nullptr) std::copy_n(from(program.slope), count, slope + first);
  }
}

}  // namespace saltus::formula
