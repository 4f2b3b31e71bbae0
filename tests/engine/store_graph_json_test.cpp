#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/graph_json.h"
#include "tests/engine/error_of.h"

namespace saltus::store {
namespace {

using testing::HasSubstr;

/// Every layer, with no option at its default.
Graph all_layers() {
  using namespace layers;
  Graph graph({9, 8, 2});
  graph.add(Conv2D{.filters = 3,
                   .kernel_size = {2, 3},
                   .strides = {1, 2},
                   .padding = Padding::same,
                   .activation = "elu:alpha=0.2",
                   .use_bias = false,
                   .kernel_initializer = initializers::HeNormal{},
                   .bias_initializer = initializers::Ones{}},
            "first");
  graph.add(DepthwiseConv2D{.kernel_size = {2, 1},
                            .strides = {2, 1},
                            .padding = Padding::same,
                            .depth_multiplier = 2,
                            .activation = "elu:alpha=0.2",
                            .use_bias = false,
                            .depthwise_initializer = initializers::HeNormal{},
                            .bias_initializer = initializers::Ones{}});
  const NodeId a =
      graph.add(PReLU{.shared_axes = {1, 2}, .alpha_initializer = initializers::Ones{}});
  const NodeId b = graph.add_to({a}, saltus::Activation("leaky_relu:alpha=0.1"), "leaky");
  const NodeId sum = graph.add_to({a, b, a}, Add{});
  const NodeId product = graph.add_to({a, sum}, Multiply{});
  graph.add_to({product, b}, Concatenate{});
  graph.add(GLU{.activation = "elu:alpha=0.2"});
  graph.add(LayerNormalization{.epsilon = 0.3});
  graph.add(Normalization{});
  graph.add(RMSNormalization{.epsilon = 0.3});
  graph.add(GroupNormalization{.groups = -1, .epsilon = 0.3, .center = false, .scale = false});
  graph.add(BatchNormalization{.momentum = 0.1, .epsilon = 0.3});
  graph.add(ZeroPadding2D{.padding = {{1, 0}, {2, 3}}});
  graph.add(MaxPooling2D{.pool_size = {2, 1}, .strides = {1, 2}, .padding = Padding::same});
  graph.add(AveragePooling2D{.pool_size = {1, 2}, .strides = {2, 1}, .padding = Padding::same});
  graph.add(Dropout{0.125});
  graph.add(AlphaDropout{0.0625});
  graph.add(SpatialDropout2D{0.375});
  graph.add(GaussianNoise{0.25});
  graph.add(Softmax{});
  graph.add(GlobalAveragePooling2D{});
  graph.add(Reshape{{-1, 1}});
  graph.add(Flatten{});
  graph.add(Dense{.units = 4,
                  .activation = "tanh",
                  .use_bias = false,
                  .kernel_initializer = initializers::Orthogonal{.gain = 2},
                  .bias_initializer = initializers::Ones{}});
  graph.add(LogSoftmax{});
  return graph;
}

TEST(GraphJson, BringsEveryLayerAndOptionBack) {
  const Graph graph = all_layers();
  const Graph back = graph_of(ReadJson::parse(json_of(graph).dump()));
  ASSERT_EQ(back.nodes().size(), graph.nodes().size());
  std::vector<bool> kinds(std::variant_size_v<Layer>);
  for (std::size_t i = 0; i < graph.nodes().size(); ++i) {
    const Node& node = graph.nodes()[i];
    SCOPED_TRACE(node.name);
    kinds[node.layer.index()] = true;
    EXPECT_EQ(back.nodes()[i].name, node.name);
    EXPECT_TRUE(back.nodes()[i].layer == node.layer);
    EXPECT_EQ(back.nodes()[i].inputs, node.inputs);
    EXPECT_EQ(back.nodes()[i].shape, node.shape);
  }
  EXPECT_THAT(kinds, testing::Each(true)) << "a layer is missing in all_layers()";
}

TEST(GraphJson, IsAsTheDocumentsSay) {
  Graph graph({3});
  graph.add(layers::Dense{.units = 2, .activation = "relu"});
  EXPECT_EQ(
      json_of(graph).dump(),
      R"({"layers":[{"class_name":"InputLayer","name":"input_layer","inputs":[],"config":{"shape":[3]}},)"
      R"({"class_name":"Dense","name":"dense","inputs":["input_layer"],"config":{"units":2,)"
      R"("activation":"relu","use_bias":true,"kernel_initializer":"glorot_uniform",)"
      R"("bias_initializer":"zeros"}}]})");
}

TEST(GraphJson, TakesDefaultsForWhatIsLeftOut) {
  const Graph graph = graph_of(ReadJson::parse(R"({"layers":[
      {"class_name":"InputLayer","name":"image","inputs":[],"config":{"shape":[3]}},
      {"class_name":"Dense","name":"d","inputs":["image"],"config":{"units":2}}]})"));
  EXPECT_TRUE(graph.output().layer == Layer(layers::Dense{.units = 2}));
}

TEST(GraphJson, RefusesWhatItDoesNotKnow) {
  const auto refusal = [](const std::string& layer) {
    return error_of([&] {
      graph_of(ReadJson::parse(
          R"({"layers":[{"class_name":"InputLayer","name":"i","inputs":[],"config":{"shape":[3]}},)" +
          layer + "]}"));
    });
  };
  const auto dense = [&](const std::string& config, const std::string& inputs = R"(["i"])") {
    return refusal(R"({"class_name":"Dense","name":"d","inputs":)" + inputs + R"(,"config":)" +
                   config + "}");
  };
  EXPECT_THAT(refusal(R"({"class_name":"LSTM","name":"l","inputs":["i"],"config":{}})"),
              HasSubstr("the layer \"LSTM\" is not known"));
  EXPECT_THAT(dense(R"({"units":2,"bias":true})"), HasSubstr("'bias' is not known here"));
  EXPECT_THAT(dense(R"({"units":2.5})"), HasSubstr("2.5 is not a whole number"));
  EXPECT_THAT(dense(R"({"units":0})"), HasSubstr("units is 0"));
  EXPECT_THAT(dense(R"({"units":2,"activation":"rleu"})"), HasSubstr("did you mean relu?"));
  EXPECT_THAT(dense(R"({"units":2})", R"(["e"])"), HasSubstr("takes its input from \"e\""));
  EXPECT_THAT(dense(R"({"units":2})", R"(["i","i"])"), HasSubstr("takes 1 input"));
  EXPECT_THAT(refusal(R"({"class_name":"Flatten","name":"","inputs":["i"],"config":{}})"),
              HasSubstr("empty name"));
  EXPECT_THAT(error_of([] { graph_of(ReadJson::parse(R"({"layers":[]})")); }),
              HasSubstr("there are 0 layers"));
  EXPECT_THAT(error_of([] {
                graph_of(ReadJson::parse(
                    R"({"layers":[{"class_name":"Flatten","name":"f","inputs":[],"config":{}}]})"));
              }),
              HasSubstr("the first layer is Flatten"));
}

}  // namespace
}  // namespace saltus::store
