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

/// y of one layer, for each kind. Shapes of inputs and weights are those of the graph.
Batch forward(const layers::Input& layer, const Call& call);
Batch forward(const layers::Conv2D& layer, const Call& call);
Batch forward(const layers::Dense& layer, const Call& call);
Batch forward(const layers::Flatten& layer, const Call& call);
Batch forward(const layers::Reshape& layer, const Call& call);
Batch forward(const Activation& layer, const Call& call);
Batch forward(const layers::Softmax& layer, const Call& call);
Batch forward(const layers::LogSoftmax& layer, const Call& call);
Batch forward(const layers::PReLU& layer, const Call& call);
Batch forward(const layers::MaxPooling2D& layer, const Call& call);
Batch forward(const layers::AveragePooling2D& layer, const Call& call);
Batch forward(const layers::GlobalAveragePooling2D& layer, const Call& call);
Batch forward(const layers::Dropout& layer, const Call& call);
Batch forward(const layers::AlphaDropout& layer, const Call& call);
Batch forward(const layers::BatchNormalization& layer, const Call& call);
Batch forward(const layers::Add& layer, const Call& call);

/// Gradients of one layer while training, given that of its output, dy.
Gradients backward(const layers::Input& layer, const Call& call, const Batch& dy);
Gradients backward(const layers::Conv2D& layer, const Call& call, const Batch& dy);
Gradients backward(const layers::Dense& layer, const Call& call, const Batch& dy);
Gradients backward(const layers::Flatten& layer, const Call& call, const Batch& dy);
Gradients backward(const layers::Reshape& layer, const Call& call, const Batch& dy);
Gradients backward(const Activation& layer, const Call& call, const Batch& dy);
Gradients backward(const layers::Softmax& layer, const Call& call, const Batch& dy);
Gradients backward(const layers::LogSoftmax& layer, const Call& call, const Batch& dy);
Gradients backward(const layers::PReLU& layer, const Call& call, const Batch& dy);
Gradients backward(const layers::MaxPooling2D& layer, const Call& call, const Batch& dy);
Gradients backward(const layers::AveragePooling2D& layer, const Call& call, const Batch& dy);
Gradients backward(const layers::GlobalAveragePooling2D& layer, const Call& call, const Batch& dy);
Gradients backward(const layers::Dropout& layer, const Call& call, const Batch& dy);
Gradients backward(const layers::AlphaDropout& layer, const Call& call, const Batch& dy);
Gradients backward(const layers::BatchNormalization& layer, const Call& call, const Batch& dy);
Gradients backward(const layers::Add& layer, const Call& call, const Batch& dy);

/// New values of the layer's moving_mean and moving_variance after a training step on this input,
/// as Keras 3 has them: moving = momentum moving + (1 - momentum) batch, the batch's variance being
/// the biased one (mean of squares). Keras 2.2 took n / (n - 1 - epsilon) times that.
Weights moving_statistics(const layers::BatchNormalization& layer, const Call& call);

}  // namespace saltus::reference
