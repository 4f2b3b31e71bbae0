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

/// The activation that a layer applies, be it one or have one behind its product; null where there
/// is none. In the order of the nodes these are a trial's activations.
const Activation* activation_of(const Layer& layer);

}  // namespace saltus
