// Settings, and the network that each trains.
#include <cmath>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/error.h>
#include <saltus/sweep.h>
#include <saltus/theory.h>

#include "tests/engine/sweep_support.h"

namespace saltus {
namespace {

using test::small_config;
using test::small_data;

template <class Kind>
int count_layers(const Graph& graph) {
  int count = 0;
  for (const Node& node : graph.nodes()) count += std::holds_alternative<Kind>(node.layer) ? 1 : 0;
  return count;
}

/// Initializers of the kernels, in order.
std::vector<Initializer> kernel_initializers(const Graph& graph) {
  std::vector<Initializer> found;
  for (const Node& node : graph.nodes()) {
    for (const Weight& weight : node.weights) {
      if (weight.name.ends_with("/kernel")) found.push_back(weight.initializer);
    }
  }
  return found;
}

Graph recipe_network(Recipe recipe, const Setting& setting, const Architecture& architecture = {}) {
  SweepConfig config;
  config.recipe = recipe;
  config.architecture = architecture;
  return network_of(config, setting, {28, 28, 1}, 10);
}

Graph tutorial_graph(Recipe recipe, const char* activation) {
  return recipe_network(recipe, {.activation = Activation::parse(activation)});
}

TEST(Recipe, TutorialNetworkHasItsParameters) {
  const Graph graph = tutorial_graph(Recipe::tutorial, "relu");
  EXPECT_EQ(graph.trainable_count(), 1'199'882);
  EXPECT_EQ(graph.output().shape, (Shape{10}));
  EXPECT_EQ(count_layers<layers::AlphaDropout>(graph), 2);
  EXPECT_EQ(count_layers<layers::Dropout>(graph), 0);
}

TEST(Recipe, TutorialInitializesSeluByLecunButNotItsHead) {
  using namespace initializers;
  const Initializer glorot = GlorotUniform();
  const Initializer lecun = LecunNormal();
  EXPECT_THAT(kernel_initializers(tutorial_graph(Recipe::tutorial, "gelu_tanh")),
              testing::ElementsAre(glorot, glorot, glorot, glorot));
  EXPECT_THAT(kernel_initializers(tutorial_graph(Recipe::tutorial, "selu")),
              testing::ElementsAre(lecun, lecun, lecun, glorot));
}

TEST(Recipe, MatchedTakesWhatBelongsToTheActivation) {
  const Initializer glorot = initializers::GlorotUniform();
  const Graph relu = tutorial_graph(Recipe::matched, "relu");
  EXPECT_EQ(count_layers<layers::Dropout>(relu), 2);
  EXPECT_EQ(count_layers<layers::AlphaDropout>(relu), 0);
  const Initializer own = parse_initializer(Activation::parse("relu").info().initializer);
  EXPECT_NE(own, glorot);
  EXPECT_THAT(kernel_initializers(relu), testing::ElementsAre(own, own, own, glorot));
  EXPECT_EQ(count_layers<layers::AlphaDropout>(tutorial_graph(Recipe::matched, "selu")), 2);
}

TEST(Recipe, CriticalBeginsWhereGradientsAreKept) {
  const Initializer glorot = initializers::GlorotUniform();
  const auto scale_of = [](const Initializer& initializer) {
    return std::get<initializers::VarianceScaling>(initializer).scale;
  };
  const auto biases_of = [](const char* name) {
    std::vector<double> deviations;
    const Graph graph = tutorial_graph(Recipe::critical, name);
    for (const Node& node : graph.nodes()) {
      for (const Weight& weight : node.weights) {
        if (!weight.name.ends_with("/bias")) continue;
        const auto* normal = std::get_if<initializers::RandomNormal>(&weight.initializer);
        deviations.push_back(normal == nullptr ? 0 : normal->stddev);
      }
    }
    return deviations;
  };
  const std::vector<Initializer> gelu =
      kernel_initializers(tutorial_graph(Recipe::critical, "gelu"));
  ASSERT_EQ(gelu.size(), 4U);
  for (int layer = 0; layer < 3; ++layer)
    EXPECT_NEAR(scale_of(gelu[static_cast<std::size_t>(layer)]), 1.98305826, 1e-8);
  EXPECT_EQ(gelu[3], glorot);
  const double deviation = std::sqrt(0.17292239);
  EXPECT_THAT(biases_of("gelu"), testing::Pointwise(testing::DoubleNear(1e-8),
                                                    {deviation, deviation, deviation, 0.0}));
  // None: softplus keeps a length of 1.
  const double gain = map_signals("softplus").gain;
  EXPECT_EQ(scale_of(kernel_initializers(tutorial_graph(Recipe::critical, "softplus"))[0]),
            gain * gain);
  EXPECT_THAT(biases_of("softplus"), testing::Each(0));
  EXPECT_EQ(count_layers<layers::AlphaDropout>(tutorial_graph(Recipe::critical, "selu")), 2);
  EXPECT_EQ(count_layers<layers::Dropout>(tutorial_graph(Recipe::critical, "relu")), 2);
}

TEST(Recipe, ItsInitializersGiveWayToAnother) {
  const Initializer glorot = initializers::GlorotUniform();
  const Initializer other = initializers::Orthogonal{.gain = 2};
  for (const Recipe recipe : {Recipe::tutorial, Recipe::matched, Recipe::critical}) {
    const Graph graph =
        recipe_network(recipe, {.activation = Activation("selu"), .initializer = other});
    for (const Node& node : graph.nodes()) {
      for (const Weight& weight : node.weights) {
        if (!weight.name.ends_with("/bias")) continue;
        EXPECT_EQ(weight.initializer, Initializer(initializers::Zeros{})) << weight.name;
      }
    }
    EXPECT_THAT(kernel_initializers(graph), testing::ElementsAre(other, other, other, glorot));
  }
}

TEST(Recipe, NormalizesInFrontOfEachActivationWhereItIsToldTo) {
  const auto kinds = [](const Graph& graph) {
    std::vector<std::string> names;
    for (const Node& node : graph.nodes()) names.emplace_back(kind_name(node.layer));
    return names;
  };
  const auto graph_of = [](bool batch_norm) {
    return recipe_network(Recipe::matched,
                          {.activation = Activation("relu"), .batch_norm = batch_norm});
  };
  const Graph graph = graph_of(true);
  EXPECT_THAT(kinds(graph),
              testing::ElementsAre("InputLayer", "Conv2D", "BatchNormalization", "Activation",
                                   "Conv2D", "BatchNormalization", "Activation", "MaxPooling2D",
                                   "Dropout", "Flatten", "Dense", "BatchNormalization",
                                   "Activation", "Dropout", "Dense", "Softmax"));
  EXPECT_EQ(kernel_initializers(graph), kernel_initializers(graph_of(false)));
  std::vector<std::string> biases;
  for (const Node& node : graph.nodes()) {
    for (const Weight& weight : node.weights) {
      if (weight.name.ends_with("/bias")) biases.push_back(weight.name);
    }
  }
  EXPECT_THAT(biases, testing::ElementsAre("dense_1/bias")) << "that of the output";
  EXPECT_EQ(kinds(graph_of(false)), kinds(tutorial_graph(Recipe::matched, "relu")));
}

TEST(Recipe, FitsOtherImages) {
  const Setting elu = {.activation = Activation("elu")};
  const Graph graph = network_of({}, elu, {32, 32, 3}, 100);
  EXPECT_EQ(graph.output().shape, (Shape{100}));
  EXPECT_THROW(network_of({}, elu, {4, 4, 1}, 10), InvalidArgument);
}

TEST(Recipe, NamesGoBothWays) {
  EXPECT_EQ(parse_recipe("matched"), Recipe::matched);
  EXPECT_EQ(to_string(Recipe::tutorial), "tutorial");
  EXPECT_THROW(parse_recipe("tutorials"), InvalidArgument);
}

TEST(Dropout, HasOneRateForTheWholeNetwork) {
  const auto rates = [](const std::optional<double>& dropout, const char* network) {
    const Graph graph =
        recipe_network(Recipe::matched, {.activation = Activation("relu"), .dropout = dropout},
                       parse_architecture(network));
    std::vector<double> found;
    for (const Node& node : graph.nodes()) {
      if (const auto* one = std::get_if<layers::Dropout>(&node.layer)) found.push_back(one->rate);
    }
    return found;
  };
  EXPECT_EQ(rates(std::nullopt, "tutorial"), (std::vector{0.25, 0.5}));
  EXPECT_EQ(rates(0.3, "tutorial"), (std::vector{0.3, 0.3}));
  EXPECT_TRUE(rates(0.0, "tutorial").empty());
  EXPECT_EQ(rates(0.3, "mlp:depth=2"), (std::vector{0.3, 0.3}));
  EXPECT_TRUE(rates(0.0, "mlp:depth=2:dropout=0.1").empty());
  EXPECT_EQ(rates(0.3, "cnn"), (std::vector{0.3, 0.3}));
  EXPECT_EQ(parse_dropout("network"), std::nullopt);
  EXPECT_EQ(parse_dropout(dropout_text(0.25)), std::optional(0.25));
}

TEST(Dropout, OfEachRateIsASetting) {
  SweepConfig config = small_config();
  config.dropouts = {std::nullopt, 0.0, 0.1, 0.2};
  const SweepPlan plan = plan_sweep(config, small_data());
  ASSERT_EQ(plan.settings.size(), 8u);
  EXPECT_EQ(setting_labels(plan.settings)[0], "relu, the network's dropout");
  EXPECT_EQ(setting_labels(plan.settings)[3], "relu, dropout 0.2");
  EXPECT_EQ(plan.networks[2], plan.networks[3]) << "rates differ in the trial table alone";
  EXPECT_NE(plan.networks[1], plan.networks[2]) << "no dropout is another structure";
  EXPECT_TRUE(run_sweep(plan).complete);
  config.dropouts = {1.0};
  EXPECT_THROW(plan_sweep(config, small_data()), InvalidArgument);
  config.dropouts = {0.1};
  config.architecture = architectures::Resnet{.blocks = 1, .filters = 4};
  EXPECT_THROW(plan_sweep(config, small_data()), InvalidArgument);
}

}  // namespace
}  // namespace saltus
