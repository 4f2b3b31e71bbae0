#include "formula/graph.h"

#include <algorithm>
#include <bit>
#include <cstddef>

namespace saltus::formula {

Id Graph::constant(double value) {
  return add({.value = value == 0 ? 0.0 : value});  // one zero
}

Id Graph::operation(int code, std::array<Id, 3> operands) {
  if (style_ == Style::simplified) return simplified(*this, code, operands);
  return add({.kind = Kind::operation, .code = code, .operands = operands});
}

Id Graph::add(const Node& node) {
  const auto [a, b, c] = node.operands;
  const std::array<std::uint64_t, 6> key = {
      static_cast<std::uint64_t>(node.kind), static_cast<std::uint64_t>(node.code),
      static_cast<std::uint64_t>(a),         static_cast<std::uint64_t>(b),
      static_cast<std::uint64_t>(c),         std::bit_cast<std::uint64_t>(node.value)};
  const auto [place, is_new] = known_.try_emplace(key, size());
  if (is_new) nodes_.push_back(node);
  return place->second;
}

Id Graph::add(const kernels::ActivationRef& f, Kind kind, Id operand) {
  const auto is_same = [&](const kernels::ActivationRef& other) {
    return f.id == other.id && std::ranges::equal(f.parameters, other.parameters);
  };
  auto place = std::ranges::find_if(listed_, is_same);
  if (place == listed_.end()) place = listed_.insert(place, f);
  return add({.kind = kind,
              .code = static_cast<int>(place - listed_.begin()),
              .operands = {operand, kNone, kNone}});
}

Id Graph::take(const Graph& other, Id node, std::map<Id, Id>& taken) {
  const std::array<Id, 1> roots = {node};
  for (const Id id : other.needed(roots)) {
    if (taken.contains(id)) continue;
    const Node& from = other[id];
    std::array<Id, 3> operands = from.operands;
    for (Id& operand : operands)
      if (operand != kNone) operand = taken.at(operand);
    Id& mine = taken[id];
    if (from.kind == Kind::operation)
      mine = operation(from.code, operands);
    else if (from.kind == Kind::listed || from.kind == Kind::listed_slope)
      mine = add(other.listed_[static_cast<std::size_t>(from.code)], from.kind, operands[0]);
    else
      mine = add(from);
  }
  return taken.at(node);
}

std::vector<Id> Graph::needed(std::span<const Id> roots) const {
  std::vector<bool> wanted(nodes_.size());
  for (const Id root : roots) wanted[static_cast<std::size_t>(root)] = true;
  for (std::size_t i = nodes_.size(); i-- > 0;) {
    if (!wanted[i]) continue;
    for (const Id operand : nodes_[i].operands)
      if (operand != kNone) wanted[static_cast<std::size_t>(operand)] = true;
  }
  std::vector<Id> result;
  for (std::size_t i = 0; i < wanted.size(); ++i)
    if (wanted[i]) result.push_back(static_cast<Id>(i));
  return result;
}

}  // namespace saltus::formula
