// Forward and backward of every layer, by plain loops over its formula. Backward gets the layer's
// inputs again and works everything else out anew: nothing is kept between the two, so that either
// can be read alone.
#pragma once

#include <cstdint>
#include <vector>

#include <saltus/graph.h>

#include "reference/batch.h"

namespace saltus::reference {

/// What a dropout mask depends on, beside the layer and the element.
struct Draw {
  std::uint64_t seed = 0;
  std::uint32_t step = 0;  ///< optimizer steps done before
};

/// A layer in its place: what its passes read.
struct Call {
  const Node& node;
  std::vector<const Batch*> inputs;
  const Weights& weights;
  bool training = false;
  Draw draw = {};
  std::uint32_t number = 0;   ///< of the node in the graph
  std::uint32_t dropout = 0;  ///< number of dropout layers before this one in the graph

  const Batch& input() const { return *inputs.front(); }

  /// The weight of this layer whose name ends in "/kind".
  const Values& weight(const char* kind) const;
  std::string weight_name(const char* kind) const;
};

/// What backward gives: the gradient of each input, and of each trainable weight.
struct Gradients {
  Array<Batch> inputs;
  Weights weights;
};

/// What the network asks of a layer of type L. Nothing lists the layers here: formula.h says how a
/// file adds its own, and one that is missing does not link.
template <class L>
struct Formula {
  /// y. Shapes of inputs and weights are those of the graph.
  static Batch output(const L& layer, const Call& call);

  /// Gradients while training, given that of the output, dy.
  static Gradients gradients(const L& layer, const Call& call, const Batch& dy);
};

/// f(x) and f'(x) in double.
double value_of(const Activation& activation, double x);
double slope_of(const Activation& activation, double x);

/// New values of the layer's moving_mean and moving_variance after a training step on this input,
/// as Keras 3 has them: moving = momentum moving + (1 - momentum) batch, the batch's variance being
/// the biased one (mean of squares). Keras 2.2 took n / (n - 1 - epsilon) times that.
Weights moving_statistics(const layers::BatchNormalization& layer, const Call& call);

}  // namespace saltus::reference
