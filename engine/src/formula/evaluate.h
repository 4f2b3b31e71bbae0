// The value of every node of a graph at one point, in any type that kernels/math.h serves.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "formula/graph.h"

namespace saltus::formula {

/// Values of the parameters, in the order of their first use.
using ParameterValues = std::array<float, kernels::kMaxParameters>;

/// f or f' of an activation of the list, in double.
double evaluate_listed(const kernels::ActivationRef& f, bool slope, double x);

/// A graph made ready for it.
template <class T>
class Evaluator {
 public:
  Evaluator(const Graph& graph, std::span<const Id> roots)
      : graph_(graph),
        order_(graph.needed(roots)),
        values_(static_cast<std::size_t>(graph.size())) {}

  /// Calls seen(value) with the value of every node that a root depends on.
  template <class Seen>
  void run(std::span<const T> variables, const ParameterValues& parameters, Seen seen) {
    for (const Id id : order_) {
      T& value = values_[static_cast<std::size_t>(id)];
      value = value_of(graph_[id], variables, parameters);
      seen(value);
    }
  }
  /// Where x is the only variable.
  template <class Seen>
  void run(T x, const ParameterValues& parameters, Seen seen) {
    run(std::span<const T>(&x, 1), parameters, seen);
  }
  void run(T x, const ParameterValues& parameters) {
    run(x, parameters, [](const T&) {});
  }

  const T& operator[](Id id) const { return values_[static_cast<std::size_t>(id)]; }

 private:
  T value_of(const Node& node, std::span<const T> variables,
             const ParameterValues& parameters) const {
    const auto operand = [&](std::size_t i) {
      const Id id = node.operands[i];
      return id == kNone ? T(0) : values_[static_cast<std::size_t>(id)];
    };
    switch (node.kind) {
      case Kind::constant:
        return T(node.value);
      case Kind::variable:
        return variables[static_cast<std::size_t>(node.code)];
      case Kind::parameter:
        return T(parameters[static_cast<std::size_t>(node.code)]);
      case Kind::listed:
      case Kind::listed_slope:
        return T(evaluate_listed(graph_.listed()[static_cast<std::size_t>(node.code)],
                                 node.kind == Kind::listed_slope, static_cast<double>(operand(0))));
      case Kind::operation:
        break;
    }
    T result(0);
    op::dispatch(node.code,
                 [&]<class Op>() { result = op::apply<Op>(operand(0), operand(1), operand(2)); });
    return result;
  }

  const Graph& graph_;
  std::vector<Id> order_;
  std::vector<T> values_;
};

}  // namespace saltus::formula
