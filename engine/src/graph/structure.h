// What makes a graph fit for training, and parts of graphs.
#pragma once

#include <saltus/graph.h>

namespace saltus {

/// Throws InvalidArgument where a node but the last feeds nothing: what it computes, and its
/// weights, would be without use.
void require_all_used(const Graph& graph);

/// The place of the node of that name. Throws InvalidArgument where there is none.
std::size_t node_named(const Graph& graph, std::string_view name);

/// The network that ends with a node: it, and what feeds it.
Graph part_up_to(const Graph& graph, std::size_t node);

}  // namespace saltus
