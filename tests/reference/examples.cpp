#include "reference/examples.h"

#include <cmath>
#include <utility>
#include <variant>

#include <saltus/activation.h>

namespace saltus::reference {
namespace {

using layers::AlphaDropout;
using layers::AveragePooling2D;
using layers::BatchNormalization;
using layers::Conv2D;
using layers::Dense;
using layers::DepthwiseConv2D;
using layers::Dropout;
using layers::Flatten;
using layers::GlobalAveragePooling2D;
using layers::MaxPooling2D;
using layers::Padding;
using layers::PReLU;
using layers::Reshape;
using layers::Softmax;

/// Layers in a row.
Graph chain(Shape input, std::vector<Layer> row) {
  Graph graph(std::move(input));
  for (Layer& layer : row) graph.add(std::move(layer));
  return graph;
}

Conv2D conv(std::int64_t filters, Size2 size = {3, 3}, Padding padding = Padding::valid,
            Size2 strides = {1, 1}) {
  return {.filters = filters, .kernel_size = size, .strides = strides, .padding = padding};
}

/// The network of the activation sweep, at a twentieth of its width.
Graph small_tutorial(std::string_view function, bool alpha) {
  const auto dropout = [alpha](double rate) -> Layer {
    if (alpha) return AlphaDropout{rate};
    return Dropout{rate};
  };
  return chain({10, 10, 1}, {conv(3), activation(function), conv(5), activation(function),
                             MaxPooling2D{}, dropout(0.25), Flatten{}, Dense{.units = 12},
                             activation(function), dropout(0.5), Dense{.units = 10}, Softmax{}});
}

Graph residual() {
  Graph graph({6, 6, 2});
  graph.add(conv(4, {3, 3}, Padding::same));
  const NodeId shortcut = graph.add(activation("tanh"));
  graph.add(conv(4, {3, 3}, Padding::same));
  graph.add(BatchNormalization{});
  const NodeId branch = graph.add(activation("gelu_tanh"));
  const NodeId sum = graph.add_to({shortcut, branch}, layers::Add{});
  graph.add(conv(4, {1, 1}));
  const NodeId last = graph.add(activation("sigmoid"));
  graph.add_to({sum, last, shortcut}, layers::Add{});
  graph.add(GlobalAveragePooling2D{});
  graph.add(Dense{.units = 3});
  graph.add(Softmax{});
  return graph;
}

/// Products and joins of branches of different widths, one of which is joined with itself.
Graph gated() {
  Graph graph({5, 4, 2});
  const NodeId left = graph.add(conv(3, {2, 2}));
  const NodeId right = graph.add_to({0}, conv(3, {2, 2}));
  const NodeId product = graph.add_to({left, right, left}, layers::Multiply{});
  graph.add_to({left}, conv(5, {1, 1}));
  const NodeId wide = graph.add(activation("tanh"));
  graph.add_to({product, wide, product}, layers::Concatenate{});
  graph.add(Dense{.units = 6});
  graph.add(layers::GLU{.activation = "gelu"});
  graph.add(Flatten{});
  graph.add(Dense{.units = 8});
  graph.add(layers::GLU{});
  graph.add(Dense{.units = 6});
  graph.add(layers::GLU{.activation = "linear"});
  return graph;
}

/// A node that is added to itself, and an input that is read twice.
Graph doubled() {
  Graph graph({4});
  const NodeId input = 0;
  const NodeId dense = graph.add(Dense{.units = 4});
  const NodeId twice = graph.add_to({dense, dense}, layers::Add{});
  graph.add_to({input, twice}, layers::Add{});
  graph.add(activation("softplus"));
  graph.add(Dense{.units = 2});
  return graph;
}

void add_layers(std::vector<Example>& list) {
  const auto add = [&](std::string name, Graph graph) {
    list.push_back({std::move(name), std::move(graph), losses::MeanSquaredError{}});
  };
  add("dense", chain({7}, {Dense{.units = 5}}));
  add("dense_without_bias_on_images",
      chain({3, 4, 5}, {Dense{.units = 6, .use_bias = false}, activation("tanh"), Dense{.units = 2},
                        Flatten{}, Dense{.units = 4}}));
  add("reshape",
      chain({24}, {Reshape{{4, 3, 2}}, conv(3, {2, 2}), Reshape{{18}}, Dense{.units = 3}}));
  add("conv_valid", chain({6, 7, 3}, {conv(5), conv(2, {2, 3}), Flatten{}}));
  add("conv_same", chain({5, 6, 2}, {conv(4, {3, 3}, Padding::same), conv(3, {2, 4}, Padding::same),
                                     Flatten{}}));
  add("conv_strided_valid",
      chain({9, 8, 3}, {conv(4, {3, 2}, Padding::valid, {2, 3}), Flatten{}, Dense{.units = 2}}));
  add("conv_strided_same", chain({7, 8, 3}, {conv(4, {3, 3}, Padding::same, {2, 2}),
                                             conv(2, {5, 5}, Padding::same, {3, 2}), Flatten{}}));
  add("conv_1x1_stride_2", chain({5, 5, 9}, {conv(7, {1, 1}, Padding::valid, {2, 2}), Flatten{}}));
  add("conv_without_bias", chain({5, 5, 1}, {Conv2D{.filters = 17, .use_bias = false}, Flatten{}}));
  add("depthwise_conv",
      chain({6, 5, 3}, {DepthwiseConv2D{}, activation("tanh"),
                        DepthwiseConv2D{.kernel_size = {2, 3}, .padding = Padding::same}, Flatten{},
                        Dense{.units = 2}}));
  add("depthwise_conv_strided_multiplied",
      chain(
          {8, 7, 2},
          {DepthwiseConv2D{.kernel_size = {3, 2},
                           .strides = {2, 1},
                           .padding = Padding::same,
                           .depth_multiplier = 3},
           conv(4, {1, 1}), activation("gelu_tanh"),
           DepthwiseConv2D{
               .kernel_size = {2, 2}, .strides = {1, 2}, .depth_multiplier = 2, .use_bias = false},
           Flatten{}}));
  add("depthwise_separable",
      chain({7, 8, 20},
            {DepthwiseConv2D{.padding = Padding::same}, conv(17, {1, 1}), activation("tanh"),
             DepthwiseConv2D{.kernel_size = {5, 5}, .strides = {2, 2}, .padding = Padding::same},
             AveragePooling2D{}, Flatten{}}));
  add("max_pooling", chain({7, 6, 3}, {conv(4), MaxPooling2D{}, Flatten{}}));
  add("max_pooling_overlapping_same",
      chain({7, 8, 2},
            {conv(3, {1, 1}),
             MaxPooling2D{.pool_size = {3, 3}, .strides = {2, 2}, .padding = Padding::same},
             Flatten{}}));
  add("average_pooling",
      chain({7, 9, 2}, {conv(3), AveragePooling2D{.pool_size = {2, 3}}, Flatten{}}));
  add("average_pooling_same",
      chain({7, 8, 2},
            {conv(3, {1, 1}),
             AveragePooling2D{.pool_size = {3, 3}, .strides = {2, 2}, .padding = Padding::same},
             Flatten{}}));
  add("global_average_pooling", chain({5, 4, 2}, {conv(6), GlobalAveragePooling2D{}}));
  add("zero_padding",
      chain({4, 3, 2},
            {layers::ZeroPadding2D{.padding = {{0, 2}, {3, 1}}}, conv(3, {2, 2}),
             layers::ZeroPadding2D{}, activation("tanh"), layers::ZeroPadding2D{.padding = {0, 2}},
             conv(2, {3, 3}), layers::ZeroPadding2D{.padding = 1}, Flatten{}, Dense{.units = 2}}));
  add("softmax_inside", chain({3, 2, 4}, {Dense{.units = 5}, Softmax{}, Dense{.units = 3},
                                          Flatten{}, Dense{.units = 2}}));
  add("log_softmax", chain({6}, {Dense{.units = 5}, layers::LogSoftmax{}}));
  add("prelu", chain({4, 4, 2}, {conv(3, {2, 2}), PReLU{}, Flatten{}, Dense{.units = 3}}));
  add("prelu_behind_flatten",
      chain({4, 4, 2}, {conv(3, {2, 2}), Flatten{}, PReLU{}, Dense{.units = 3}}));
  add("prelu_shared",
      chain({5, 4, 2}, {conv(3, {2, 2}), PReLU{.shared_axes = {1, 2}}, conv(4, {2, 2}),
                        PReLU{.shared_axes = {2}}, Flatten{}, Dense{.units = 3}}));
  add("batch_normalization",
      chain({5, 5, 2},
            {conv(3), BatchNormalization{}, activation("tanh"), Flatten{}, Dense{.units = 6},
             BatchNormalization{.momentum = 0.9, .epsilon = 1e-2}, Dense{.units = 2}}));
  // At the input, where no gradient goes, and behind a layer that learns; beside statistics that
  // move.
  add("normalization",
      chain({5, 5, 3}, {layers::Normalization{}, conv(3), layers::Normalization{},
                        BatchNormalization{}, activation("tanh"), Flatten{}, Dense{.units = 5},
                        layers::Normalization{}, Dense{.units = 2}}));
  add("layer_normalization",
      chain({5, 5, 2},
            {conv(3), layers::LayerNormalization{}, activation("tanh"), Flatten{},
             Dense{.units = 6}, layers::LayerNormalization{.epsilon = 1e-2}, Dense{.units = 2}}));
  add("rms_normalization",
      chain({5, 5, 2},
            {conv(3), layers::RMSNormalization{}, activation("tanh"), Flatten{}, Dense{.units = 6},
             layers::RMSNormalization{.epsilon = 1e-2}, Dense{.units = 2}}));
  add("group_normalization",
      chain({4, 5, 2}, {conv(6), layers::GroupNormalization{.groups = 2}, activation("tanh"),
                        layers::GroupNormalization{.groups = -1, .epsilon = 1e-2, .scale = false},
                        Flatten{}, Dense{.units = 6},
                        layers::GroupNormalization{.groups = 3, .center = false}, Dense{.units = 4},
                        layers::GroupNormalization{.groups = 1, .center = false, .scale = false},
                        Dense{.units = 2}}));
  add("dropout", chain({20}, {Dense{.units = 33}, Dropout{0.25}, Dense{.units = 9}, Dropout{0.5},
                              Dense{.units = 3}}));
  add("alpha_dropout",
      chain({4, 5, 3}, {conv(7, {2, 2}), AlphaDropout{0.25}, Flatten{}, Dense{.units = 11},
                        AlphaDropout{0.5}, Dense{.units = 3}}));
  add("spatial_dropout",
      chain({5, 4, 2}, {conv(9, {2, 2}), layers::SpatialDropout2D{0.25}, conv(3, {2, 2}),
                        layers::SpatialDropout2D{}, Flatten{}, Dense{.units = 3}}));
  add("gaussian_noise", chain({5, 4, 2}, {layers::GaussianNoise{0.125}, conv(3, {2, 2}),
                                          activation("tanh"), layers::GaussianNoise{0.5}, Flatten{},
                                          Dense{.units = 3}, layers::GaussianNoise{}}));
  add("doubled", doubled());
  add("gated", gated());
  // Activation and pooling in one step: three ways to find the window's largest f(x).
  add("pooled_monotone", chain({8, 8, 2}, {conv(3), activation("selu"), MaxPooling2D{}, Flatten{},
                                           Dense{.units = 2}}));
  add("pooled_one_minimum", chain({8, 8, 2}, {conv(3), activation("gelu_tanh"), MaxPooling2D{},
                                              Flatten{}, Dense{.units = 2}}));
  add("pooled_other", chain({8, 8, 2}, {conv(3), activation("sine"), MaxPooling2D{}, Flatten{},
                                        Dense{.units = 2}}));
  add("pooled_overlapping", chain({8, 7, 2}, {conv(3), activation("elu"),
                                              MaxPooling2D{.pool_size = {3, 2}, .strides = {2, 1}},
                                              Flatten{}, Dense{.units = 2}}));
}

void add_losses(std::vector<Example>& list) {
  const auto add = [&](std::string name, const Loss& loss, std::vector<Layer> end) {
    std::vector<Layer> row{Dense{.units = 8}, activation("tanh")};
    row.insert(row.end(), end.begin(), end.end());
    list.push_back({std::move(name), chain({6}, std::move(row)), loss});
  };
  const Layer five = Dense{.units = 5};
  const Layer one = Dense{.units = 1};
  add("categorical_crossentropy", losses::CategoricalCrossentropy{}, {five, Softmax{}});
  add("categorical_crossentropy_of_sigmoids", losses::CategoricalCrossentropy{},
      {five, activation("sigmoid")});
  add("sparse_categorical_crossentropy", losses::SparseCategoricalCrossentropy{},
      {five, Softmax{}});
  add("categorical_crossentropy_from_logits", losses::CategoricalCrossentropy{.from_logits = true},
      {five});
  add("binary_crossentropy_of_softmax", losses::BinaryCrossentropy{}, {five, Softmax{}});
  add("binary_crossentropy_of_sigmoid", losses::BinaryCrossentropy{}, {one, activation("sigmoid")});
  add("binary_crossentropy_of_sigmoids", losses::BinaryCrossentropy{},
      {five, activation("sigmoid")});
  add("binary_crossentropy_from_logits", losses::BinaryCrossentropy{.from_logits = true}, {five});
  add("mean_squared_error_of_softmax", losses::MeanSquaredError{}, {five, Softmax{}});
  add("mean_squared_error", losses::MeanSquaredError{}, {one});
  add("smoothed_categorical_crossentropy", losses::CategoricalCrossentropy{.label_smoothing = 0.1},
      {five, Softmax{}});
  add("smoothed_categorical_crossentropy_from_logits",
      losses::CategoricalCrossentropy{.from_logits = true, .label_smoothing = 0.1}, {five});
  add("smoothed_binary_crossentropy", losses::BinaryCrossentropy{.label_smoothing = 0.1},
      {five, activation("sigmoid")});
  add("mean_absolute_error", losses::MeanAbsoluteError{}, {five});
  add("huber", losses::Huber{.delta = 0.5}, {five});
  add("kl_divergence_of_softmax", losses::KLDivergence{}, {five, Softmax{}});
  add("kl_divergence_of_sigmoids", losses::KLDivergence{}, {five, activation("sigmoid")});
  add("poisson", losses::Poisson{}, {five, activation("softplus")});
  add("hinge", losses::Hinge{}, {five});
}

}  // namespace

double Random::uniform(double low, double high) {
  const double unit = static_cast<double>(engine_() >> 11) * 0x1p-53;
  return static_cast<double>(static_cast<float>(low + (high - low) * unit));
}

std::int64_t Random::integer(std::int64_t low, std::int64_t high) {
  return low + static_cast<std::int64_t>(engine_() % static_cast<std::uint64_t>(high - low + 1));
}

void PrintTo(const Example& example, std::ostream* out) {
  *out << example.name;
}

Layer activation(std::string_view name) {
  return Activation(name);
}

std::vector<Example> examples() {
  std::vector<Example> list;
  add_layers(list);
  add_losses(list);
  list.push_back({"residual", residual(), losses::CategoricalCrossentropy{}});
  for (const char* name : {"sigmoid", "relu", "elu", "leaky_relu", "selu", "gelu_tanh"}) {
    list.push_back({std::string("tutorial_") + name, small_tutorial(name, true),
                    losses::BinaryCrossentropy{}});
  }
  list.push_back(
      {"tutorial_dropout", small_tutorial("relu", false), losses::CategoricalCrossentropy{}});
  return list;
}

}  // namespace saltus::reference
