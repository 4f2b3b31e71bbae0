// What trials that share a plan may choose: activation functions, initializers, kind and rate of
// dropout.
#pragma once

#include <vector>

#include <saltus/graph.h>
#include <saltus/kernels/trial.h>

namespace saltus::ops {

/// The trial table's numbers of a graph's activations and dropouts.
struct Slots {
  std::vector<int> activation;  ///< by node; -1 where it has none, or one that is learned
  std::vector<int> dropout;     ///< by node; -1 where it is none
  int activations = 0;          ///< how many there are
  int dropouts = 0;
};

/// Deals them in the order of the nodes.
Slots deal_slots(const Graph& graph);

/// The activation that a layer applies, be it one or have one behind its product; null where there
/// is none.
const Activation* activation_of(const Layer& layer);

/// Whether a layer is a kind of dropout, and its rule.
bool is_dropout(const Layer& layer);
kernels::DropoutRule dropout_of(const Layer& layer);

/// Whether the weights of a layer that are not trained move with the batches, or stay as they are
/// set.
bool statistics_move(const Layer& layer);

/// Whether two graphs differ in what a trial may choose alone, and in names. One plan then serves
/// both.
bool have_one_structure(const Graph& a, const Graph& b);

}  // namespace saltus::ops
