#include <cmath>
#include <string>
#include <utility>
#include <variant>

#include "reference/examples.h"

namespace saltus::reference {
namespace {

Size2 random_size(Random& random, std::int64_t largest) {
  return {random.integer(1, largest), random.integer(1, largest)};
}

layers::Padding random_padding(Random& random) {
  return random.any_of({layers::Padding::valid, layers::Padding::same});
}

Layer random_activation(Random& random) {
  return activation(
      random.any_of<const char*>({"tanh", "sigmoid", "relu", "elu", "selu", "silu", "gelu_tanh",
                                  "leaky_relu", "softplus", "sine", "soft_shrink"}));
}

/// A layer that fits behind any image of at least 3 x 3.
Layer random_image_layer(Random& random) {
  switch (random.integer(0, 9)) {
    case 0:
    case 1:
      return layers::Conv2D{.filters = random.integer(1, 9),
                            .kernel_size = random_size(random, 3),
                            .strides = random_size(random, 2),
                            .padding = random_padding(random),
                            .use_bias = random.integer(0, 3) > 0};
    case 2:
      return layers::MaxPooling2D{.pool_size = random_size(random, 3),
                                  .strides = random.any_of<Size2>({{0, 0}, {1, 1}, {2, 2}}),
                                  .padding = random_padding(random)};
    case 3:
      return layers::AveragePooling2D{.pool_size = random_size(random, 3),
                                      .strides = random.any_of<Size2>({{0, 0}, {1, 2}}),
                                      .padding = random_padding(random)};
    case 4:
      return layers::PReLU{.shared_axes = random.any_of<std::vector<int>>({{}, {1, 2}, {1}})};
    case 5:
      return layers::Dense{.units = random.integer(1, 6)};
    case 6:
      return layers::AlphaDropout{random.any_of({0.1, 0.25, 0.5})};
    case 7:
      return layers::BatchNormalization{};
    case 8:
      return layers::DepthwiseConv2D{.kernel_size = random_size(random, 3),
                                     .strides = random_size(random, 2),
                                     .padding = random_padding(random),
                                     .depth_multiplier = random.integer(1, 3),
                                     .use_bias = random.integer(0, 3) > 0};
    default:
      return random_activation(random);
  }
}

/// A layer that fits behind features.
Layer random_feature_layer(Random& random) {
  switch (random.integer(0, 4)) {
    case 0:
    case 1:
      return layers::Dense{.units = random.integer(2, 20), .use_bias = random.integer(0, 3) > 0};
    case 2:
      return layers::Dropout{random.any_of({0.2, 0.5})};
    case 3:
      return layers::LogSoftmax{};
    default:
      return random_activation(random);
  }
}

/// Adds the last node to an earlier one of the same shape, where there is one.
void add_shortcut(Graph& graph, Random& random) {
  Array<NodeId> fitting;
  NodeId last = -1;
  for (const Node& node : graph.nodes()) {
    ++last;
    if (&node != &graph.output() && node.shape == graph.output().shape) fitting.push_back(last);
  }
  if (fitting.empty()) return;
  graph.add_to({fitting[random.integer(0, fitting.size() - 1)], last}, layers::Add{});
}

Loss add_end(Graph& graph, Random& random) {
  graph.add(layers::Dense{.units = random.integer(2, 10)});
  switch (random.integer(0, 5)) {
    case 0:
      graph.add(layers::Softmax{});
      return losses::CategoricalCrossentropy{};
    case 1:
      graph.add(layers::Softmax{});
      return losses::BinaryCrossentropy{};
    case 2:
      graph.add(activation("sigmoid"));
      return losses::BinaryCrossentropy{};
    case 3:
      return losses::BinaryCrossentropy{.from_logits = true};
    case 4:
      return losses::CategoricalCrossentropy{.from_logits = true};
    default:
      return losses::MeanSquaredError{};
  }
}

}  // namespace

Example random_example(std::uint64_t seed) {
  Random random(seed);
  Graph graph({random.integer(3, 9), random.integer(3, 9), random.integer(1, 5)});
  for (std::int64_t i = random.integer(1, 5); i > 0; --i) {
    const Shape& shape = graph.output().shape;
    if (shape[0] < 3 || shape[1] < 3) break;
    graph.add(random_image_layer(random));
    if (random.integer(0, 2) == 0) graph.add(random_activation(random));
    if (random.integer(0, 2) == 0) add_shortcut(graph, random);
  }
  if (random.integer(0, 3) == 0) {
    graph.add(layers::GlobalAveragePooling2D{});
  } else {
    graph.add(layers::Flatten{});
  }
  for (std::int64_t i = random.integer(0, 2); i > 0; --i) {
    graph.add(random_feature_layer(random));
    if (random.integer(0, 3) == 0) add_shortcut(graph, random);
  }
  const Loss loss = add_end(graph, random);
  return {"random_" + std::to_string(seed), std::move(graph), loss};
}

}  // namespace saltus::reference
