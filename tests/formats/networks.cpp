#include "networks.h"

#include <algorithm>
#include <cmath>
#include <random>

#include <fmt/format.h>

#include "reference/examples.h"

namespace saltus::formats {
namespace {

constexpr std::int64_t kCount = 5;

std::vector<float> drawn(std::mt19937& random, std::int64_t count, float low, float high) {
  std::vector<float> values;
  for (std::int64_t i = 0; i < count; ++i) {
    values.push_back(low + (high - low) * static_cast<float>(random() % 65536) / 65536);
  }
  return values;
}

/// The example for a graph, weights drawn anew: none is 0 or 1, as biases and statistics begin.
Example example(std::string name, Graph graph, std::vector<float> inputs = {}) {
  std::mt19937 random(7);
  if (inputs.empty()) {
    inputs = drawn(random, kCount * element_count(graph.nodes().front().shape), -1, 1);
  }
  Model model(std::move(graph));
  model.compile({.loss = losses::MeanSquaredError{}, .device = Device::cpu, .threads = 1});
  for (const Weight& weight : model.weights()) {
    const bool positive =
        weight.bounds || weight.name.ends_with("gamma") || weight.name.ends_with("variance");
    const float low = positive ? 0.5f : -0.5f;
    model.set_weights(weight.name, drawn(random, element_count(weight.shape), low, low + 1));
  }
  return {std::move(name), std::move(model), std::move(inputs)};
}

Graph tutorial() {
  Graph graph({28, 28, 1});
  graph.add(layers::Conv2D{.filters = 8, .activation = "gelu"});
  graph.add(layers::Conv2D{.filters = 8});
  graph.add(Activation("selu"));
  graph.add(layers::MaxPooling2D{});
  graph.add(layers::AlphaDropout{0.25});
  graph.add(layers::Flatten{});
  graph.add(layers::Dense{.units = 16, .activation = "mish"});
  graph.add(layers::Dense{.units = 10});
  graph.add(layers::Softmax{});
  return graph;
}

/// Two branches of convolutions, padding that is not the same on both sides, all that may stand
/// between two convolutions.
Graph residual() {
  Graph graph({12, 9, 3});
  graph.add(layers::BatchNormalization{});
  const NodeId stem = graph.add(layers::Conv2D{
      .filters = 4, .kernel_size = {4, 3}, .strides = {2, 1}, .padding = layers::Padding::same});
  graph.add(layers::BatchNormalization{.epsilon = 0.01});
  graph.add(Activation("leaky_relu"));
  graph.add(layers::Conv2D{
      .filters = 4, .kernel_size = {2, 2}, .padding = layers::Padding::same, .use_bias = false});
  const NodeId branch = graph.add(layers::PReLU{.shared_axes = {1, 2}});
  graph.add_to({branch, stem}, layers::Add{});
  graph.add(layers::MaxPooling2D{
      .pool_size = {3, 2}, .strides = {2, 2}, .padding = layers::Padding::same});
  graph.add(layers::PReLU{});
  graph.add(layers::Dropout{});
  graph.add(layers::AveragePooling2D{
      .pool_size = {2, 3}, .strides = {1, 2}, .padding = layers::Padding::same});
  graph.add(layers::Softmax{});
  graph.add(layers::Flatten{});
  graph.add(layers::Dense{.units = 3});
  graph.add(layers::LogSoftmax{});
  return graph;
}

/// What convolutions give is also read in the order of samples, and the other way round.
Graph mixed() {
  Graph graph({6, 5, 2});
  const NodeId input = 0;
  const NodeId dense = graph.add(layers::Dense{.units = 3});
  const NodeId conv =
      graph.add_to({input}, layers::Conv2D{.filters = 3, .padding = layers::Padding::same});
  const NodeId sum = graph.add_to({dense, conv, dense}, layers::Add{});
  graph.add_to({conv}, layers::Dense{.units = 3});
  const NodeId other = graph.add(layers::LogSoftmax{});
  graph.add_to({conv, sum, other}, layers::Add{});
  graph.add(layers::AveragePooling2D{.pool_size = {2, 2}});
  graph.add(layers::GlobalAveragePooling2D{});
  return graph;
}

/// Samples of two axes, then of three that are no image, then of four.
Graph sequence() {
  Graph graph({6, 4});
  graph.add(layers::Dense{.units = 8, .activation = "sine"});
  graph.add(layers::BatchNormalization{});
  graph.add(layers::PReLU{.shared_axes = {1}});
  const NodeId left = graph.add(layers::Dense{.units = 8, .use_bias = false});
  graph.add(Activation("tanh"));
  const NodeId sum = graph.add_to({left, 4, 5}, layers::Add{});
  graph.add_to({sum}, layers::Reshape{{4, 6, -1}});
  graph.add(layers::Conv2D{.filters = 4, .kernel_size = {1, 2}});
  graph.add(layers::Reshape{{2, 2, 5, 4}});
  graph.add(layers::BatchNormalization{});
  graph.add(layers::Softmax{});
  return graph;
}

/// Products, joins and gates, of images in both orders and of vectors.
Graph gated() {
  Graph graph({6, 5, 2});
  const NodeId conv = graph.add(layers::Conv2D{.filters = 4, .padding = layers::Padding::same});
  const NodeId dense = graph.add_to({0}, layers::Dense{.units = 4});
  const NodeId product = graph.add_to({conv, dense, conv}, layers::Multiply{});
  graph.add_to({dense, product, conv}, layers::Concatenate{});
  graph.add(layers::GLU{.activation = "silu"});
  graph.add_to({product, 5}, layers::Concatenate{});
  graph.add(layers::ZeroPadding2D{.padding = {{0, 1}, {2, 0}}});
  graph.add(layers::Conv2D{.filters = 4});
  graph.add(layers::ZeroPadding2D{.padding = 1});
  graph.add(layers::GLU{});
  graph.add(layers::Flatten{});
  graph.add(layers::Dense{.units = 6});
  graph.add(layers::GLU{.activation = "linear"});
  return graph;
}

/// Parameters that are learned, in both orders of axes.
Graph learned() {
  Graph graph({6, 5, 2});
  graph.add(layers::Conv2D{.filters = 4, .activation = "pelu:a=learned channel:b=learned"});
  graph.add(Activation("x * tanh(softplus(b * x)); b = 1 learned channel"));
  graph.add(layers::GLU{.activation = "swish:beta=learned channel"});
  graph.add(layers::Flatten{});
  graph.add(layers::Dense{.units = 6, .activation = "acon_c:p1=learned channel:beta=2 learned"});
  return graph;
}

/// A chain of the layers given.
Graph chain(Shape shape, const std::vector<Layer>& layers) {
  Graph graph(std::move(shape));
  for (const Layer& layer : layers) graph.add(layer);
  return graph;
}

/// From -80 to 80, dense around 0 and between -30 and 30, with all integers and halves.
std::vector<float> numbers() {
  std::vector<float> values = {-80, -50, -40, 40, 50, 80};
  for (int i = -30 * 64; i <= 30 * 64; ++i) values.push_back(static_cast<float>(i) / 64);
  for (float x = 1e-8f; x < 0.02f; x *= 3) {
    values.push_back(x);
    values.push_back(-x);
  }
  return values;
}

/// The activation with every parameter moved off its default, as far as it may.
std::string moved(const ActivationInfo& info) {
  std::string text(info.name);
  for (const auto& parameter : info.parameters) {
    const float value =
        std::clamp(1.5f * parameter.default_value + 0.125f, parameter.low, parameter.high);
    text += fmt::format(":{}={}", parameter.name, value);
  }
  return text;
}

}  // namespace

std::vector<Example> layer_examples() {
  std::vector<Example> examples;
  examples.push_back(example("tutorial", tutorial()));
  examples.push_back(example("residual", residual()));
  examples.push_back(example("mixed", mixed()));
  examples.push_back(example("sequence", sequence()));
  examples.push_back(example("gated", gated()));
  examples.push_back(example("learned", learned()));
  const Layer same = layers::Conv2D{.filters = 2, .padding = layers::Padding::same};
  examples.push_back(example("convolution", chain({5, 4, 2}, {same})));
  examples.push_back(example(
      "depthwise",
      chain({5, 4, 2}, {layers::DepthwiseConv2D{.kernel_size = {2, 3},
                                                .strides = {1, 2},
                                                .padding = layers::Padding::same,
                                                .depth_multiplier = 3,
                                                .activation = "gelu"},
                        layers::DepthwiseConv2D{.kernel_size = {2, 1}, .use_bias = false}})));
  examples.push_back(example("dropped", chain({5, 4, 2}, {same, layers::Dropout{}})));
  examples.push_back(
      example("nothing", chain({3}, {layers::AlphaDropout{}, Activation("linear")})));
  examples.push_back(
      example("vector", chain({4}, {layers::BatchNormalization{}, layers::PReLU{}})));
  examples.push_back(
      example("strided", chain({7, 7, 1}, {layers::MaxPooling2D{.pool_size = {1, 2},
                                                                .strides = {3, 3},
                                                                .padding = layers::Padding::same},
                                           layers::GlobalAveragePooling2D{}})));
  for (const char* formula :
       {"x * atan(exp(x))", "where(x > 0.3, x - 0.3, a * expm1(x)); a = 0.5",
        "x * normal_cdf(x) + 0.1 * sin(x) * gaussian(x)",
        "clip(x, -1, 2) * erfc(x) + log1p(abs(x))", "(abs(x) + 1)^1.7 * sigmoid(x) - asinh(x)",
        "min(x, 2)^3 * elu(0.1 * x)", "floor(x) * sign(x) + sqrt(abs(x)) + (x > 1)"}) {
    examples.push_back(example(formula, chain({1}, {Activation(formula)}), numbers()));
  }
  for (reference::Example& of_oracle : reference::examples()) {
    examples.push_back(example(std::move(of_oracle.name), std::move(of_oracle.graph)));
  }
  return examples;
}

std::vector<Example> activation_examples() {
  std::vector<std::string> texts;
  for (const ActivationInfo& info : activation_list()) {
    texts.emplace_back(info.name);
    if (info.parameters.size() > 0) texts.push_back(moved(info));
  }
  for (const char* far :
       {"soft_clipping:alpha=50", "soft_clipping:alpha=0.001", "softplus:beta=0.01", "pelu:b=0.05",
        "swish:beta=-2", "elu:alpha=-0.5", "leaky_relu:alpha=-0.5", "soft_root_sign:beta=0.1",
        "soft_exponential:alpha=0.001", "hard_tanh:low=2:high=-1", "snake:a=0.001",
        "squareplus:b=0.0001", "acon_c:p1=-1:p2=2:beta=5", "threshold:theta=-2:value=0"}) {
    texts.emplace_back(far);
  }
  std::vector<Example> examples;
  examples.reserve(texts.size());
  for (const std::string& text : texts) {
    examples.push_back(example(text, chain({1}, {Activation(text)}), numbers()));
  }
  return examples;
}

}  // namespace saltus::formats
