// The engine against real Keras and PyTorch, step by step: tests/trajectories/ tells how their
// losses were recorded.
#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <variant>

#include <gtest/gtest.h>

#include <saltus/model.h>

#include "backend/backend.h"
#include "core/json.h"
#include "ops/choices.h"
#include "tests/engine/learner.h"
#include "train/trainer.h"

namespace saltus {
namespace {

using nlohmann::json;

const json& recorded() {
  static const json file = [] {
    std::ifstream stream(SALTUS_SOURCE_DIR "/tests/trajectories/trajectories.json");
    return json::parse(stream);
  }();
  return file;
}

/// The recorded images and labels, and a view of them.
struct Recorded {
  std::vector<std::uint8_t> pixels;
  std::vector<std::uint8_t> labels;

  Recorded() {
    for (const json& image : recorded()["images"]) {
      const auto values = image.get<std::vector<std::uint8_t>>();
      pixels.insert(pixels.end(), values.begin(), values.end());
    }
    labels = recorded()["labels"].get<std::vector<std::uint8_t>>();
  }
  Samples samples() const {
    Samples view;
    view.count = static_cast<std::int64_t>(labels.size());
    view.inputs = std::span<const std::uint8_t>(pixels);
    view.targets = std::span<const std::uint8_t>(labels);
    return view;
  }
};

Graph network(const std::string& activation, const std::string& second = "convolution") {
  // The tutorial calls the tanh form gelu.
  const Activation act(activation == "gelu" ? "gelu_tanh" : activation);
  Graph graph({12, 12, 1});
  graph.add(layers::Conv2D{.filters = 4}, "conv1");
  graph.add(act);
  if (second == "depthwise") {
    graph.add(layers::DepthwiseConv2D{.depth_multiplier = 2}, "conv2");
  } else {
    graph.add(layers::Conv2D{.filters = 8}, "conv2");
  }
  graph.add(act);
  graph.add(layers::MaxPooling2D{});
  graph.add(layers::Flatten{});
  graph.add(layers::Dense{.units = 16}, "dense1");
  graph.add(act);
  graph.add(layers::Dense{.units = 10}, "dense2");
  graph.add(layers::Softmax{});
  return graph;
}

Optimizer recorded_optimizer(const json& run) {
  json all = run["optimizer"];
  all["clipping"] = run["clipping"];
  return optimizer_of(all);
}

std::vector<float> values_of(const json& weights, const std::string& name) {
  return weights.at(name).at("values").get<std::vector<float>>();
}

/// All steps of a recorded run, by the engine.
struct Replay {
  Recorded data;
  std::shared_ptr<plan::Plan> plan;
  std::unique_ptr<backend::Executable> executable;

  explicit Replay(const json& run, double ema_momentum = 0) {
    const std::string second = run["network"];
    const Graph graph = network(run["activation"], second);
    plan = std::make_shared<plan::Plan>(
        plan::make_plan(graph, parse_loss(run["loss"].get<std::string>()), Precision::fp32));
    const std::int64_t batch = recorded()["batch"];
    backend::Options options;
    options.batch_size = batch;
    options.threads = 1;  // results do not depend on it, and these networks are too small to share
    executable = tests::executors().front().backend->compile(
        plan,
        {train::trial_of(
            {.graph = graph, .optimizer = recorded_optimizer(run), .ema_momentum = ema_momentum})},
        options);
    const json& weights = recorded()["weights"];
    for (std::size_t i = 0; i < plan->weights.size(); ++i) {
      const std::string& name = plan->weights[i].name;
      if (plan->weights[i].bounds) {
        const auto& first = std::get<initializers::Constant>(plan->weights[i].initializer);
        const std::vector<float> values(
            static_cast<std::size_t>(element_count(plan->weights[i].shape)),
            static_cast<float>(first.value));
        executable->write_weight(0, static_cast<int>(i), values);
        continue;
      }
      const bool other = second == "depthwise" && weights["depthwise"].contains(name);
      executable->write_weight(0, static_cast<int>(i),
                               values_of(weights[other ? "depthwise" : "initial"], name));
    }
    executable->bind(backend::Split::train, data.samples());
    const std::int64_t batches = (data.samples().count + batch - 1) / batch;
    const int steps = recorded()["steps"];
    for (int step = 0; step < steps; ++step) executable->train(0, step % batches, 1, batch, false);
  }
};

/// Fails where a loss is farther from the truth than PyTorch explains.
void expect_losses(const json& run, const std::vector<backend::BatchSums>& sums) {
  ASSERT_EQ(sums.size(), recorded()["steps"].get<std::size_t>());
  const auto truth = run["losses"]["torch_float64"].get<std::vector<double>>();
  const auto peer = run["losses"]["torch_float32"].get<std::vector<double>>();
  double peer_distance = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    peer_distance = std::max(peer_distance, std::abs(peer[i] - truth[i]));
  }
  // Four times what PyTorch's float32 loses in this run, or four times what rounding the weights
  // costs the truth, or four units in the last place of the loss: orders of summation differ, and
  // luck with them.
  const double sensitivity = run["sensitivity"];
  const double bound = 4 * std::max({peer_distance, sensitivity, truth[0] * 0x1p-24});
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const double loss = sums[i].loss / static_cast<double>(sums[i].rows);
    ASSERT_LE(std::abs(loss - truth[i]), bound) << "step " << i;
  }
}

class Trajectory : public testing::TestWithParam<std::size_t> {};

TEST_P(Trajectory, StaysAsCloseToTheTruthAsPyTorch) {
  const json& run = recorded()["runs"][GetParam()];
  SCOPED_TRACE(run["name"].get<std::string>());
  const Replay replay(run);
  const Optimizer optimizer = recorded_optimizer(run);
  const std::vector<backend::BatchSums> sums =
      replay.executable->take_sums(0, backend::Split::train);
  expect_losses(run, sums);
  // Elements within rounding of the threshold may fall on either side.
  const auto hits = run["clip_hits"].get<std::vector<std::int64_t>>();
  const bool any = clipping_of(optimizer).clipvalue || clipping_of(optimizer).clipnorm ||
                   clipping_of(optimizer).global_clipnorm;
  for (std::size_t i = 0; any && i < hits.size(); ++i) {
    const std::int64_t counted = clipping_of(optimizer).global_clipnorm
                                     ? std::min<std::int64_t>(sums[i].clipped, 1)
                                     : sums[i].clipped;
    ASSERT_NEAR(static_cast<double>(counted), static_cast<double>(hits[i]), 1.0) << "step " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Recorded, Trajectory,
                         testing::Range<std::size_t>(0, recorded()["runs"].size()),
                         [](const testing::TestParamInfo<std::size_t>& test) {
                           auto name = recorded()["runs"][test.param]["name"].get<std::string>();
                           std::replace_if(
                               name.begin(), name.end(),
                               [](char c) { return c == '/' || c == '-'; }, '_');
                           return name;
                         });

// The other networks' parameters are where PyTorch's autograd takes them.
TEST(LearnedTrajectory, StaysAsCloseToTheTruthAsPyTorch) {
  if (tests::executors().front().backend != &backend::cpu())
    GTEST_SKIP() << "the CPU alone learns parameters";
  for (const json& run : recorded()["learned"]) {
    SCOPED_TRACE(run["name"].get<std::string>());
    const Replay replay(run);
    expect_losses(run, replay.executable->take_sums(0, backend::Split::train));
    for (std::size_t i = 0; i < replay.plan->weights.size(); ++i) {
      const Weight& weight = replay.plan->weights[i];
      if (!weight.bounds) continue;
      std::vector<float> values(static_cast<std::size_t>(element_count(weight.shape)));
      replay.executable->read_weight(0, static_cast<int>(i), values);
      const auto truth = run["learned"].at(weight.name).get<std::vector<double>>();
      ASSERT_EQ(values.size(), truth.size()) << weight.name;
      // They moved by up to 0.2 in 20 steps of Adam, whose direction the last bits of small
      // gradients tell.
      for (std::size_t c = 0; c < values.size(); ++c)
        EXPECT_NEAR(values[c], truth[c], 1e-3) << weight.name << " " << c;
    }
  }
}

void expect_predictions(const std::string& activation, const json& weights, const json& expected) {
  Model model(network(activation));
  model.compile({});
  for (const Weight& weight : model.weights()) {
    EXPECT_EQ(weight.shape, weights.at(weight.name).at("shape").get<Shape>()) << weight.name;
    model.set_weights(weight.name, values_of(weights, weight.name));
  }
  const Recorded data;
  Samples first = data.samples();
  first.count = static_cast<std::int64_t>(expected.size());
  first.inputs = std::span<const std::uint8_t>(data.pixels).first(expected.size() * 144);
  first.targets = {};
  const std::vector<float> predicted = model.predict(first, 4);
  ASSERT_EQ(predicted.size(), expected.size() * 10);
  for (std::size_t i = 0; i < predicted.size(); ++i) {
    // Probabilities are at most 1 and come from sums of up to 288 products: a few units of 2^-23.
    EXPECT_NEAR(predicted[i], expected[i / 10][i % 10].get<float>(), 1e-6) << i;
  }
}

TEST(KerasWeights, GiveKerassPredictions) {
  for (const auto& [activation, expected] : recorded()["predictions"]["initial"].items()) {
    SCOPED_TRACE(activation);
    expect_predictions(activation, recorded()["weights"]["initial"], expected);
  }
}

TEST(KerasWeights, GiveKerassPredictionsAfterTraining) {
  expect_predictions("gelu", recorded()["weights"]["trained"],
                     recorded()["predictions"]["trained"]);
}

TEST(KerasAverages, AreThoseOfOurSteps) {
  const json& runs = recorded()["runs"];
  const auto run = std::find_if(runs.begin(), runs.end(), [](const json& one) {
    return one["name"] == recorded()["weights"]["trained_run"];
  });
  ASSERT_NE(run, runs.end());
  const json& averages = recorded()["averages"];
  const Replay replay(*run, averages["ema_momentum"].get<double>());
  double moved = 0;
  for (std::size_t i = 0; i < replay.plan->weights.size(); ++i) {
    const Weight& weight = replay.plan->weights[i];
    const std::vector<float> want = values_of(averages["weights"], weight.name);
    const std::vector<float> trained = values_of(recorded()["weights"]["trained"], weight.name);
    std::vector<float> got(want.size());
    replay.executable->read_average(0, static_cast<int>(i), got);
    for (std::size_t k = 0; k < want.size(); ++k) {
      // Keras computes Adam's 1 - beta_2^t in float32, which is 1e-5 of up to 0.02 that 20 steps
      // move a weight; below it are roundings of weights below 1.
      ASSERT_NEAR(got[k], want[k], 1e-5 * 0.02 + 0x1p-22) << weight.name << " " << k;
      moved = std::max(moved, std::abs(static_cast<double>(want[k]) - trained[k]));
    }
  }
  EXPECT_GT(moved, 1e-3) << "averages lag behind the weights";
}

TEST(KerasAlphaDropout, IsOursGivenTheSameMask) {
  int compared = 0;
  for (const json& recording : recorded()["alpha_dropout"]) {
    const kernels::DropoutRule rule =
        ops::dropout_of(layers::AlphaDropout{recording["rate"].get<double>()});
    for (std::size_t row = 0; row < recording["x"].size(); ++row) {
      for (std::size_t i = 0; i < recording["x"][row].size(); ++i) {
        const bool keep = recording["mask"][row][i] == 1;
        const auto x = recording["x"][row][i].get<float>();
        const float y = keep ? rule.scale * x + rule.shift : rule.dropped;
        const float dx = keep ? rule.scale * recording["upstream"][row][i].get<float>() : 0.0F;
        // Keras multiplies and adds in another order: two roundings of values below 4.
        EXPECT_NEAR(y, recording["y"][row][i].get<float>(), 1e-6);
        EXPECT_NEAR(dx, recording["dx"][row][i].get<float>(), 1e-6);
        ++compared;
      }
    }
  }
  EXPECT_GT(compared, 40);
}

}  // namespace
}  // namespace saltus
