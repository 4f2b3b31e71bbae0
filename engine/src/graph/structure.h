// What makes a graph fit for training, and graphs fit for training side by side.
#pragma once

#include <saltus/graph.h>

namespace saltus {

/// Throws InvalidArgument where a node but the last feeds nothing: what it computes, and its
/// weights, would be without use.
void require_all_used(const Graph& graph);

/// Whether two graphs differ in what a trial may choose alone: names, activation functions,
/// initializers, kind and rate of dropout. One plan then serves both.
bool have_one_structure(const Graph& a, const Graph& b);

/// The place of the node of that name. Throws InvalidArgument where there is none.
std::size_t node_named(const Graph& graph, std::string_view name);

/// The network that ends with a node: it, and what feeds it.
Graph part_up_to(const Graph& graph, std::size_t node);

/// The activation that a layer applies, be it one or have one behind its product; null where there
/// is none. In the order of the nodes these are a trial's activations.
const Activation* activation_of(const Layer& layer);

}  // namespace saltus
