#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/error.h>
#include <saltus/graph.h>

#include "tests/engine/error_of.h"

namespace saltus {
namespace {

using testing::HasSubstr;

Graph tutorial_network() {
  Graph graph({28, 28, 1});
  graph.add(layers::Conv2D{.filters = 32});
  graph.add(Activation());
  graph.add(layers::Conv2D{.filters = 64});
  graph.add(Activation());
  graph.add(layers::MaxPooling2D{});
  graph.add(layers::AlphaDropout{0.25});
  graph.add(layers::Flatten{});
  graph.add(layers::Dense{.units = 128});
  graph.add(Activation());
  graph.add(layers::AlphaDropout{0.5});
  graph.add(layers::Dense{.units = 10});
  graph.add(layers::Softmax{});
  return graph;
}

TEST(Graph, SummaryOfAChainIsTheTableThatKerasPrints) {
  const Graph graph = tutorial_network();
  EXPECT_EQ(graph.weight_count(), 1'199'882);
  EXPECT_EQ(graph.summary(), R"(Model: "sequential"
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓
┃ Layer (type)                    ┃ Output Shape           ┃       Param # ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩
│ conv2d (Conv2D)                 │ (None, 26, 26, 32)     │           320 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ activation (Activation)         │ (None, 26, 26, 32)     │             0 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ conv2d_1 (Conv2D)               │ (None, 24, 24, 64)     │        18,496 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ activation_1 (Activation)       │ (None, 24, 24, 64)     │             0 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ max_pooling2d (MaxPooling2D)    │ (None, 12, 12, 64)     │             0 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ alpha_dropout (AlphaDropout)    │ (None, 12, 12, 64)     │             0 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ flatten (Flatten)               │ (None, 9216)           │             0 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ dense (Dense)                   │ (None, 128)            │     1,179,776 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ activation_2 (Activation)       │ (None, 128)            │             0 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ alpha_dropout_1 (AlphaDropout)  │ (None, 128)            │             0 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ dense_1 (Dense)                 │ (None, 10)             │         1,290 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ softmax (Softmax)               │ (None, 10)             │             0 │
└─────────────────────────────────┴────────────────────────┴───────────────┘
 Total params: 1,199,882 (4.58 MB)
 Trainable params: 1,199,882 (4.58 MB)
 Non-trainable params: 0 (0.00 B)
)");
}

// As printed by Keras 3.15, but for the names input_layer_1, conv2d_2 and dense_2, which counted
// the layers of the whole program.
TEST(Graph, SummaryOfABranchingNetworkSaysWhatIsConnected) {
  Graph graph({8, 8, 3});
  const NodeId trunk =
      graph.add(layers::Conv2D{.filters = 4, .padding = layers::Padding::same}, "conv2d_2");
  graph.add(layers::BatchNormalization{});
  graph.add(layers::PReLU{.shared_axes = {1, 2}});
  const NodeId branch = graph.add(layers::Conv2D{.filters = 4, .padding = layers::Padding::same},
                                  "a_very_long_name_of_a_convolution_in_here");
  graph.add_to({trunk, branch}, layers::Add{});
  graph.add(layers::GlobalAveragePooling2D{});
  graph.add(layers::Dense{.units = 2}, "dense_2");
  EXPECT_EQ(graph.summary(), R"(Model: "functional"
┏━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━┓
┃ Layer (type)        ┃ Output Shape      ┃    Param # ┃ Connected to      ┃
┡━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━┩
│ input_layer         │ (None, 8, 8, 3)   │          0 │ -                 │
│ (InputLayer)        │                   │            │                   │
├─────────────────────┼───────────────────┼────────────┼───────────────────┤
│ conv2d_2 (Conv2D)   │ (None, 8, 8, 4)   │        112 │ input_layer[0][0] │
├─────────────────────┼───────────────────┼────────────┼───────────────────┤
│ batch_normalization │ (None, 8, 8, 4)   │         16 │ conv2d_2[0][0]    │
│ (BatchNormalizatio… │                   │            │                   │
├─────────────────────┼───────────────────┼────────────┼───────────────────┤
│ p_re_lu (PReLU)     │ (None, 8, 8, 4)   │          4 │ batch_normalizat… │
├─────────────────────┼───────────────────┼────────────┼───────────────────┤
│ a_very_long_name_o… │ (None, 8, 8, 4)   │        148 │ p_re_lu[0][0]     │
│ (Conv2D)            │                   │            │                   │
├─────────────────────┼───────────────────┼────────────┼───────────────────┤
│ add (Add)           │ (None, 8, 8, 4)   │          0 │ conv2d_2[0][0],   │
│                     │                   │            │ a_very_long_name… │
├─────────────────────┼───────────────────┼────────────┼───────────────────┤
│ global_average_poo… │ (None, 4)         │          0 │ add[0][0]         │
│ (GlobalAveragePool… │                   │            │                   │
├─────────────────────┼───────────────────┼────────────┼───────────────────┤
│ dense_2 (Dense)     │ (None, 2)         │         10 │ global_average_p… │
└─────────────────────┴───────────────────┴────────────┴───────────────────┘
 Total params: 290 (1.13 KB)
 Trainable params: 282 (1.10 KB)
 Non-trainable params: 8 (32.00 B)
)");
}

TEST(Graph, NamesThatWereNotGivenAreKeras) {
  Graph graph({8, 8, 1});
  const auto name_of = [&](Layer layer) {
    return graph.nodes()[static_cast<std::size_t>(graph.add(std::move(layer)))].name;
  };
  EXPECT_EQ(graph.nodes()[0].name, "input_layer");
  EXPECT_EQ(name_of(layers::Conv2D{.filters = 2}), "conv2d");
  EXPECT_EQ(name_of(layers::Conv2D{.filters = 2}), "conv2d_1");
  EXPECT_EQ(name_of(layers::AveragePooling2D{}), "average_pooling2d");
  EXPECT_EQ(name_of(layers::PReLU{}), "p_re_lu");
  EXPECT_EQ(name_of(layers::Conv2D{.filters = 2, .kernel_size = {1, 1}}), "conv2d_2");
  graph.add(layers::Flatten{}, "dense");
  EXPECT_EQ(name_of(layers::Dense{.units = 3}), "dense_1") << "dense is taken";
  EXPECT_EQ(name_of(layers::LogSoftmax{}), "log_softmax");
  EXPECT_EQ(kind_name(layers::GlobalAveragePooling2D{}), "GlobalAveragePooling2D");
}

TEST(Graph, WeightsHaveKerasNamesLayoutsAndFans) {
  Graph graph({8, 6, 3});
  graph.add(layers::Conv2D{.filters = 4, .kernel_size = {3, 2}});
  graph.add(layers::PReLU{.shared_axes = {1}});
  graph.add(layers::BatchNormalization{});
  graph.add(layers::Dense{.units = 5, .use_bias = false});
  const auto& nodes = graph.nodes();

  ASSERT_EQ(nodes[1].weights.size(), 2U);
  EXPECT_EQ(nodes[1].weights[0].name, "conv2d/kernel");
  EXPECT_EQ(nodes[1].weights[0].shape, (Shape{3, 2, 3, 4}));
  EXPECT_EQ(nodes[1].weights[0].fans.in, 18);
  EXPECT_EQ(nodes[1].weights[0].fans.out, 24);
  EXPECT_EQ(nodes[1].weights[0].initializer, Initializer(initializers::GlorotUniform()));
  EXPECT_EQ(nodes[1].weights[1].name, "conv2d/bias");
  EXPECT_EQ(nodes[1].weights[1].shape, (Shape{4}));

  ASSERT_EQ(nodes[2].weights.size(), 1U);
  EXPECT_EQ(nodes[2].weights[0].name, "p_re_lu/alpha");
  EXPECT_EQ(nodes[2].weights[0].shape, (Shape{1, 5, 4}));

  ASSERT_EQ(nodes[3].weights.size(), 4U);
  EXPECT_EQ(nodes[3].weights[0].name, "batch_normalization/gamma");
  EXPECT_EQ(nodes[3].weights[0].initializer, Initializer(initializers::Ones()));
  EXPECT_EQ(nodes[3].weights[2].name, "batch_normalization/moving_mean");
  EXPECT_FALSE(nodes[3].weights[2].trainable);
  EXPECT_EQ(nodes[3].weights[3].initializer, Initializer(initializers::Ones()));

  ASSERT_EQ(nodes[4].weights.size(), 1U) << "no bias";
  EXPECT_EQ(nodes[4].shape, (Shape{6, 5, 5})) << "dense works on the last axis";
  EXPECT_EQ(graph.weight_count() - graph.trainable_count(), 8) << "moving mean and variance";
}

// Outputs and paddings of tf.nn.conv2d.
TEST(Graph, WindowsLieWhereTensorFlowPutsThem) {
  const auto same = place_window({28, 7}, {3, 3}, {2, 2}, layers::Padding::same);
  EXPECT_EQ(same.output, (Size2{14, 4}));
  EXPECT_EQ(same.padding_before, (Size2{0, 1})) << "28: one row, after the image; 7: one each side";
  EXPECT_EQ(same.padding_after, (Size2{1, 1}));

  const auto even = place_window({5, 5}, {2, 4}, {1, 1}, layers::Padding::same);
  EXPECT_EQ(even.output, (Size2{5, 5}));
  EXPECT_EQ(even.padding_before, (Size2{0, 1}));
  EXPECT_EQ(even.padding_after, (Size2{1, 2}));

  const auto valid = place_window({28, 5}, {3, 2}, {2, 2}, layers::Padding::valid);
  EXPECT_EQ(valid.output, (Size2{13, 2}));
  EXPECT_EQ(valid.padding_before, (Size2{0, 0}));
  EXPECT_EQ(valid.padding_after, (Size2{0, 0}));

  const auto sparse = place_window({5, 5}, {1, 1}, {3, 3}, layers::Padding::same);
  EXPECT_EQ(sparse.output, (Size2{2, 2}));
  EXPECT_EQ(sparse.padding_after, (Size2{0, 0})) << "never negative";
}

TEST(Graph, PoolingShapes) {
  Graph graph({7, 9, 2});
  graph.add(layers::MaxPooling2D{});
  EXPECT_EQ(graph.output().shape, (Shape{3, 4, 2})) << "strides default to the pool's size";
  graph.add(layers::AveragePooling2D{
      .pool_size = {2, 2}, .strides = {1, 1}, .padding = layers::Padding::same});
  EXPECT_EQ(graph.output().shape, (Shape{3, 4, 2}));
  graph.add(layers::GlobalAveragePooling2D{});
  EXPECT_EQ(graph.output().shape, (Shape{2}));
}

TEST(Graph, ReshapeKeepsTheElements) {
  Graph graph({4, 6});
  graph.add(layers::Reshape{{2, -1, 3}});
  EXPECT_EQ(graph.output().shape, (Shape{2, 4, 3}));
  EXPECT_THAT(error_of([&] {
                graph.add(layers::Reshape{{5, 5}});
              }),
              HasSubstr("reshape_1: target_shape (5, 5) does not hold the 24 elements"));
  EXPECT_THAT(error_of([&] { graph.add(layers::Reshape{{-1, -1}}); }), HasSubstr("below 1"));
  EXPECT_THAT(error_of([&] { graph.add(layers::Reshape{{-1, 7}}); }), HasSubstr("does not hold"));
}

TEST(Graph, ErrorsNameTheLayerAndWhatDoesNotFit) {
  Graph graph({3, 3, 1});
  graph.add(layers::Conv2D{.filters = 1, .padding = layers::Padding::same});
  EXPECT_THAT(
      error_of([&] {
        graph.add(layers::Conv2D{.filters = 8, .kernel_size = {5, 5}});
      }),
      HasSubstr("conv2d_1: window (5, 5) does not fit an image of (3, 3) with padding valid"));
  EXPECT_THAT(error_of([&] { graph.add(layers::Conv2D{}); }), HasSubstr("filters is 0"));
  EXPECT_THAT(error_of([&] { graph.add(layers::DepthwiseConv2D{.depth_multiplier = 0}); }),
              HasSubstr("depthwise_conv2d: depth_multiplier is 0"));
  EXPECT_THAT(error_of([&] { graph.add(layers::Dense{}); }), HasSubstr("dense: units is 0"));
  EXPECT_THAT(error_of([&] { graph.add(layers::Dropout{1.0}); }), HasSubstr("rate 1"));
  EXPECT_THAT(error_of([&] { graph.add(layers::SpatialDropout2D{-0.1}); }), HasSubstr("rate -0.1"));
  EXPECT_THAT(error_of([&] { graph.add(layers::GaussianNoise{1.5}); }),
              HasSubstr("stddev 1.5 is not in 0 to 1"));
  EXPECT_THAT(error_of([&] {
                graph.add(layers::ZeroPadding2D{.padding = {{0, 0}, {0, -1}}});
              }),
              HasSubstr("zero_padding2d: padding -1 is not in 0 to"));
  EXPECT_THAT(error_of([&] { graph.add(layers::RMSNormalization{.epsilon = 0}); }),
              HasSubstr("rms_normalization: epsilon 0 is not positive"));
  EXPECT_THAT(error_of([&] { graph.add(layers::GroupNormalization{.groups = 0}); }),
              HasSubstr("group_normalization: groups is 0"));
  EXPECT_THAT(error_of([&] { graph.add(layers::GroupNormalization{}); }),
              HasSubstr("1 channels cannot be divided into 32 groups"));
  EXPECT_THAT(error_of([&] { graph.add(layers::PReLU{.shared_axes = {4}}); }),
              HasSubstr("shared axis 4"));
  EXPECT_THAT(error_of([&] { graph.add(layers::Add{}); }),
              HasSubstr("add: Add takes two or more inputs, not 1"));
  EXPECT_THAT(error_of([&] {
                graph.add_to({0, 1}, layers::Flatten{});
              }),
              HasSubstr("flatten: Flatten takes 1 input, not 2"));
  EXPECT_THAT(error_of([&] { graph.add(layers::Flatten{}, "conv2d"); }), HasSubstr("taken"));
  EXPECT_THAT(error_of([&] { graph.add_to({7}, layers::Flatten{}); }), HasSubstr("no node 7"));
  EXPECT_THAT(error_of([&] { graph.add(layers::Input{{3}}); }), HasSubstr("one input"));
  const std::size_t before = graph.nodes().size();
  EXPECT_EQ(before, 2U) << "what did not fit was not added";

  graph.add(layers::Flatten{});
  EXPECT_THAT(error_of([&] { graph.add(layers::MaxPooling2D{}); }),
              HasSubstr("max_pooling2d: input of shape (9,) is not an image"));
  EXPECT_THAT(error_of([&] { graph.add(layers::DepthwiseConv2D{}); }), HasSubstr("not an image"));
  EXPECT_THAT(error_of([&] { graph.add(layers::ZeroPadding2D{}); }), HasSubstr("not an image"));
  EXPECT_THAT(error_of([&] { graph.add(layers::SpatialDropout2D{}); }), HasSubstr("not an image"));
  EXPECT_THAT(error_of([&] {
                graph.add_to({0, 2}, layers::Add{});
              }),
              HasSubstr("inputs of shapes (3, 3, 1) and (9,) cannot be added"));
  EXPECT_THAT(error_of([] { Graph({}); }), HasSubstr("has no axis"));
  EXPECT_THAT(error_of([] { Graph({28, 0}); }), HasSubstr("(28, 0) has an extent below 1"));
}

}  // namespace
}  // namespace saltus
