// Diagnostics of layers against naive sums over the oracle's values in double, and against what
// PyTorch's hooks say of a small network (tests/diagnostics/).
#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/diagnostics.h>
#include <saltus/error.h>
#include <saltus/model.h>

#include "diagnostics/diagnosis.h"
#include "reference/examples.h"
#include "reference/network.h"
#include "train/trainer.h"

namespace saltus {
namespace {

using reference::Batch;
using reference::Values;
using reference::Weights;
using testing::ElementsAre;

/// Roundings of float32 in a network of three layers whose sums have at most some hundred terms of
/// both signs: what cancels is smaller than its terms by up to a hundred times.
constexpr double kRounding = 2e-4;

void expect_near(double got, double want, const std::string& what) {
  if (std::isnan(want)) {
    EXPECT_TRUE(std::isnan(got)) << what;
  } else {
    EXPECT_NEAR(got, want, kRounding * std::max(std::abs(want), 0.01)) << what;
  }
}

/// A convolution and two dense layers, one of them normalized; dropout must not matter.
Graph network(const Activation& activation, bool inside = false) {
  Graph graph({6, 6, 1});
  if (inside) {
    graph.add(layers::Conv2D{.filters = 5, .activation = activation}, "conv");
  } else {
    graph.add(layers::Conv2D{.filters = 5}, "conv");
    graph.add(activation, "act");
  }
  graph.add(layers::Dropout{0.5});
  graph.add(layers::Flatten{});
  graph.add(layers::Dense{.units = 7, .use_bias = false}, "dense");
  graph.add(layers::BatchNormalization{}, "norm");
  graph.add(activation, "act_1");
  graph.add(layers::Dropout{0.5});
  graph.add(layers::Dense{.units = 3}, "last");
  graph.add(layers::Softmax{});
  return graph;
}

/// Weights of which units of both layers are dead for ReLU.
Weights weights_of(const Graph& graph) {
  reference::Random random(11);
  Weights weights = reference::draw_weights(graph, random);
  weights["conv/bias"][1] = -20;
  weights["norm/beta"][3] = -20;
  return weights;
}

/// f'(z) in double, where the list's entry is a float's.
double slope_of(const Activation& activation, double z) {
  const std::string name(activation.name());
  if (name == "relu") return z > 0 ? 1 : 0;
  if (name == "hard_tanh") return std::abs(z) < 1 ? 1 : 0;
  if (name == "tanh") return 1 - std::tanh(z) * std::tanh(z);
  throw std::logic_error(name);
}

/// Naive figures of [samples][positions][units].
void take_units(const Activation& activation, const Batch& z, double largest,
                LayerDiagnostics& found) {
  const std::int64_t units = z.channels();
  double dead = 0;
  double saturated = 0;
  for (std::int64_t unit = 0; unit < units; ++unit) {
    double zero = 0;
    double small = 0;
    double all = 0;
    for (std::int64_t i = unit; i < z.size(); i += units) {
      const double slope = std::abs(slope_of(activation, z.values[i]));
      zero += slope == 0 ? 1 : 0;
      small += slope <= 0.05 * largest ? 1 : 0;
      all += 1;
    }
    if (zero == all) {
      dead += 1;
    } else if (small >= 0.99 * all) {
      saturated += 1;
    }
  }
  found.dead = dead / static_cast<double>(units);
  found.saturated = saturated / static_cast<double>(units);
}

double mean_of(const Values& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}
double squares_of(const Values& values) {
  return std::inner_product(values.begin(), values.end(), values.begin(), 0.0);
}
double deviation_of(const Values& values) {
  Values centred = values;
  for (double& value : centred) value -= mean_of(values);
  return std::sqrt(squares_of(centred) / static_cast<double>(values.size()));
}
double positive_of(const Values& values) {
  const auto count = std::count_if(values.begin(), values.end(), [](double v) { return v > 0; });
  return static_cast<double>(count) / static_cast<double>(values.size());
}

class Diagnose : public testing::Test {
 protected:
  static constexpr std::int64_t kRows = 40;

  Model model_of(const Graph& graph, const Optimizer& optimizer = SGD{}) {
    Model model(graph);
    model.compile({.optimizer = optimizer, .device = Device::cpu, .threads = 2});
    for (const auto& [name, values] : weights_of(graph)) {
      model.set_weights(name, std::vector<float>(values.begin(), values.end()));
    }
    return model;
  }

  Samples samples_of(const reference::Data& data) {
    inputs_.assign(data.x.values.begin(), data.x.values.end());
    targets_.assign(data.t.values.begin(), data.t.values.end());
    Samples samples;
    samples.count = data.x.rows;
    samples.inputs = std::span<const float>(inputs_);
    samples.targets = std::span<const float>(targets_);
    return samples;
  }

  static reference::Data data_of(const Graph& graph) {
    reference::Random random(5);
    return reference::draw_data(graph, losses::CategoricalCrossentropy{}, kRows, random);
  }

 private:
  std::vector<float> inputs_;
  std::vector<float> targets_;
};

class DiagnoseTest : public Diagnose, public testing::WithParamInterface<const char*> {};

TEST_P(DiagnoseTest, IsWhatNaiveSumsInDoubleSay) {
  const Activation activation = Activation::parse(GetParam());
  const Graph graph = network(activation);
  const reference::Data data = data_of(graph);
  // Moving statistics that are not those of the batch.
  reference::Network oracle(graph, losses::CategoricalCrossentropy{});
  oracle.weights() = weights_of(graph);
  const auto outputs = oracle.forward(data.x, false);

  Model model = model_of(graph);
  const std::vector<LayerDiagnostics> found = model.diagnose(samples_of(data));
  ASSERT_EQ(found.size(), 3u);

  const auto of = [&](const char* name) -> const Batch& {
    for (std::size_t i = 0; i < graph.nodes().size(); ++i)
      if (graph.nodes()[i].name == name) return outputs[static_cast<std::int64_t>(i)];
    throw std::logic_error(name);
  };
  struct Layer {
    const char* name;
    const char* z;
    const char* a;
  };
  const Layer layers[] = {
      {"conv", "conv", "act"}, {"dense", "norm", "act_1"}, {"last", "last", ""}};
  for (std::size_t i = 0; i < found.size(); ++i) {
    const Batch& z = of(layers[i].z);
    LayerDiagnostics want;
    want.z_mean = mean_of(z.values);
    want.z_sd = deviation_of(z.values);
    want.z_positive = positive_of(z.values);
    if (*layers[i].a != '\0') {
      const Batch& a = of(layers[i].a);
      want.a_mean = mean_of(a.values);
      want.a_sd = deviation_of(a.values);
      want.a_positive = positive_of(a.values);
      want.a_norm = std::sqrt(squares_of(a.values) / kRows);
      take_units(activation, z, 1, want);
    }
    EXPECT_EQ(found[i].layer, layers[i].name);
    for (const LayerFigure& figure : layer_figures()) {
      const std::string name(figure.name);
      if (name.starts_with("z_") || name.starts_with("a_") || name == "dead" ||
          name == "saturated") {
        expect_near(found[i].*figure.value, want.*figure.value, found[i].layer + " " + name);
      }
    }
  }
  // A conv's unit and one of the dense layer were pushed below every kink.
  if (std::string_view(GetParam()) != "tanh") {
    EXPECT_GE(found[0].dead, 0.2);
    EXPECT_GE(found[1].dead, 1.0 / 7);
  } else {
    EXPECT_GE(found[0].saturated + found[0].dead, 0.2);
  }
}

/// The gradients: what a finite change of z or of a weight makes of the loss, in double.
TEST_P(DiagnoseTest, GradientsAreWhatTheLossDoes) {
  const Activation activation = Activation::parse(GetParam());
  const Graph graph = network(activation);
  const reference::Data data = data_of(graph);
  reference::Network oracle(graph, losses::CategoricalCrossentropy{});
  oracle.weights() = weights_of(graph);
  const auto loss = [&] { return oracle.evaluate(data.x, data.t).loss / kRows; };
  const auto norm_of = [&](const std::vector<std::string>& names) {
    double squares = 0;
    for (const std::string& name : names) {
      for (double& weight : oracle.weights()[name]) {
        const double before = weight;
        const double step = 1e-6;
        weight = before + step;
        const double above = loss();
        weight = before - step;
        const double below = loss();
        weight = before;
        squares += std::pow((above - below) / (2 * step), 2);
      }
    }
    return std::sqrt(squares);
  };
  Model model = model_of(graph);
  const std::vector<LayerDiagnostics> found = model.diagnose(samples_of(data));
  expect_near(found[0].dw_norm, norm_of({"conv/kernel", "conv/bias"}), "conv");
  expect_near(found[1].dw_norm, norm_of({"dense/kernel"}), "dense");
  expect_near(found[2].dw_norm, norm_of({"last/kernel", "last/bias"}), "last");
  // By the logits the gradient of a sample's loss is softmax less target.
  const Batch output = oracle.predict(data.x);
  double squares = 0;
  for (std::int64_t i = 0; i < output.size(); ++i)
    squares += std::pow(output.values[i] - data.t.values[i], 2);
  expect_near(found[2].dz_norm, std::sqrt(squares / kRows), "last by z");
}

INSTANTIATE_TEST_SUITE_P(, DiagnoseTest, testing::Values("relu", "hard_tanh", "tanh"),
                         [](const auto& one) { return std::string(one.param); });

TEST_F(Diagnose, DoesNotDependOnWhereAnActivationStands) {
  const Graph behind = network("relu");
  const Graph inside = network("relu", true);
  const reference::Data data = data_of(behind);
  const auto a = model_of(behind).diagnose(samples_of(data));
  const auto b = model_of(inside).diagnose(samples_of(data));
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (const LayerFigure& figure : layer_figures()) {
      if (!std::isnan(a[i].*figure.value)) {
        EXPECT_EQ(a[i].*figure.value, b[i].*figure.value) << figure.name;
      }
    }
  }
}

TEST_F(Diagnose, SumsOverParts) {
  // A plan whose buffers have room for few rows sums over several runs of them.
  const Graph graph = network("selu");
  const reference::Data data = data_of(graph);
  const Samples samples = samples_of(data);
  const auto whole = model_of(graph).diagnose(samples);
  const auto network = train::lower(graph, losses::CategoricalCrossentropy{}, Precision::fp32);
  diagnostics::Diagnosis diagnosis(graph, network->plan, losses::CategoricalCrossentropy{}, 7, 1);
  const Weights weights = weights_of(graph);
  for (std::size_t i = 0; i < network->plan.weights.size(); ++i) {
    const Values& values = weights.at(network->plan.weights[i].name);
    std::ranges::copy(values, diagnosis.weight(i).begin());
  }
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(kRows));
  std::iota(numbers.begin(), numbers.end(), 0);
  const auto parts = diagnosis.run(train::trial_of({graph, SGD{}, 0}), samples, numbers);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (const LayerFigure& figure : layer_figures()) {
      expect_near(parts[i].*figure.value, whole[i].*figure.value,
                  whole[i].layer + " " + std::string(figure.name));
    }
  }
}

TEST_F(Diagnose, SaysWhatClippingCuts) {
  const Graph graph = network("relu");
  const reference::Data data = data_of(graph);
  const auto clipped = [&](const Clipping& clipping) {
    SGD sgd;
    sgd.clipping = clipping;
    std::vector<double> shares;
    for (const auto& layer : model_of(graph, sgd).diagnose(samples_of(data)))
      shares.push_back(layer.clipped);
    return shares;
  };
  EXPECT_THAT(clipped({}), ElementsAre(0, 0, 0));
  EXPECT_THAT(clipped({.clipvalue = 1e9, .clipnorm = {}, .global_clipnorm = {}}),
              ElementsAre(0, 0, 0));
  // The weights of dead units have no gradient.
  const std::vector<double> shares =
      clipped({.clipvalue = 1e-12, .clipnorm = {}, .global_clipnorm = {}});
  EXPECT_GT(shares[0], 0.5);
  EXPECT_LE(shares[0], 0.8);
  EXPECT_THAT(clipped({.clipvalue = {}, .clipnorm = 1e-9, .global_clipnorm = {}}),
              ElementsAre(1, 1, 1));
  EXPECT_THAT(clipped({.clipvalue = {}, .clipnorm = {}, .global_clipnorm = 1e-9}),
              ElementsAre(1, 1, 1));
  EXPECT_THAT(clipped({.clipvalue = {}, .clipnorm = {}, .global_clipnorm = 1e9}),
              ElementsAre(0, 0, 0));
}

TEST_F(Diagnose, KnowsLearnedActivations) {
  // The parameters begin where the list has them, and the slopes are those of the fixed one.
  const Graph fixed = network("leaky_relu:alpha=0.3");
  const Graph learned = network("leaky_relu:alpha=0.3 learned channel");
  const reference::Data data = data_of(fixed);
  Model model(learned);
  model.compile({.optimizer = SGD{}, .device = Device::cpu, .threads = 1});
  for (const auto& [name, values] : weights_of(fixed))
    model.set_weights(name, std::vector<float>(values.begin(), values.end()));
  const auto want = model_of(fixed).diagnose(samples_of(data));
  auto found = model.diagnose(samples_of(data));
  ASSERT_EQ(found.size(), want.size());
  for (std::size_t i = 0; i < want.size(); ++i) {
    for (const LayerFigure& figure : layer_figures())
      expect_near(found[i].*figure.value, want[i].*figure.value, std::string(figure.name));
  }
  // A channel whose parameter is 0 is ReLU's: the unit that is pushed below the kink is dead.
  model.set_weights("act/alpha", std::vector<float>{0.3F, 0, 0.3F, 0.3F, 0.3F});
  found = model.diagnose(samples_of(data));
  EXPECT_EQ(found[0].dead, 0.2);
  EXPECT_EQ(found[1].dead, 0);
}

TEST_F(Diagnose, GivesAnActivationBehindASumALayerOfItsOwn) {
  Graph graph({5});
  const NodeId input = graph.add(layers::Dense{.units = 4}, "first");
  const NodeId second = graph.add(layers::Dense{.units = 4}, "second");
  graph.add_to({input, second}, layers::Add{}, "sum");
  graph.add(Activation("tanh"), "joined");
  graph.add(layers::Dense{.units = 2, .activation = "sigmoid"}, "last");
  Model model(graph);
  model.compile({.loss = losses::BinaryCrossentropy{}, .device = Device::cpu, .threads = 1});
  const std::vector<float> inputs = {1, 2, 3, 4, 5, 5, 4, 3, 2, 1};
  const std::vector<float> targets = {0, 1, 1, 0};
  Samples samples;
  samples.count = 2;
  samples.inputs = std::span<const float>(inputs);
  samples.targets = std::span<const float>(targets);
  const auto found = model.diagnose(samples);
  ASSERT_EQ(found.size(), 4u);
  EXPECT_EQ(found[0].layer, "first");
  EXPECT_TRUE(std::isnan(found[0].dead));
  EXPECT_GT(found[0].dw_norm, 0);
  EXPECT_EQ(found[2].layer, "joined");
  EXPECT_EQ(found[2].saturated + found[2].dead, found[2].saturated);
  EXPECT_TRUE(std::isnan(found[2].weight_norm));
  EXPECT_GE(found[2].effective_rank, 1);
  EXPECT_LE(found[2].effective_rank, 2);
  EXPECT_EQ(found[3].layer, "last");
  EXPECT_FALSE(std::isnan(found[3].a_mean));
  EXPECT_TRUE(std::isnan(found[3].effective_rank));
  EXPECT_TRUE(std::isnan(found[3].update_ratio));
  samples.count = 0;
  EXPECT_THROW(model.diagnose(samples), InvalidArgument);
}

TEST(Diagnostics, AreWhatPyTorchsHooksSay) {
  const auto record = [] {
    std::ifstream stream(SALTUS_SOURCE_DIR "/tests/diagnostics/diagnostics.json");
    return nlohmann::json::parse(stream);
  }();
  const auto pixels = record["images"].get<std::vector<std::uint8_t>>();
  const auto labels = record["labels"].get<std::vector<std::int32_t>>();
  Samples samples;
  samples.count = std::ssize(labels);
  samples.inputs = std::span<const std::uint8_t>(pixels);
  samples.targets = std::span<const std::int32_t>(labels);
  SGD sgd;
  sgd.clipping.clipvalue = record["clipvalue"].get<double>();
  ASSERT_GE(record["activations"].size(), 5u);
  for (const auto& [activation, layers] : record["activations"].items()) {
    const Activation act = Activation::parse(activation);
    Graph graph({8, 8, 1});
    graph.add(layers::Conv2D{.filters = 4}, "conv1");
    graph.add(act);
    graph.add(layers::Conv2D{.filters = 6, .use_bias = false}, "conv2");
    graph.add(layers::BatchNormalization{}, "norm");
    graph.add(act);
    graph.add(layers::MaxPooling2D{});
    graph.add(layers::Dropout{0.5});
    graph.add(layers::Flatten{});
    graph.add(layers::Dense{.units = 8}, "hidden");
    graph.add(act);
    graph.add(layers::Dense{.units = 3}, "last");
    graph.add(layers::Softmax{});
    Model model(graph);
    model.compile({.optimizer = sgd, .device = Device::cpu, .threads = 1});
    for (const auto& [name, values] : record["weights"].items())
      model.set_weights(name, values.get<std::vector<float>>());
    const auto found = model.diagnose(samples);
    ASSERT_EQ(found.size(), layers.size());
    for (const LayerDiagnostics& layer : found) {
      for (const LayerFigure& figure : layer_figures()) {
        const std::string name(figure.name);
        if (name == "update_ratio") continue;
        const auto& figures = layers.at(layer.layer);
        const double want =
            figures.contains(name) ? figures[name].get<double>() : LayerDiagnostics::kNone;
        expect_near(layer.*figure.value, want, activation + " " + layer.layer + " " + name);
      }
    }
  }
}

TEST(LayerDiagnosticsOfHistory, AreTakenApartByNumberNameAndFigure) {
  const History history = {.epoch = {0, 1},
                           .history = {{"loss", {1, 2}},
                                       {"10:last:z_mean", {5, 6}},
                                       {"2:conv:a:dead", {0.25, 0.5}},
                                       {"2:conv:a:z_mean", {3, 4}},
                                       {"x:conv:dead", {1, 1}},
                                       {"2:conv:unknown", {1, 1}}}};
  const auto epochs = layer_diagnostics(history);
  ASSERT_EQ(epochs.size(), 2u);
  ASSERT_EQ(epochs[1].size(), 2u);
  EXPECT_EQ(epochs[1][0].layer, "conv:a");
  EXPECT_EQ(epochs[1][0].dead, 0.5);
  EXPECT_EQ(epochs[0][0].z_mean, 3);
  EXPECT_EQ(epochs[1][1].layer, "last");
  EXPECT_EQ(epochs[1][1].z_mean, 6);
  EXPECT_TRUE(std::isnan(epochs[1][1].dead));
  EXPECT_TRUE(layer_diagnostics({.epoch = {0}, .history = {{"loss", {1}}}}).empty());
  EXPECT_FALSE(is_layer_figure("val_loss"));
  EXPECT_FALSE(is_layer_figure("activation/alpha"));
  EXPECT_FALSE(is_layer_figure("1:dead"));
  EXPECT_TRUE(is_layer_figure("1:conv:dead"));
}

}  // namespace
}  // namespace saltus
