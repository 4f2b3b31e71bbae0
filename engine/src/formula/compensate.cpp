#include "formula/compensate.h"

#include <array>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <map>

namespace saltus::formula {
namespace {

class Compensation {
 public:
  Compensation(const Graph& from, Graph& to) : from_(from), to_(to) {}

  void copy(Id id) {
    const Node& node = from_[id];
    std::array<Id, 3> operands = node.operands;
    for (Id& operand : operands)
      if (operand != kNone) operand = copies_.at(operand);
    copies_[id] = copy_of(node, operands);
  }

  Id operator[](Id id) const { return copies_.at(id); }

 private:
  Id copy_of(const Node& node, const std::array<Id, 3>& operands) {
    if (node.kind == Kind::listed || node.kind == Kind::listed_slope) {
      const auto& f = from_.listed()[static_cast<std::size_t>(node.code)];
      return node.kind == Kind::listed ? to_.listed(f, operands[0])
                                       : to_.listed_slope(f, operands[0]);
    }
    if (node.kind != Kind::operation)
      return to_.add({.kind = node.kind, .code = node.code, .value = node.value});
    Id result = kNone;
    op::dispatch(node.code, [&]<class Op>() {
      if constexpr (op::TakesSum<Op>) {
        static_assert(op::kCode<op::OfSum<Op>> < op::ProgramOperations::size);
        const Id rest = rest_of(node.operands[0]);
        if (rest != kNone) result = make<op::OfSum<Op>>(operands[0], rest);
      } else if constexpr (std::same_as<Op, op::Power>) {
        const Id rest = rest_of(node.operands[1]);
        if (rest != kNone) result = make<op::PowerOfSum>(operands[0], operands[1], rest);
      }
    });
    return result != kNone ? result : to_.operation(node.code, operands);
  }

  /// What rounding to a float takes from a node, to half of its digits; kNone for nothing. What it
  /// takes from functions other than log is not known.
  Id rest_of(Id id) {
    const auto known = rests_.find(id);
    if (known != rests_.end()) return known->second;
    const Node& node = from_[id];
    Id rest = kNone;
    if (node.kind == Kind::constant) {
      const double taken = node.value - static_cast<double>(static_cast<float>(node.value));
      if (taken != 0 && std::isfinite(taken)) rest = to_.constant(taken);
    } else if (node.kind == Kind::operation) {
      op::dispatch(node.code, [&]<class Op>() { rest = of_operation(Op{}, id); });
    }
    rests_[id] = rest;
    return rest;
  }

  Id of_operation(op::Negate, Id id) { return negated(rest_of(from_[id].operands[0])); }
  Id of_operation(op::Add, Id id) {
    const auto [a, b, none] = from_[id].operands;
    return sum(make<op::SumRest>((*this)[a], (*this)[b]), sum(rest_of(a), rest_of(b)));
  }
  Id of_operation(op::Subtract, Id id) {
    const auto [a, b, none] = from_[id].operands;
    return sum(make<op::DifferenceRest>((*this)[a], (*this)[b]),
               sum(rest_of(a), negated(rest_of(b))));
  }
  Id of_operation(op::Multiply, Id id) {
    const auto [a, b, none] = from_[id].operands;
    Id rest = is_power_of_two(a) || is_power_of_two(b)
                  ? kNone
                  : make<op::ProductRest>((*this)[a], (*this)[b], (*this)[id]);
    rest = plus_product(rest, (*this)[b], rest_of(a));
    return plus_product(rest, (*this)[a], rest_of(b));
  }
  Id of_operation(op::Divide, Id id) {
    const auto [a, b, none] = from_[id].operands;
    const Id remainder = sum(make<op::Remainder>((*this)[a], (*this)[b], (*this)[id]), rest_of(a));
    const Id without = plus_product(remainder, (*this)[id], negated(rest_of(b)));
    return make<op::Divide>(without, (*this)[b]);
  }
  Id of_operation(op::Log, Id id) { return make<op::LogRest>((*this)[from_[id].operands[0]]); }
  template <class Op>
  Id of_operation(Op, Id) {
    return kNone;
  }

  bool is_power_of_two(Id id) const {
    constexpr std::uint64_t kMantissa = (std::uint64_t{1} << 52) - 1;
    const Node& node = from_[id];
    return node.kind == Kind::constant &&
           (std::bit_cast<std::uint64_t>(node.value) & kMantissa) == 0;
  }

  template <class Op>
  Id make(Id a, Id b = kNone, Id c = kNone) {
    return to_.make<Op>(a, b, c);
  }
  // Of rests, which may be kNone.
  Id negated(Id rest) { return rest == kNone ? kNone : make<op::Negate>(rest); }
  Id sum(Id a, Id b) {
    if (a == kNone || b == kNone) return a == kNone ? b : a;
    return make<op::Add>(a, b);
  }
  Id plus_product(Id rest, Id factor, Id of) {
    return of == kNone ? rest : sum(rest, make<op::Multiply>(factor, of));
  }

  const Graph& from_;
  Graph& to_;
  std::map<Id, Id> copies_, rests_;
};

}  // namespace

Compensated compensated(const Graph& graph, std::span<const Id> roots) {
  std::vector<Id> present(roots.begin(), roots.end());
  std::erase(present, kNone);
  Compensated result;
  Compensation compensation(graph, result.graph);
  for (const Id id : graph.needed(present)) compensation.copy(id);
  for (const Id root : roots) result.roots.push_back(root == kNone ? kNone : compensation[root]);
  return result;
}

}  // namespace saltus::formula
