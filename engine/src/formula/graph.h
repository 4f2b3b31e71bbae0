// A formula as a graph: nodes that are numbers, variables, parameters, or operations on nodes
// before them.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include <saltus/kernels/activation_entry.h>
#include <saltus/kernels/formula/programs.h>

namespace saltus::formula {

namespace op = kernels::formula;

/// A node's place in its graph. Operands stand before the node.
using Id = int;
inline constexpr Id kNone = -1;

enum class Kind : std::uint8_t {
  constant,
  variable,      ///< `code` counts them: x; y and t
  parameter,     ///< `code` counts them
  operation,     ///< `code` is that of kernels/formula/operations.h
  listed,        ///< an activation of the list; `code` counts Graph::listed()
  listed_slope,  ///< its derivative
};

struct Node {
  Kind kind = Kind::constant;
  int code = 0;
  std::array<Id, 3> operands = {kNone, kNone, kNone};
  double value = 0;  ///< of a constant

  template <class Op>
  [[nodiscard]] bool is() const {
    return kind == Kind::operation && code == op::kCode<Op>;
  }
};

/// How graphs take up operations.
enum class Style {
  as_written,
  /// What is equal for all inputs where both are defined becomes one: constants are folded, common
  /// parts taken out, and forms that cancel replaced by functions that do not.
  simplified,
};

/// Equal nodes are one node.
class Graph {
 public:
  explicit Graph(Style style = Style::simplified) : style_(style) {}

  Id constant(double value);
  Id variable(int place = 0) { return add({.kind = Kind::variable, .code = place}); }
  Id parameter(int place) { return add({.kind = Kind::parameter, .code = place}); }
  Id listed(const kernels::ActivationRef& f, Id operand) { return add(f, Kind::listed, operand); }
  Id listed_slope(const kernels::ActivationRef& f, Id operand) {
    return add(f, Kind::listed_slope, operand);
  }

  template <class Op>
  Id make(Id a, Id b = kNone, Id c = kNone) {
    return operation(op::kCode<Op>, {a, b, c});
  }
  Id operation(int code, std::array<Id, 3> operands);

  /// Without simplifying.
  Id add(const Node& node);

  /// This graph's copy of a node of another; `taken` says which of its nodes are here already.
  Id take(const Graph& other, Id node, std::map<Id, Id>& taken);

  [[nodiscard]] const Node& operator[](Id id) const { return nodes_[static_cast<std::size_t>(id)]; }
  [[nodiscard]] int size() const { return static_cast<int>(nodes_.size()); }

  /// The activations that listed nodes count.
  [[nodiscard]] const std::vector<kernels::ActivationRef>& listed() const { return listed_; }

  /// What `roots` depend on and they themselves, operands first.
  [[nodiscard]] std::vector<Id> needed(std::span<const Id> roots) const;

 private:
  Id add(const kernels::ActivationRef& f, Kind kind, Id operand);

  Style style_;
  std::vector<Node> nodes_;
  std::vector<kernels::ActivationRef> listed_;
  std::map<std::array<std::uint64_t, 6>, Id> known_;
};

/// The node for an operation, simplified.
Id simplified(Graph& graph, int code, std::array<Id, 3> operands);

/// The derivative of `root` with respect to `by`, a variable or a parameter.
Id derivative(Graph& graph, Id root, Id by);

}  // namespace saltus::formula
