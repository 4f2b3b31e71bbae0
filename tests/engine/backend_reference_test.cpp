// Every executor against the oracle: outputs, gradients, losses, metrics and the weights after a
// few steps, of networks that between them have every layer, loss, optimizer and activation.
#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <saltus/activation.h>
#include <saltus/error.h>
#include <saltus/kernels/random.h>

#include "learner.h"
#include "reference/bounds.h"
#include "reference/compare.h"
#include "reference/examples.h"
#include "reference/kinks.h"
#include "reference/network.h"

namespace saltus::tests {
namespace {

using reference::Bounds;
using reference::compare;
using reference::Data;
using reference::Example;
using reference::measured_bounds;
using reference::Network;
using reference::Random;
using reference::Results;
using reference::Rounding;
using reference::Values;
using reference::Weights;

constexpr std::int64_t kBatch = 8;
constexpr std::int64_t kRows = 29;  // three batches and a partial one
constexpr std::int64_t kBatches = 4;
constexpr std::uint64_t kSeed = 11;

/// Values closer to a kink than this may fall on its other side in float32, where a network's
/// rounding errors add up to some 1e-6. Coarser precisions cross kinks; measured_bounds() sees it.
constexpr double kClearance = 3e-5;

/// A network, its initial weights and its data.
struct Setting {
  Example example;
  Weights weights;
  Data data;
};

/// Draws weights and data that keep clear of kinks at the first step.
Setting draw(const Example& example, std::uint64_t seed = 1) {
  Random random(seed);
  Setting setting{.example = example, .weights = {}, .data = {}};
  Network network(example.graph, example.loss, SGD{}, kSeed);
  for (int attempt = 0; attempt < 1000; ++attempt) {
    setting.weights = network.weights() = draw_weights(example.graph, random);
    setting.data = draw_data(example.graph, example.loss, kRows, random);
    const auto distance = [&](bool training) {
      return kink_distance(example.graph, network.forward(setting.data.x, training));
    };
    if (distance(false) > kClearance && distance(true) > kClearance) return setting;
  }
  ADD_FAILURE() << "no draw stays clear of all kinks: the network is too large for this test";
  return setting;
}

/// Adds each of the sums as one result, a number a batch.
template <typename Sums>
void add_sums(Results& results, const std::string& prefix, const std::vector<Sums>& batches) {
  for (const Sums& sums : batches) {
    const auto add = [&](const std::string& name, auto value) {
      results[prefix + name].push_back(static_cast<double>(value));
    };
    add("rows", sums.rows);
    add("loss", sums.loss);
    for (std::size_t i = 0; i < ListedMetrics::kCount; ++i) {
      add(std::string(ListedMetrics::kNames[i]), sums.metrics[i]);
    }
    add("clipped", sums.clipped);
  }
}

void add_weights(Results& results, const std::string& prefix, const Weights& weights) {
  for (const auto& [name, values] : weights) results[prefix + name] = values;
}

Results of_oracle(const Setting& setting, const Optimizer& optimizer, double ema_momentum,
                  const Rounding& rounding) {
  Network network(setting.example.graph, setting.example.loss, optimizer, kSeed, ema_momentum);
  network.weights() = setting.weights;
  network.set_rounding(rounding);
  const auto batch = [&](std::int64_t number, const reference::Batch& all) {
    const std::int64_t first = number * kBatch;
    return rows_of(all, first, std::min(kBatch, kRows - first));
  };
  const Data& data = setting.data;

  Results results;
  results["output"] = network.predict(data.x).values;
  add_weights(results, "gradient of ",
              network.differentiate(batch(0, data.x), batch(0, data.t)).gradients);
  std::vector<reference::Sums> evaluated;
  std::vector<reference::Sums> trained;
  for (std::int64_t i = 0; i < kBatches; ++i) {
    evaluated.push_back(network.evaluate(batch(i, data.x), batch(i, data.t)));
  }
  for (std::int64_t i = 0; i < kBatches; ++i) {
    trained.push_back(network.train(batch(i, data.x), batch(i, data.t)));
  }
  add_sums(results, "evaluation: ", evaluated);
  add_sums(results, "training: ", trained);
  add_weights(results, "after training: ", network.weights());
  if (ema_momentum > 0) {
    add_weights(results, "averages: ", network.averages());
    results["output of averages"] = network.predict(data.x).values;
  }
  return results;
}

/// The gradient as a step of plain descent shows it: the rate is so large that the rounding of the
/// weight after it is one of the gradient.
Weights gradients_of(const Executor& executor, const Setting& setting) {
  constexpr double rate = 1024;
  Learner learner(executor, setting.example.graph, setting.example.loss, SGD{.learning_rate = rate},
                  kSeed, kBatch);
  learner.set_weights(setting.weights);
  learner.bind(setting.data);
  learner.train(0, 1);
  Weights after = learner.weights();
  Weights gradients;
  for (const Node& node : setting.example.graph.nodes()) {
    for (const Weight& weight : node.weights) {
      if (!weight.trainable) continue;
      const Values& before = setting.weights.at(weight.name);
      Values gradient = std::move(after.at(weight.name));
      for (std::int64_t i = 0; i < gradient.size(); ++i) {
        gradient[i] = (before[i] - gradient[i]) / rate;
      }
      gradients[weight.name] = std::move(gradient);
    }
  }
  return gradients;
}

Results of_executor(const Executor& executor, const Setting& setting, const Optimizer& optimizer,
                    int threads = 1, double ema_momentum = 0) {
  Learner learner(executor, setting.example.graph, setting.example.loss, optimizer, kSeed, kBatch,
                  threads, ema_momentum);
  learner.set_weights(setting.weights);
  learner.bind(setting.data);
  Results results;
  results["output"] = learner.predict();
  add_weights(results, "gradient of ", gradients_of(executor, setting));
  add_sums(results, "evaluation: ", learner.evaluate());
  add_sums(results, "training: ", learner.train(0, kBatches));
  add_weights(results, "after training: ", learner.weights());
  if (ema_momentum > 0) {
    add_weights(results, "averages: ", learner.averages());
    results["output of averages"] = learner.predict();
  }
  return results;
}

void expect_like_oracle(const Executor& executor, const Setting& setting,
                        const Optimizer& optimizer, double ema_momentum = 0) {
  const auto oracle = [&](const Rounding& rounding) {
    return of_oracle(setting, optimizer, ema_momentum, rounding);
  };
  const Bounds bounds = measured_bounds(oracle, executor.unit, executor.factor);
  Results got = of_executor(executor, setting, optimizer, 1, ema_momentum);
  Results want = oracle({});
  if (executor.precision != Precision::fp32) {
    // Coarse outputs move across a metric's threshold; the code that counts is the same in fp32.
    for (Results* results : {&got, &want}) {
      std::erase_if(*results,
                    [](const auto& result) { return result.first.ends_with("_accuracy"); });
    }
  }
  compare(got, want, bounds);
}

/// Skips the test where this machine lacks the executor.
void require(const Executor& executor) {
  const Graph graph({1});
  try {
    const Learner learner(executor, graph, losses::MeanSquaredError{}, SGD{}, 0, 1);
  } catch (const DeviceError& error) {
    GTEST_SKIP() << error.what();
  }
}

/// Descent keeps errors in proportion. Adam turns the sign of a gradient near zero, which may be
/// all rounding, into a whole step; it has a test of its own.
const Optimizer kDescent = SGD{.learning_rate = 0.05, .momentum = 0.9};

std::string name_of(const Executor& executor) {
  return executor.name;
}

class BackendExamples : public testing::TestWithParam<std::tuple<Executor, Example>> {
  void SetUp() override { require(std::get<0>(GetParam())); }
};

TEST_P(BackendExamples, MatchTheOracle) {
  const auto& [executor, example] = GetParam();
  expect_like_oracle(executor, draw(example), kDescent);
}

INSTANTIATE_TEST_SUITE_P(All, BackendExamples,
                         testing::Combine(testing::ValuesIn(executors()),
                                          testing::ValuesIn(reference::examples())),
                         [](const auto& test) {
                           return name_of(std::get<Executor>(test.param)) + "_" +
                                  std::get<Example>(test.param).name;
                         });

class Backend : public testing::TestWithParam<Executor> {
  void SetUp() override { require(GetParam()); }
};

INSTANTIATE_TEST_SUITE_P(All, Backend, testing::ValuesIn(executors()),
                         [](const auto& test) { return name_of(test.param); });

TEST_P(Backend, RandomNetworksMatchTheOracle) {
  for (std::uint64_t seed = 100; seed < 150; ++seed) {
    SCOPED_TRACE("random network " + std::to_string(seed));
    expect_like_oracle(GetParam(), draw(reference::random_example(seed)), kDescent);
  }
}

/// Once before a pooling of means, as a step of its own, and once fused with a max-pooling.
TEST_P(Backend, EveryActivationMatchesTheOracle) {
  for (const ActivationInfo& info : activation_list()) {
    for (const Layer& pooling :
         std::vector<Layer>{layers::AveragePooling2D{}, layers::MaxPooling2D{}}) {
      SCOPED_TRACE(std::string(info.name) + ", " + std::string(kind_name(pooling)));
      Graph graph({6, 6, 2});
      graph.add(layers::Conv2D{.filters = 3});
      graph.add(reference::activation(info.name));
      graph.add(pooling);
      graph.add(layers::Flatten{});
      graph.add(layers::Dense{.units = 2});
      expect_like_oracle(GetParam(), draw({std::string(info.name), graph}), kDescent);
    }
  }
}

/// With a value for the layer and for each channel, of more channels than a block has elements too.
TEST_P(Backend, LearnedParametersMatchTheOracle) {
  if (GetParam().backend != &backend::cpu()) GTEST_SKIP() << "the CPU alone learns parameters";
  // Parameters that move a kink or a jump, across which a difference says nothing.
  const std::set<std::string_view> kMoving = {
      "binary_step", "threshold",   "hard_tanh",           "srelu",
      "soft_shrink", "hard_shrink", "classic_hard_sigmoid"};
  for (const ActivationInfo& info : activation_list()) {
    if (info.parameters.size() == 0 || kMoving.contains(info.name)) continue;
    for (const char* how : {"learned", "learned channel"}) {
      std::string text(info.name);
      for (const auto& parameter : info.parameters)
        text += fmt::format(":{}={}", parameter.name, how);
      SCOPED_TRACE(text);
      Graph graph({6, 6, 2});
      graph.add(layers::Conv2D{.filters = 3});
      graph.add(reference::activation(text));
      graph.add(layers::AveragePooling2D{});
      graph.add(layers::Flatten{});
      graph.add(layers::Dense{.units = 2});
      expect_like_oracle(GetParam(), draw({std::string(info.name), graph}), kDescent);
    }
  }
  // In front of pools whose windows lie side by side, overlap, and reach over the edge.
  Graph pooled({9, 8, 2});
  pooled.add(reference::activation("e_swish:beta=learned channel"));
  pooled.add(layers::MaxPooling2D{.pool_size = {3, 2}, .strides = {2, 1}});
  pooled.add(layers::Conv2D{.filters = 3});
  pooled.add(reference::activation("swish:beta=learned"));
  pooled.add(layers::MaxPooling2D{.padding = layers::Padding::same});
  pooled.add(layers::Flatten{});
  pooled.add(layers::Dense{.units = 2});
  expect_like_oracle(GetParam(), draw({"pooled", pooled}), kDescent);
  Graph wide({3});
  wide.add(layers::Dense{.units = 600});
  wide.add(reference::activation("acon_c:p1=learned channel:p2=learned:beta=learned channel"));
  wide.add(layers::Dense{.units = 2});
  expect_like_oracle(GetParam(), draw({"wide", wide}), kDescent);
}

TEST_P(Backend, EveryOptimizerAndClippingMatchesTheOracle) {
  Graph graph({5, 5, 2});
  graph.add(layers::Conv2D{.filters = 4});
  graph.add(layers::BatchNormalization{});
  graph.add(reference::activation("tanh"));
  graph.add(layers::Flatten{});
  graph.add(layers::Dense{.units = 3});
  const Setting setting = draw({"optimizers", graph});
  // Of this network's gradients these bounds cut some and leave some.
  const std::vector<Clipping> clippings{{{}, {}, {}}, {0.05, {}, {}}, {{}, 0.3, {}}, {{}, {}, 0.5}};
  for (const Clipping& clipping : clippings) {
    std::vector<Optimizer> optimizers{
        Adam{.learning_rate = 1e-2, .clipping = clipping},
        Adam{.learning_rate = 1e-3,
             .beta_1 = 0.5,
             .beta_2 = 0.9,
             .epsilon = 0.1,
             .clipping = clipping},
        SGD{.learning_rate = 0.1, .clipping = clipping},
        SGD{.learning_rate = 0.1, .momentum = 0.9, .clipping = clipping},
        SGD{.learning_rate = 0.1, .momentum = 0.9, .nesterov = true, .clipping = clipping}};
    for (Optimizer usual : optimizer_list()) {
      std::visit([&](auto& o) { o.clipping = clipping; }, usual);
      optimizers.push_back(usual);
    }
    for (const Optimizer& optimizer : optimizers) {
      SCOPED_TRACE(to_string(optimizer));
      expect_like_oracle(GetParam(), setting, optimizer);
    }
  }
}

TEST_P(Backend, AveragesOfWeightsMatchTheOracle) {
  for (const Example& example : reference::examples()) {
    if (example.name != "tutorial_selu" && example.name != "residual") continue;
    SCOPED_TRACE(example.name);
    for (const double momentum : {0.5, 0.9}) {
      expect_like_oracle(GetParam(), draw(example), kDescent, momentum);
    }
  }
}

TEST_P(Backend, ThreadsDoNotChangeABit) {
  for (const Example& example : reference::examples()) {
    if (example.name != "tutorial_selu" && example.name != "residual") continue;
    const Setting setting = draw(example);
    const Results one = of_executor(GetParam(), setting, kDescent, 1);
    compare(of_executor(GetParam(), setting, kDescent, 2), one, reference::exactly(one));
  }
}

/// Bytes and class numbers in a shuffled order, as images of digits come.
TEST_P(Backend, ShuffledBytesAndClassNumbersMatchTheOracle) {
  constexpr std::uint32_t epoch = 3;
  Graph graph({4, 4, 1});
  graph.add(layers::Conv2D{.filters = 3});
  graph.add(reference::activation("tanh"));
  graph.add(layers::Flatten{});
  graph.add(layers::Dense{.units = 4});
  graph.add(layers::Softmax{});
  Random random(5);
  const Weights weights = draw_weights(graph, random);
  std::vector<std::uint8_t> bytes(kRows * 16);
  std::vector<std::int32_t> classes(kRows);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random.integer(0, 255));
  for (auto& label : classes) label = static_cast<std::int32_t>(random.integer(0, 3));

  Learner learner(GetParam(), graph, losses::SparseCategoricalCrossentropy{}, kDescent, kSeed,
                  kBatch);
  learner.set_weights(weights);
  learner.bind(
      Samples{kRows, std::span<const std::uint8_t>(bytes), std::span<const std::int32_t>(classes)});
  Results got;
  add_sums(got, "", learner.train(0, kBatches, epoch, true));
  add_weights(got, "", learner.weights());

  Data data{{kRows, {4, 4, 1}}, {kRows, {4}}};
  for (std::uint32_t row = 0; row < kRows; ++row) {
    const std::uint32_t from = kernels::shuffled_index(kSeed, epoch, row, kRows);
    for (std::uint32_t i = 0; i < 16; ++i)
      data.x.values[row * 16 + i] = bytes[from * 16 + i] / 255.0;
    data.t.values[row * 4 + static_cast<std::uint32_t>(classes[from])] = 1;
  }
  const auto oracle = [&](const Rounding& rounding) {
    Network network(graph, losses::SparseCategoricalCrossentropy{}, kDescent, kSeed);
    network.weights() = weights;
    network.set_rounding(rounding);
    std::vector<reference::Sums> sums;
    for (std::int64_t first = 0; first < kRows; first += kBatch) {
      const std::int64_t count = std::min(kBatch, kRows - first);
      sums.push_back(network.train(rows_of(data.x, first, count), rows_of(data.t, first, count)));
    }
    Results results;
    add_sums(results, "", sums);
    add_weights(results, "", network.weights());
    return results;
  };
  Bounds bounds = measured_bounds(oracle, GetParam().unit, GetParam().factor);
  compare(got, oracle({}), bounds);
}

}  // namespace
}  // namespace saltus::tests
