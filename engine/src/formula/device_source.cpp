#include "formula/device_source.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <vector>

#include <fmt/format.h>

#include <saltus/kernels/formula/mend.h>

#include "formula/extremes.h"

namespace saltus::formula {
namespace {

/// "Exp" or "OfSum<Exp>" of the type, as the compiler says it.
template <class Op>
std::string name_of_type() {
  std::string_view text = __PRETTY_FUNCTION__;  // "... [with Op = saltus::kernels::...::Exp; ..."
  text.remove_prefix(text.find("Op = ") + 5);
  text = text.substr(0, text.find_first_of(";]"));
  std::string name;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find_first_of("<>", begin), text.size() - 1) + 1;
    const std::string_view qualified = text.substr(begin, end - begin);
    name += qualified.substr(qualified.rfind(':') + 1);
    begin = end;
  }
  return name;
}

std::string name_of_operation(int code) {
  std::string name;
  op::dispatch_program(code, [&]<class Op>() { name = name_of_type<Op>(); });
  return name;
}

int arity_of(int code) {
  int arity = 0;
  op::dispatch_program(code, [&]<class Op>() { arity = Op::kArity; });
  return arity;
}

/// Digits that a compiler reads back to the last bit.
std::string text_of(double value) {
  if (std::isnan(value)) return "(math::kInfinity - math::kInfinity)";
  if (std::isinf(value)) return value > 0 ? "math::kInfinity" : "-math::kInfinity";
  return fmt::format("{:a}", value);
}
std::string text_of(float value) {
  if (!std::isfinite(value)) return fmt::format("float({})", text_of(double{value}));
  return fmt::format("{:a}f", value);
}

std::string_view text_of(bool value) {
  return value ? "true" : "false";
}

/// The call of an activation of the list, or of its slope.
std::string listed_call(std::string_view function, const kernels::ActivationRef& f, bool slope,
                        std::string_view x) {
  std::string call = fmt::format("{}({}, {}, {}", function, f.id, text_of(slope), x);
  for (const float parameter : f.parameters) call += fmt::format(", {}", text_of(parameter));
  return call + ")";
}

/// In double, what a machine has no instruction for is a call of a function that all formulas
/// share: it is rarely needed, and compiling it for each formula would take most of the time.
bool is_call(int code) {
  const bool is_cheap =
      code == op::kCode<op::Negate> || code == op::kCode<op::Abs> || code == op::kCode<op::Sign>;
  return (arity_of(code) == 1 && !is_cheap) || code == op::kCode<op::Power> ||
         code == op::kCode<op::Divide>;
}

std::string joined(std::span<const std::string> operands) {
  return fmt::format("{}", fmt::join(operands, ", "));
}

/// The statements of a program, in which every result has a name of its own.
class FloatWriter {
 public:
  explicit FloatWriter(const ProgramView& program) : program_(program) {
    names_.fill("x");
    for (int i = 0; i < program.load_count; ++i) {
      const Load& load = program.loads[i];
      name(load.out) = load.parameter < 0 ? text_of(static_cast<float>(load.value))
                                          : fmt::format("p[{}]", int{load.parameter});
    }
    for (int i = 0; i < program.count; ++i) write(program.instructions[i]);
  }

  const std::string& text() const { return text_; }
  std::string& name(int slot) { return names_[static_cast<std::size_t>(slot)]; }

 private:
  void store(std::uint8_t slot, std::string_view value) {
    const std::string stored = fmt::format("v{}", count_++);
    text_ += fmt::format("    const float {} = {};\n", stored, value);
    name(slot) = stored;
  }

  void write(const Instruction& instruction) {
    const std::string a = name(instruction.a);
    if (instruction.kind == Kind::operation) {
      const std::array<std::string, 3> operands = {a, name(instruction.b), name(instruction.c)};
      const auto arity = static_cast<std::size_t>(arity_of(instruction.code));
      store(instruction.out, fmt::format("{}::f({})", name_of_operation(instruction.code),
                                         joined(std::span(operands).first(arity))));
      return;
    }
    const kernels::ActivationRef& f = program_.listed[instruction.code];
    store(instruction.out, listed_call("saltus_listed", f, false, a));
    if (instruction.b != kNoSlot) store(instruction.b, listed_call("saltus_listed", f, true, a));
  }

  const ProgramView& program_;
  std::array<std::string, kMostSlots> names_;
  std::string text_;
  int count_ = 0;
};

/// The statements of a graph in double.
class WideWriter {
 public:
  WideWriter(const Graph& graph, std::span<const Id> roots)
      : graph_(graph), names_(static_cast<std::size_t>(graph.size())) {
    for (const Id id : graph.needed(roots)) write(id);
  }

  const std::string& text() const { return text_; }
  const std::string& name(Id id) const { return names_[static_cast<std::size_t>(id)]; }

 private:
  std::string operation(const Node& node) const {
    std::array<std::string, 3> operands = {"0", "0", "0"};
    const auto arity = static_cast<std::size_t>(arity_of(node.code));
    for (std::size_t i = 0; i < arity; ++i) operands[i] = name(node.operands[i]);
    if (is_call(node.code))
      return fmt::format("saltus_operation({}, {})", node.code, joined(operands));
    return fmt::format("{}::f({})", name_of_operation(node.code),
                       joined(std::span(operands).first(arity)));
  }

  std::string value(const Node& node) const {
    if (node.kind == Kind::operation) return operation(node);
    return listed_call("saltus_wide_listed", graph_.listed()[static_cast<std::size_t>(node.code)],
                       node.kind == Kind::listed_slope, name(node.operands[0]));
  }

  void write(Id id) {
    const Node& node = graph_[id];
    std::string& name = names_[static_cast<std::size_t>(id)];
    switch (node.kind) {
      case Kind::constant:
        name = text_of(node.value);
        if (op::is_beyond_doubles(node.value)) text_ += "    overflows = true;\n";
        return;
      case Kind::variable:
        name = std::string("x");  // assigning a literal alarms GCC 12
        return;
      case Kind::parameter:
        name = fmt::format("double(p[{}])", node.code);
        return;
      default:
        break;
    }
    name = fmt::format("n{}", id);
    text_ += fmt::format("    const double {0} = {1};\n    overflows |= is_beyond_doubles({0});\n",
                         name, value(node));
  }

  const Graph& graph_;
  std::vector<std::string> names_;
  std::string text_;
};

std::string text_of(const Use& use, std::ptrdiff_t number) {
  const Extent extent = extent_of(*use.formula, use.parameters);
  const Limit left = limit_at(*use.formula, use.parameters, false);
  const Limit right = limit_at(*use.formula, use.parameters, true);
  return fmt::format("    {{{}, {}, {}, {{{}, {}}}, {{{}, {}}}}},\n", number, text_of(extent.low),
                     text_of(extent.high), text_of(left.value), text_of(left.slope),
                     text_of(right.value), text_of(right.slope));
}

std::string struct_of(const Formula& formula, std::size_t number) {
  const ProgramView program = formula.program().view();
  return fmt::format("// {}\nstruct Formula{} {{\n{}{}}};\n\n", formula.definition().formula(),
                     number,
                     float_function("evaluate", program, std::array{program.y, program.slope}),
                     wide_function("evaluate_wide", formula.graph(),
                                   std::array{formula.value(), formula.slope()}));
}

}  // namespace

std::string float_function(std::string_view name, const ProgramView& program,
                           std::span<const int> slots) {
  FloatWriter writer(program);
  std::string text = fmt::format(
      "  SALTUS_HD static void {}([[maybe_unused]] float x, [[maybe_unused]] const float* p,\n"
      "                           float* results) {{\n{}",
      name, writer.text());
  for (std::size_t i = 0; i < slots.size(); ++i)
    text += fmt::format("    results[{}] = {};\n", i, writer.name(slots[i]));
  return text + "  }\n";
}

std::string wide_function(std::string_view name, const Graph& graph, std::span<const Id> roots) {
  const WideWriter writer(graph, roots);
  std::string text = fmt::format(
      "  SALTUS_HD static bool {}([[maybe_unused]] double x, [[maybe_unused]] const float* p,\n"
      "                           double* results) {{\n    bool overflows = false;\n{}",
      name, writer.text());
  for (std::size_t i = 0; i < roots.size(); ++i)
    text += fmt::format("    results[{}] = {};\n", i, writer.name(roots[i]));
  return text + "    return overflows;\n  }\n";
}

std::string device_source(std::span<const Use> uses) {
  std::vector<const Formula*> formulas;  // each once
  std::string structs;
  std::string table;
  for (const Use& use : uses) {
    auto place = std::ranges::find(formulas, use.formula);
    if (place == formulas.end()) {
      structs += struct_of(*use.formula, formulas.size());
      place = formulas.insert(formulas.end(), use.formula);
    }
    table += text_of(use, place - formulas.begin());
  }
  std::string cases;
  std::string wide_cases;
  for (std::size_t i = 0; i < formulas.size(); ++i) {
    wide_cases += fmt::format(
        "    case {0}:\n      return Formula{0}::evaluate_wide(x, parameters, results);\n", i);
    cases += fmt::format(
        "    case {0}:\n"
        "      run<Formula{0}>(use, parameters, values, value_step, slopes, slope_step, count);\n"
        "      break;\n",
        i);
  }
  return fmt::format(
      "#include <saltus/kernels/formula/run.h>\n\n"
      "namespace saltus::kernels::formula {{\n"
      "namespace {{\n\n{}"
      "SALTUS_TABLE Use kUses[] = {{\n{}}};\n\n"
      "}}  // namespace\n\n"
      "SALTUS_OF_FORMULAS bool evaluate_wide(int formula, double x, const float* parameters,\n"
      "                                      double* results) {{\n"
      "  switch (formula) {{\n{}"
      "    default:\n      return false;\n  }}\n}}\n\n"
      "SALTUS_LINKED void saltus_evaluate_formula(int number, const float* parameters, float* "
      "values,\n"
      "                                           int value_step, float* slopes,\n"
      "                                           long long slope_step, int count) {{\n"
      "  const Use& use = kUses[number];\n"
      "  switch (use.formula) {{\n{}"
      "    default:\n      break;\n  }}\n}}\n\n"
      "}}  // namespace saltus::kernels::formula\n",
      structs, table, wide_cases, cases);
}

}  // namespace saltus::formula
