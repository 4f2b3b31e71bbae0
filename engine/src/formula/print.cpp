#include <cstddef>
#include <utility>

#include <fmt/format.h>

#include <saltus/activation.h>

#include "formula/definition.h"

namespace saltus::formula {
namespace {

/// How tightly operators bind.
enum Binding { kComparison, kSum, kProduct, kSign, kPower, kAtom };

struct Text {
  std::string text;
  Binding binding = kAtom;
};

class Printer {
 public:
  Printer(const Graph& graph, std::span<const ParameterDefinition> parameters, Variables variables)
      : graph_(graph), parameters_(parameters), variables_(variables) {}

  Text of(Id id) const {
    const Node& node = graph_[id];
    switch (node.kind) {
      case Kind::constant:
        return {fmt::format("{}", node.value), node.value < 0 ? kSign : kAtom};
      case Kind::variable:
        return {std::string(variables_[static_cast<std::size_t>(node.code)])};
      case Kind::parameter:
        return {parameters_[static_cast<std::size_t>(node.code)].name};
      case Kind::listed:
      case Kind::listed_slope:
        return {of_listed(node)};
      case Kind::operation:
        break;
    }
    Text result;
    op::dispatch(node.code, [&]<class Op>() { result = of_operation(Op{}, node); });
    return result;
  }

 private:
  /// An operand in parentheses where it binds less tightly than `least`.
  std::string at_least(Id id, Binding least) const {
    const Text text = of(id);
    return text.binding < least ? "(" + text.text + ")" : text.text;
  }

  Text infix(const Node& node, std::string_view sign, Binding left, Binding right) const {
    const auto [a, b, none] = node.operands;
    return {fmt::format("{} {} {}", at_least(a, left), sign, at_least(b, right)), left};
  }
  Text of_operation(op::Negate, const Node& node) const {
    return {"-" + at_least(node.operands[0], kSign), kSign};
  }
  Text of_operation(op::Add, const Node& node) const { return infix(node, "+", kSum, kProduct); }
  Text of_operation(op::Subtract, const Node& node) const {
    return infix(node, "-", kSum, kProduct);
  }
  Text of_operation(op::Multiply, const Node& node) const {
    return infix(node, "*", kProduct, kSign);
  }
  Text of_operation(op::Divide, const Node& node) const {
    return infix(node, "/", kProduct, kSign);
  }
  Text of_operation(op::Power, const Node& node) const {
    const auto [a, b, none] = node.operands;
    return {at_least(a, kAtom) + "^" + at_least(b, kSign), kPower};
  }
  Text of_operation(op::Less, const Node& node) const { return compared(node, "<"); }
  Text of_operation(op::LessEqual, const Node& node) const { return compared(node, "<="); }
  Text of_operation(op::Equal, const Node& node) const { return compared(node, "=="); }
  /// "x > 0" rather than "0 < x".
  Text compared(const Node& node, std::string_view sign) const {
    auto [a, b, none] = node.operands;
    if (graph_[a].kind == Kind::constant && sign.front() == '<') {
      std::swap(a, b);
      sign = sign == "<" ? ">" : ">=";
    }
    return {fmt::format("{} {} {}", at_least(a, kSum), sign, at_least(b, kSum)), kComparison};
  }
  template <class Op>
  Text of_operation(Op, const Node& node) const {
    std::string arguments;
    for (std::size_t i = 0; i < Op::kArity; ++i)
      arguments += (i > 0 ? ", " : "") + of(node.operands[i]).text;
    return {fmt::format("{}({})", Op::kName, arguments)};
  }

  std::string of_listed(const Node& node) const {
    const kernels::ActivationRef& f = graph_.listed()[static_cast<std::size_t>(node.code)];
    const ActivationInfo& info = activation_list()[static_cast<std::size_t>(f.id)];
    std::string text = fmt::format("{}{}({}", info.name, node.kind == Kind::listed_slope ? "'" : "",
                                   of(node.operands[0]).text);
    for (std::size_t i = 0; i < info.parameters.size(); ++i) {
      const kernels::Parameter& parameter = info.parameters[i];
      if (f.parameters[i] != parameter.default_value)
        text += fmt::format(", {}={}", parameter.name, f.parameters[i]);
    }
    return text + ")";
  }

  const Graph& graph_;
  std::span<const ParameterDefinition> parameters_;
  Variables variables_;
};

}  // namespace

std::string text_of(const Graph& graph, Id root, std::span<const ParameterDefinition> parameters,
                    Variables variables) {
  return Printer(graph, parameters, variables).of(root).text;
}

}  // namespace saltus::formula
