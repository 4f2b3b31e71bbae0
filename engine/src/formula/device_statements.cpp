#include "formula/device_statements.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

#include <fmt/format.h>

#include <saltus/kernels/formula/mend.h>

#include "formula/evaluate.h"

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

int operands_of(int code) {
  int arity = 0;
  op::dispatch_program(code, [&]<class Op>() { arity = Op::kArity; });
  return arity;
}

std::string_view text_of(bool value) {
  return value ? "true" : "false";
}

/// The call of an activation of the list, or of its slope.
std::string listed_call(std::string_view function, const kernels::ActivationRef& f, bool slope,
                        std::string_view x) {
  std::string call = fmt::format("{}({}, {}, {}", function, f.id, text_of(slope), x);
  for (const float parameter : f.parameters) call += fmt::format(", {}", literal(parameter));
  return call + ")";
}

/// In double, what a machine has no instruction for is a call of a function that all formulas
/// share: it is rarely needed, and compiling it for each formula would take most of the time.
bool is_call(int code) {
  const bool is_cheap =
      code == op::kCode<op::Negate> || code == op::kCode<op::Abs> || code == op::kCode<op::Sign>;
  return (operands_of(code) == 1 && !is_cheap) || code == op::kCode<op::Power> ||
         code == op::kCode<op::Divide>;
}

std::string joined(std::span<const std::string> operands) {
  return fmt::format("{}", fmt::join(operands, ", "));
}

/// An operation in double.
std::string wide_operation(int code, std::span<const std::string> operands) {
  if (is_call(code)) {
    std::vector<std::string> all(operands.begin(), operands.end());
    all.resize(3, "0");
    return fmt::format("saltus_operation({}, {})", code, joined(all));
  }
  return fmt::format("{}::f({})", name_of_operation(code), joined(operands));
}

/// The types of a program's statements.
struct Single {
  static constexpr std::string_view kType = "float";
  static constexpr std::string_view kListed = "saltus_listed";
  static std::string constant(double value) { return literal(static_cast<float>(value)); }
  static std::string operation(int code, std::span<const std::string> operands) {
    return fmt::format("{}::f({})", name_of_operation(code), joined(operands));
  }
};
struct Double {
  static constexpr std::string_view kType = "double";
  static constexpr std::string_view kListed = "saltus_wide_listed";
  static std::string constant(double value) { return literal(value); }
  static std::string operation(int code, std::span<const std::string> operands) {
    return wide_operation(code, operands);
  }
};

/// The statements of a program, in which every result has a name of its own.
template <class Type>
class ProgramWriter {
 public:
  ProgramWriter(const ProgramView& program, std::span<const char* const> variables)
      : program_(program) {
    std::ranges::copy(variables, names_.begin());
    for (int i = 0; i < program.load_count; ++i) {
      const Load& load = program.loads[i];
      name(load.out) = load.parameter < 0 ? Type::constant(load.value)
                                          : fmt::format("p[{}]", int{load.parameter});
    }
    for (int i = 0; i < program.count; ++i) write(program.instructions[i]);
  }

  /// With these slots as results.
  std::string text(std::span<const int> slots) {
    std::string text = text_;
    for (std::size_t i = 0; i < slots.size(); ++i)
      text += fmt::format("    results[{}] = {};\n", i, slots[i] < 0 ? "0" : name(slots[i]));
    return text;
  }

 private:
  std::string& name(int slot) { return names_[static_cast<std::size_t>(slot)]; }

  void store(std::uint8_t slot, std::string_view value) {
    const std::string stored = fmt::format("v{}", count_++);
    text_ += fmt::format("    const {} {} = {};\n", Type::kType, stored, value);
    name(slot) = stored;
  }

  void write(const Instruction& instruction) {
    const std::string a = name(instruction.a);
    if (instruction.kind == Kind::operation) {
      const auto arity = static_cast<std::size_t>(operands_of(instruction.code));
      std::vector<std::string> operands = {a};
      if (arity > 1) operands.push_back(name(instruction.b));
      if (arity > 2) operands.push_back(name(instruction.c));
      store(instruction.out, Type::operation(instruction.code, operands));
      return;
    }
    const kernels::ActivationRef& f = program_.listed[instruction.code];
    store(instruction.out, listed_call(Type::kListed, f, false, a));
    if (instruction.b != kNoSlot) store(instruction.b, listed_call(Type::kListed, f, true, a));
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
    std::vector<Id> present(roots.begin(), roots.end());
    std::erase(present, kNone);
    for (const Id id : graph.needed(present)) write(id);
  }

  const std::string& text() const { return text_; }
  const std::string& name(Id id) const { return names_[static_cast<std::size_t>(id)]; }

 private:
  std::string operation(const Node& node) const {
    std::vector<std::string> operands;
    operands.reserve(node.operands.size());
    for (int i = 0; i < operands_of(node.code); ++i)
      operands.push_back(name(node.operands[static_cast<std::size_t>(i)]));
    return wide_operation(node.code, operands);
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
        name = literal(node.value);
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

}  // namespace

std::string literal(double value) {
  if (std::isnan(value)) return "(math::kInfinity - math::kInfinity)";
  if (std::isinf(value)) return value > 0 ? "math::kInfinity" : "-math::kInfinity";
  return fmt::format("{:a}", value);
}
std::string literal(float value) {
  if (!std::isfinite(value)) return fmt::format("float({})", literal(double{value}));
  return fmt::format("{:a}f", value);
}

std::string float_function(std::string_view name, const ProgramView& program,
                           std::span<const int> slots) {
  constexpr const char* kVariables[] = {"x"};
  return fmt::format(
      "  SALTUS_HD static void {}([[maybe_unused]] float x, [[maybe_unused]] const float* p,\n"
      "                           float* results) {{\n{}  }}\n",
      name, ProgramWriter<Single>(program, kVariables).text(slots));
}

std::string loss_function(std::string_view name, const ProgramView& program,
                          std::span<const int> slots) {
  constexpr const char* kVariables[] = {"y", "t"};
  return fmt::format(
      "  SALTUS_HD static void {}([[maybe_unused]] double y, [[maybe_unused]] double t,\n"
      "                           double* results) {{\n{}  }}\n",
      name, ProgramWriter<Double>(program, kVariables).text(slots));
}

std::string wide_function(std::string_view name, const Graph& graph, std::span<const Id> roots) {
  const WideWriter writer(graph, roots);
  std::string text = fmt::format(
      "  SALTUS_HD static bool {}([[maybe_unused]] double x, [[maybe_unused]] const float* p,\n"
      "                           double* results) {{\n    bool overflows = false;\n{}",
      name, writer.text());
  for (std::size_t i = 0; i < roots.size(); ++i) {
    text +=
        fmt::format("    results[{}] = {};\n", i, roots[i] == kNone ? "0" : writer.name(roots[i]));
  }
  return text + "    return overflows;\n  }\n";
}

}  // namespace saltus::formula
