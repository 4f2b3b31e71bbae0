#pragma once

#include <vector>

#include "reference/network.h"

namespace saltus::reference {

/// How far the values of a pass stay away from where a derivative jumps: the smallest distance of
/// an activation's or PReLU's input from a kink, and of a pooling window's largest value from the
/// next smaller one. Infinity for a smooth network. Values exactly on a kink and equal values in a
/// window do not count: with random weights they come from dropout and from flat pieces of
/// activations, which small changes do not move.
///
/// Finite differences, and comparisons of two precisions, mean something only where this is larger
/// than what they move or round.
double kink_distance(const Graph& graph, const Array<Batch>& outputs);

}  // namespace saltus::reference
