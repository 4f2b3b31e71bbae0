// Recipes, the grid, and the identity of trials.
#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <variant>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/error.h>
#include <saltus/sweep.h>
#include <saltus/theory.h>

#include "sweep/trial_id.h"
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

TEST(Plan, DefaultsAreTheTutorials) {
  const SweepConfig config;
  ASSERT_EQ(config.activations.size(), 6u);
  EXPECT_EQ(config.activations[0].str(), "sigmoid");
  EXPECT_EQ(config.activations[3].info().parameters[0].default_value, 0.2f);
  EXPECT_EQ(config.activations[5].str(), "gelu_tanh");
  EXPECT_EQ(config.epochs, std::vector<int>{20});
  EXPECT_EQ(config.batch_sizes, std::vector<std::int64_t>{128});
  EXPECT_EQ(config.learning_rates, std::vector<double>{1e-3});
  EXPECT_EQ(config.clippings[0].clipvalue, 0.5);
  EXPECT_EQ(config.loss, losses::BinaryCrossentropy{});
  EXPECT_EQ(config.recipe, Recipe::tutorial);
}

TEST(Plan, RunsTheProductSeedBySeed) {
  SweepConfig config = small_config();
  config.initializers = {std::nullopt, initializers::Orthogonal()};
  config.batch_norms = {false, true};
  config.optimizers = {Adam{}, SGD{.momentum = 0.9}};
  config.learning_rates = {1e-3, 1e-4};
  config.schedules = {schedules::Constant{}, schedules::CosineDecay{}};
  config.ema_momenta = {0, 0.99};
  config.batch_sizes = {16, 32};
  config.epochs = {1, 2, 3};
  config.seeds = 2;
  config.seed = 40;
  const SweepPlan plan = plan_sweep(config, small_data());
  ASSERT_EQ(plan.settings.size(), 2u * 2 * 2 * 2 * 2 * 2 * 2 * 2 * 3);
  ASSERT_EQ(plan.trials.size(), 2 * plan.settings.size());
  std::set<std::string> ids;
  for (std::size_t i = 0; i < plan.trials.size(); ++i) {
    const TrialSpec& trial = plan.trials[i];
    EXPECT_EQ(trial.setting, i % plan.settings.size());
    EXPECT_EQ(trial.seed, i < plan.settings.size() ? 40u : 41u);
    EXPECT_EQ(trial.repeat, i < plan.settings.size() ? 0 : 1);
    ids.insert(trial.id);
  }
  EXPECT_EQ(ids.size(), plan.trials.size());
  EXPECT_THAT(
      setting_labels(plan.settings),
      testing::Contains("selu, orthogonal, batch norm, sgd:momentum=0.9, lr 0.0001, cosine_decay, "
                        "ema 0.99, batch 32, 3 epochs"));
}

TEST(Plan, LowersEachStructureOnce) {
  SweepConfig config = small_config();
  config.batch_norms = {false, true};
  config.learning_rates = {1e-3, 1e-4};
  const SweepPlan plan = plan_sweep(config, small_data());
  ASSERT_EQ(plan.networks.size(), plan.settings.size());
  std::map<bool, std::set<const train::Network*>> networks;
  for (std::size_t i = 0; i < plan.settings.size(); ++i) {
    networks[plan.settings[i].batch_norm].insert(plan.networks[i].get());
  }
  EXPECT_EQ(networks[false].size(), 1u);
  EXPECT_EQ(networks[true].size(), 1u);
  EXPECT_NE(networks[false], networks[true]);
}

TEST(Plan, LabelsSayOnlyWhatDiffers) {
  EXPECT_THAT(setting_labels(plan_sweep(small_config(), small_data()).settings),
              testing::ElementsAre("relu", "selu"));
}

TEST(Plan, RefusesWhatCannotRun) {
  const auto refused = [](const std::function<void(SweepConfig&)>& change) {
    SweepConfig config = small_config();
    change(config);
    EXPECT_THROW(plan_sweep(config, small_data()), InvalidArgument);
  };
  refused([](SweepConfig& c) { c.activations.clear(); });
  refused([](SweepConfig& c) { c.activations.push_back(Activation::parse("relu")); });
  refused([](SweepConfig& c) { c.batch_norms.clear(); });
  refused([](SweepConfig& c) { c.batch_norms = {true, true}; });
  refused([](SweepConfig& c) { c.epochs = {0}; });
  refused([](SweepConfig& c) { c.batch_sizes = {-1}; });
  refused([](SweepConfig& c) { c.epochs = {kMostEpochs + 1}; });
  refused([](SweepConfig& c) { c.seeds = 0; });
  refused([](SweepConfig& c) { c.learning_rates = {-1}; });
  refused([](SweepConfig& c) {
    c.clippings = {{.clipvalue = 1, .clipnorm = 1, .global_clipnorm = {}}};
  });
  refused([](SweepConfig& c) { c.ema_momenta.clear(); });
  refused([](SweepConfig& c) { c.ema_momenta = {1}; });
  refused([](SweepConfig& c) { c.ema_momenta = {-0.5}; });
  refused([](SweepConfig& c) { c.train_limit = 0; });
  refused([](SweepConfig& c) { c.threads = -1; });
  refused([](SweepConfig& c) { c.threads = 1025; });
  refused([](SweepConfig& c) { c.loss = losses::BinaryCrossentropy{.from_logits = true}; });
  refused([](SweepConfig& c) { c.precision = Precision::tf32; });
  refused([](SweepConfig& c) { c.libraries.gemm = Gemm::cublas; });
  refused([](SweepConfig& c) { c.libraries.conv = Conv::cudnn; });
}

// run_sweep() and what follows take all that they need from the plan.
TEST(Plan, OwnsWhatItWasMadeOf) {
  SweepPlan plan;
  {
    SweepConfig config = small_config();
    config.train_limit = 40;
    ImageDataset data = small_data();
    plan = plan_sweep(config, data);
    config.train_limit = 1;
    data.train.labels.assign(data.train.labels.size(), 0);
  }
  EXPECT_EQ(plan.config.train_limit, 40);
  EXPECT_EQ(plan.data->train.labels, small_data().train.labels);
  EXPECT_TRUE(run_sweep(plan).complete);
}

// Before anything of their size is made: none of these would fit the memory.
TEST(Plan, RefusesMoreTrialsThanThereMayBe) {
  const auto refusal = [](const std::function<void(SweepConfig&)>& change) {
    SweepConfig config = small_config();
    change(config);
    try {
      plan_sweep(config, small_data());
    } catch (const InvalidArgument& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  const auto said = testing::HasSubstr("at most 100000 trials");
  EXPECT_THAT(refusal([](SweepConfig& c) { c.seeds = 1'000'000'000; }), said);
  EXPECT_THAT(refusal([](SweepConfig& c) { c.learning_rates.assign(50'001, 1e-3); }), said)
      << "with two activations";
  EXPECT_THAT(refusal([](SweepConfig& c) {
                c.learning_rates.assign(60'000, 1e-3);
                c.clippings.assign(60'000, {});
                c.batch_sizes.assign(60'000, 16);
                c.epochs.assign(60'000, 1);
                c.seeds = 2'000'000'000;
              }),
              said)
      << "their product overflows 64 bits";
}

TEST(Plan, RefusesTooManyTrialsSideBySide) {
  EXPECT_THROW(validate(SweepOptions{.side_by_side = kMostSideBySide + 1}), InvalidArgument);
  EXPECT_THROW(validate(SweepOptions{.side_by_side = -1}), InvalidArgument);
  EXPECT_NO_THROW(validate(SweepOptions{.side_by_side = kMostSideBySide}));
}

TEST(Plan, ALargeSweepIsLaidOut) {
  SweepConfig config = small_config();
  config.seeds = 5000;
  const SweepPlan plan = plan_sweep(config, small_data());
  EXPECT_EQ(plan.trials.size(), 10'000U);
  EXPECT_EQ(plan.trials.back().seed, config.seed + 4999);
}

Setting first_setting(const SweepConfig& config) {
  return {config.activations[0], config.learning_rates[0], config.clippings[0],
          config.batch_sizes[0], config.epochs[0]};
}

TEST(Plan, RefusesImagesThatTheNetworkDoesNotTake) {
  const auto error = [](const SweepConfig& config, const ImageDataset& data) -> std::string {
    try {
      plan_sweep(config, data);
    } catch (const DataError& refused) {
      return refused.what();
    }
    return "";
  };
  const auto of_size = [](std::int64_t height, std::int64_t width) {
    ImageDataset data = test::small_data();
    for (ImageSet* set : {&data.train, &data.test}) {
      set->height = height;
      set->width = width;
      set->pixels = std::vector<float>(static_cast<std::size_t>(set->count * height * width));
    }
    return data;
  };
  SweepConfig config = small_config();
  EXPECT_EQ(error(config, of_size(6, 6)), "");
  EXPECT_THAT(error(config, of_size(5, 6)),
              testing::HasSubstr("nowhere: images of 5 x 6 are too small for the network tutorial, "
                                 "which takes 6 x 6 or more"));
  EXPECT_THAT(error(config, of_size(6, 5)), testing::HasSubstr("images of 6 x 5"));

  ImageDataset sorted = test::small_data();
  std::ranges::sort(sorted.train.labels);
  EXPECT_EQ(error(config, sorted), "");
  config.train_limit = 33;
  EXPECT_EQ(error(config, sorted), "");
  config.train_limit = 32;
  EXPECT_THAT(error(config, sorted),
              testing::HasSubstr("nowhere: all 32 training images that are used have label 0"));
}

TEST(TrialId, NamesTheSameTrialForEver) {
  // Changes only together with kFormatVersion: finished sweeps are resumed by it.
  const SweepConfig config = small_config();
  EXPECT_EQ(hash_of(TrialDescriptions(config, small_data()).of(first_setting(config), 7)),
            "c4a79021f9905b47");
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

TEST(TrialId, ChangesWithAllThatDecidesTheResult) {
  using Change = std::function<void(SweepConfig&, Setting&, std::uint64_t&, ImageDataset&)>;
  const std::vector<Change> changes = {
      [](auto&, auto&, auto&, auto&) {},
      [](auto& c, auto&, auto&, auto&) { c.recipe = Recipe::matched; },
      [](auto& c, auto&, auto&, auto&) { c.loss = losses::CategoricalCrossentropy{}; },
      [](auto& c, auto&, auto&, auto&) { c.precision = Precision::bf16; },
      [](auto& c, auto&, auto&, auto&) { c.libraries.gemm = Gemm::cublas; },
      [](auto& c, auto&, auto&, auto&) { c.libraries.conv = Conv::cudnn; },
      [](auto& c, auto&, auto&, auto&) { c.train_limit = 63; },
      [](auto& c, auto&, auto&, auto&) { c.test_limit = 31; },
      [](auto&, auto& s, auto&, auto&) { s.activation = Activation::parse("elu"); },
      [](auto&, auto& s, auto&, auto&) { s.activation = Activation::parse("elu:alpha=0.5"); },
      [](auto&, auto& s, auto&, auto&) { s.learning_rate = 2e-3; },
      [](auto&, auto& s, auto&, auto&) { s.initializer = initializers::HeNormal(); },
      [](auto&, auto& s, auto&, auto&) { s.initializer = initializers::Orthogonal(); },
      [](auto&, auto& s, auto&, auto&) { s.initializer = initializers::Orthogonal{.gain = 2}; },
      [](auto&, auto& s, auto&, auto&) { s.batch_norm = true; },
      [](auto&, auto& s, auto&, auto&) { s.dropout = 0; },
      [](auto&, auto& s, auto&, auto&) { s.dropout = 0.3; },
      [](auto& c, auto&, auto&, auto&) { c.standardize = true; },
      [](auto&, auto&, auto&, auto& d) { d.task = Task::binary; },
      [](auto& c, auto&, auto&, auto&) { c.early_stopping.emplace(); },
      [](auto& c, auto&, auto&, auto&) { c.early_stopping = parse_early_stopping("patience=3"); },
      [](auto&, auto& s, auto&, auto&) { s.schedule = schedules::CosineDecay{}; },
      [](auto&, auto& s, auto&, auto&) { s.schedule = schedules::CosineDecay{.alpha = 0.1}; },
      [](auto&, auto& s, auto&, auto&) { s.ema_momentum = 0.99; },
      [](auto&, auto& s, auto&, auto&) { s.ema_momentum = 0.999; },
      [](auto&, auto& s, auto&, auto&) { s.optimizer = SGD{}; },
      [](auto&, auto& s, auto&, auto&) { s.optimizer = SGD{.momentum = 0.5}; },
      [](auto&, auto& s, auto&, auto&) { s.optimizer = Adam{.epsilon = 1e-6}; },
      [](auto&, auto& s, auto&, auto&) { s.clipping = {}; },
      [](auto&, auto& s, auto&, auto&) { s.clipping.clipvalue = 1; },
      [](auto&, auto& s, auto&, auto&) {
        s.clipping = {.clipvalue = {}, .clipnorm = 0.5, .global_clipnorm = {}};
      },
      [](auto&, auto& s, auto&, auto&) {
        s.clipping = {.clipvalue = {}, .clipnorm = {}, .global_clipnorm = 0.5};
      },
      [](auto&, auto& s, auto&, auto&) { s.batch_size = 17; },
      [](auto&, auto& s, auto&, auto&) { s.epochs = 3; },
      [](auto&, auto&, auto& seed, auto&) { seed = 8; },
      [](auto&, auto&, auto&, auto& d) { d.train.images_md5 = "x"; },
      [](auto&, auto&, auto&, auto& d) { d.train.labels_md5 = "x"; },
      [](auto&, auto&, auto&, auto& d) { d.test.images_md5 = "x"; },
      [](auto&, auto&, auto&, auto& d) { d.test.labels_md5 = "x"; },
      [](auto&, auto&, auto&, auto& d) { d.classes = 3; },
  };
  std::set<std::string> ids;
  for (const Change& change : changes) {
    SweepConfig config = small_config();
    Setting setting = first_setting(config);
    std::uint64_t seed = 7;
    ImageDataset data = small_data();
    change(config, setting, seed, data);
    ids.insert(hash_of(TrialDescriptions(config, data).of(setting, seed)));
  }
  EXPECT_EQ(ids.size(), changes.size());
}

TEST(TrialId, DoesNotDependOnWhatWasDescribedBefore) {
  SweepConfig config = small_config();
  config.clippings = {{.clipvalue = 1, .clipnorm = {}, .global_clipnorm = {}}, {}};
  TrialDescriptions descriptions(config, small_data());
  for (const Activation& activation : {config.activations[0], config.activations[1]}) {
    for (const Clipping& clipping : config.clippings) {
      for (const std::uint64_t seed : {1U, 2U}) {
        Setting setting{activation, 0.001, clipping, 16, 2};
        setting.batch_norm = seed == 2;
        setting.ema_momentum = seed == 2 ? 0.99 : 0;
        setting.dropout = clipping.clipvalue ? std::optional(0.1) : std::nullopt;
        EXPECT_EQ(descriptions.of(setting, seed),
                  TrialDescriptions(config, small_data()).of(setting, seed));
      }
    }
  }
}

TEST(TrialId, DoesNotChangeWithWhatLeavesResultsAlone) {
  const SweepConfig config = small_config();
  SweepConfig other = config;
  other.threads = 1;
  other.seeds = 9;
  other.train_limit = 64;  // all there are
  other.activations = tutorial_activations();
  const Setting setting = first_setting(config);
  ImageDataset elsewhere = small_data();
  elsewhere.source = "elsewhere";
  EXPECT_EQ(TrialDescriptions(config, small_data()).of(setting, 7),
            TrialDescriptions(other, elsewhere).of(setting, 7));
}

}  // namespace
}  // namespace saltus
