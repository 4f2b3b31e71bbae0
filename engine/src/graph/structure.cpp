#include "graph/structure.h"

#include <algorithm>

#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/nearest.h>

namespace saltus {
void require_all_used(const Graph& graph) {
  std::vector<bool> used(graph.nodes().size(), false);
  used.back() = true;
  for (const Node& node : graph.nodes()) {
    for (const NodeId input : node.inputs) used[static_cast<std::size_t>(input)] = true;
  }
  const auto unused = std::find(used.begin(), used.end(), false);
  if (unused == used.end()) return;
  const Node& node = graph.nodes()[static_cast<std::size_t>(unused - used.begin())];
  throw InvalidArgument(fmt::format(
      "{}: nothing takes its output; every layer but the one added last must feed another",
      node.name));
}

std::size_t node_named(const Graph& graph, std::string_view name) {
  std::vector<std::string_view> names;
  for (const Node& node : graph.nodes()) {
    if (node.name == name) return names.size();
    names.push_back(node.name);
  }
  throw InvalidArgument(
      fmt::format("the model has no layer '{}'{}", name, suggestion(name, names)));
}

Graph part_up_to(const Graph& graph, std::size_t node) {
  const std::vector<Node>& nodes = graph.nodes();
  std::vector<bool> feeds(node + 1, false);
  feeds[node] = true;
  for (std::size_t i = node + 1; i-- > 0;) {
    for (const NodeId input : nodes[i].inputs) {
      if (feeds[i]) feeds[static_cast<std::size_t>(input)] = true;
    }
  }
  Graph part(nodes.front().shape);
  std::vector<NodeId> places = {0};  // of the nodes in the part
  for (std::size_t i = 1; i <= node; ++i) {
    places.push_back(0);
    if (!feeds[i]) continue;
    std::vector<NodeId> inputs;
    for (const NodeId input : nodes[i].inputs) {
      inputs.push_back(places[static_cast<std::size_t>(input)]);
    }
    places.back() = part.add_to(std::move(inputs), nodes[i].layer, nodes[i].name);
  }
  return part;
}

}  // namespace saltus
