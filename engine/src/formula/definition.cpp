#include "formula/definition.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <saltus/error.h>

#include "core/text.h"

namespace saltus::formula {

std::string Definition::formula() const {
  return text_of(graph, root, parameters, variables);
}

ParameterValues Definition::defaults() const {
  ParameterValues values{};
  for (std::size_t i = 0; i < parameters.size(); ++i) values[i] = parameters[i].default_value;
  return values;
}

EachLearned Definition::learned() const {
  EachLearned learned{};
  for (std::size_t i = 0; i < parameters.size(); ++i) learned[i] = parameters[i].learned;
  return learned;
}

std::string_view text_of(Learned learned) {
  switch (learned) {
    case Learned::no:
      return "";
    case Learned::layer:
      return " learned";
    case Learned::channel:
      return " learned channel";
  }
  return "";
}

std::string Definition::text(const ParameterValues& values, const EachLearned& learned) const {
  std::string result = name.empty() ? formula() : fmt::format("{} = {}", name, formula());
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const ParameterDefinition& parameter = parameters[i];
    const ParameterDefinition usual;
    result += fmt::format("; {} = {}", parameter.name, values[i]);
    if (parameter.low != usual.low || parameter.high != usual.high)
      result += fmt::format(" in [{}, {}]", parameter.low, parameter.high);
    result += text_of(learned[i]);
  }
  return result;
}

namespace {

/// Adds the parameters that a node depends on and that are not there yet, from left to right.
void put_parameters(const Graph& graph, Id id, std::set<Id>& seen, std::vector<int>& order) {
  if (id == kNone || !seen.insert(id).second) return;
  const Node& node = graph[id];
  if (node.kind == Kind::parameter) order.push_back(node.code);
  for (const Id operand : node.operands) put_parameters(graph, operand, seen, order);
}

}  // namespace

void order_parameters(Definition& definition) {
  std::set<Id> seen;
  std::vector<int> order;
  put_parameters(definition.graph, definition.root, seen, order);
  if (std::ranges::is_sorted(order)) return;
  Graph graph(Style::as_written);
  std::map<Id, Id> taken;
  for (Id id = 0; id < definition.graph.size(); ++id) {
    const Node& node = definition.graph[id];
    if (node.kind != Kind::parameter) continue;
    const auto place = std::ranges::find(order, node.code) - order.begin();
    taken[id] = graph.parameter(static_cast<int>(place));
  }
  definition.root = graph.take(definition.graph, definition.root, taken);
  definition.graph = std::move(graph);
  std::vector<ParameterDefinition> parameters;
  parameters.reserve(order.size());
  for (const int place : order)
    parameters.push_back(std::move(definition.parameters[static_cast<std::size_t>(place)]));
  definition.parameters = std::move(parameters);
}

void require_new_name(const Definition& definition) {
  std::vector<std::string_view> words = function_names();
  words.insert(words.end(), definition.variables.begin(), definition.variables.end());
  if (std::ranges::find(words, definition.name) == words.end()) return;
  throw InvalidArgument(fmt::format("{} has a meaning in formulas already; give yours another name",
                                    definition.name));
}

Id insert(Graph& graph, const Definition& definition, Id x, const ParameterValues& values) {
  std::map<Id, Id> taken;
  for (Id id = 0; id < definition.graph.size(); ++id) {
    const Node& node = definition.graph[id];
    if (node.kind == Kind::variable) taken[id] = x;
    if (node.kind == Kind::parameter)
      taken[id] = graph.constant(shortest(values[static_cast<std::size_t>(node.code)]));
  }
  return graph.take(definition.graph, definition.root, taken);
}

}  // namespace saltus::formula
