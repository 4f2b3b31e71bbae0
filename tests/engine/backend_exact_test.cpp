// Every executor against the oracle on small integers, where all numbers are exact in float32 and
// in bf16 and the results must be equal. Ties of max-poolings and values on kinks are everywhere.
#include <algorithm>
#include <cmath>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <saltus/error.h>

#include "learner.h"
#include "reference/compare.h"
#include "reference/examples.h"
#include "reference/network.h"

namespace saltus::tests {
namespace {

using reference::Batch;
using reference::Bounds;
using reference::Data;
using reference::Network;
using reference::Random;
using reference::Results;
using reference::Values;
using reference::Weights;

constexpr std::int64_t kRows = 4;
constexpr std::int64_t kOutputs = 4;
constexpr std::uint64_t kSeed = 3;

/// Layers on a 6 x 6 image of two channels, before a dense layer that closes the network.
struct Case {
  std::string name;
  std::vector<Layer> row;
};

void PrintTo(const Case& one, std::ostream* out) {
  *out << one.name;
}

layers::Conv2D conv(std::int64_t filters, layers::Padding padding = layers::Padding::valid,
                    Size2 strides = {1, 1}) {
  return {.filters = filters, .strides = strides, .padding = padding};
}

std::vector<Case> cases() {
  using layers::MaxPooling2D;
  using layers::Padding;
  const auto activation = [](const char* name) { return reference::activation(name); };
  const MaxPooling2D overlapping{.pool_size = {3, 3}, .strides = {2, 2}, .padding = Padding::same};
  std::vector<Case> list{
      {"conv", {conv(3)}},
      {"conv_same", {conv(3, Padding::same)}},
      {"conv_strided", {conv(5, Padding::same, {2, 2})}},
      {"two_convs", {conv(3, Padding::same), activation("relu"), conv(2)}},
      {"max_pooling", {conv(3), MaxPooling2D{}}},
      {"max_pooling_overlapping", {conv(3), overlapping}},
      {"average_pooling", {conv(3), layers::AveragePooling2D{}}},
      {"dense_on_images", {layers::Dense{.units = 3}, activation("relu")}},
      {"dropout", {conv(3), layers::Dropout{0.5}}},
      {"prelu", {conv(3), layers::PReLU{}}},
      {"prelu_shared", {conv(3), layers::PReLU{.shared_axes = {1, 2}}}},
  };
  for (const char* name : {"relu", "relu6", "leaky_relu:alpha=0.25", "hard_tanh", "abs",
                           "soft_shrink:lambda=1", "squared_relu"}) {
    std::string plain(name);
    plain = plain.substr(0, plain.find(':'));
    list.push_back({plain, {conv(2), activation(name)}});
    list.push_back({plain + "_pooled", {conv(2), activation(name), MaxPooling2D{}}});
    list.push_back({plain + "_pooled_overlapping", {conv(2), activation(name), overlapping}});
  }
  return list;
}

Graph graph_of(const Case& one) {
  Graph graph({6, 6, 2});
  for (const Layer& layer : one.row) graph.add(layer);
  graph.add(layers::Flatten{});
  graph.add(layers::Dense{.units = kOutputs});
  return graph;
}

void draw_integers(Values& values, std::int64_t low, std::int64_t high, Random& random) {
  for (double& value : values) value = static_cast<double>(random.integer(low, high));
}

template <typename Sums>
void add_sums(Results& results, const std::string& prefix, const Sums& sums) {
  std::vector<double> all = {static_cast<double>(sums.rows), sums.loss};
  all.insert(all.end(), sums.metrics.begin(), sums.metrics.end());
  results[prefix] = Values(all.begin(), all.end());
}

void add_weights(Results& results, const Weights& weights) {
  for (const auto& [name, values] : weights) results[name] = values;
}

/// Fills got and want from a network that starts from the weights in `network`. Returns why this
/// machine cannot do it, or nothing.
std::string run_both(const Executor& executor, Network network, const Optimizer& optimizer,
                     const Loss& loss, const Data& data, Results& got, Results& want) {
  try {
    Learner learner(executor, network.graph(), loss, optimizer, kSeed, data.x.rows);
    learner.set_weights(network.weights());
    learner.bind(data);
    got["output"] = learner.predict();
    add_sums(got, "evaluation", learner.evaluate().front());
    add_sums(got, "training", learner.train(0, 1).front());
    add_weights(got, learner.weights());
  } catch (const DeviceError& error) {
    return error.what();
  }
  want["output"] = network.predict(data.x).values;
  add_sums(want, "evaluation", network.evaluate(data.x, data.t));
  add_sums(want, "training", network.train(data.x, data.t));
  add_weights(want, network.weights());
  return {};
}

class BackendExact : public testing::TestWithParam<std::tuple<Executor, Case>> {};

TEST_P(BackendExact, EqualsTheOracle) {
  const auto& [executor, one] = GetParam();
  const Graph graph = graph_of(one);
  // The gradient is a multiple of 2 / (outputs rows) = 1/8, and so the weights stay integers.
  const SGD descent{.learning_rate = 8};
  Random random(1);
  Network network(graph, losses::MeanSquaredError{}, descent, kSeed);
  for (auto& [name, values] : network.weights()) draw_integers(values, -1, 1, random);
  Data data{Batch(kRows, {6, 6, 2}), Batch(kRows, {kOutputs})};
  draw_integers(data.x.values, -1, 1, random);
  // Targets two away from the outputs at most: their difference is exact in bf16, too.
  draw_integers(data.t.values, -2, 2, random);
  const Batch outputs = network.forward(data.x, true).back();
  for (std::int64_t i = 0; i < data.t.size(); ++i) data.t.values[i] += outputs.values[i];

  Results got;
  Results want;
  const std::string missing =
      run_both(executor, network, descent, losses::MeanSquaredError{}, data, got, want);
  if (!missing.empty()) GTEST_SKIP() << missing;
  compare(got, want, exactly(want));
}

INSTANTIATE_TEST_SUITE_P(All, BackendExact,
                         testing::Combine(testing::ValuesIn(executors()),
                                          testing::ValuesIn(cases())),
                         [](const auto& test) {
                           return std::string(std::get<Executor>(test.param).name) + "_" +
                                  std::get<Case>(test.param).name;
                         });

class BackendExactly : public testing::TestWithParam<Executor> {};

INSTANTIATE_TEST_SUITE_P(All, BackendExactly, testing::ValuesIn(executors()),
                         [](const auto& test) { return std::string(test.param.name); });

/// A quarter of a million elements: four of their draws lie on the threshold itself.
TEST_P(BackendExactly, DropsTheSameElements) {
  Graph graph({2048});
  graph.add(layers::Dropout{0.5});
  graph.add(layers::Dense{.units = 1, .use_bias = false});
  const SGD descent{.learning_rate = 32};  // gradients are multiples of 2 / rows = 1/64
  Network network(graph, losses::MeanSquaredError{}, descent, kSeed);
  Data data{Batch(128, {2048}), Batch(128, {1})};
  Random random(2);
  draw_integers(data.x.values, 1, 3, random);  // no zeros, which would hide a mask
  draw_integers(data.t.values, 1, 2, random);
  Results got;
  Results want;
  const std::string missing =
      run_both(GetParam(), network, descent, losses::MeanSquaredError{}, data, got, want);
  if (!missing.empty()) GTEST_SKIP() << missing;
  compare(got, want, exactly(want));
}

/// The last batch of five rows, taken four at a time, is one row: its mean loss is its own.
TEST_P(BackendExactly, APartOfABatchCountsItsOwnRows) {
  Graph graph({3});
  graph.add(layers::Dense{.units = 2});
  const SGD descent{.learning_rate = 4};  // gradients are multiples of 2 / (outputs rows) = 1
  Random random(6);
  const std::vector<Loss> some = {losses::MeanSquaredError{},
                                  losses::BinaryCrossentropy{.from_logits = true}};
  for (const Loss& loss : some) {
    SCOPED_TRACE(to_string(loss));
    Network network(graph, loss, descent, kSeed);  // all weights are zero
    Data data{Batch(5, {3}), Batch(5, {2})};
    draw_integers(data.x.values, 1, 3, random);
    draw_integers(data.t.values, 0, 1, random);
    Results got;
    Results want;
    try {
      Learner learner(GetParam(), graph, loss, descent, kSeed, 4);
      learner.set_weights(network.weights());
      learner.bind(data);
      add_sums(got, "training", learner.train(1, 1).front());
      add_weights(got, learner.weights());
    } catch (const DeviceError& error) {
      GTEST_SKIP() << error.what();
    }
    add_sums(want, "training",
             network.train(reference::rows_of(data.x, 4, 1), reference::rows_of(data.t, 4, 1)));
    add_weights(want, network.weights());
    got.erase("training");  // log 2 is no integer
    want.erase("training");
    compare(got, want, exactly(want));
  }
}

/// Logits beyond what an exponential holds in float and in double: only differences may be raised.
TEST_P(BackendExactly, SoftmaxTakesLargeLogits) {
  for (const Layer& last : std::vector<Layer>{layers::Softmax{}, layers::LogSoftmax{}}) {
    SCOPED_TRACE(kind_name(last));
    Graph graph({1});
    graph.add(layers::Dense{.units = 3, .use_bias = false});
    graph.add(last);
    const float logits[] = {1024, 1024, -1024};
    const bool log = std::holds_alternative<layers::LogSoftmax>(last);
    const double half = log ? -std::log(2.0) : 0.5;
    const Values want{half, half, log ? -2048 + half : 0};
    Values got;
    try {
      Learner learner(GetParam(), graph, losses::MeanSquaredError{}, SGD{}, kSeed, 1);
      learner.set_weights({{"dense/kernel", Values(std::begin(logits), std::end(logits))}});
      learner.bind(Data{Batch(1, {1}, {1}), Batch(1, {3})});
      got = learner.predict();
    } catch (const DeviceError& error) {
      GTEST_SKIP() << error.what();
    }
    ASSERT_EQ(got.size(), want.size());
    for (std::int64_t j = 0; j < want.size(); ++j) {
      // One rounding of a result that float holds to 24 bits and bf16 to 8.
      EXPECT_NEAR(got[j], want[j], GetParam().unit * std::abs(want[j])) << "output " << j;
    }
  }
}

/// Logits that are equal or at least 40 apart: probabilities are simple fractions, or so near 0 and
/// 1 that the cross-entropies clip them and pass no gradient on.
TEST_P(BackendExactly, ClipsTheSameProbabilities) {
  struct Ending {
    Loss loss;
    std::vector<Layer> row;
  };
  const std::vector<Ending> endings{
      {losses::BinaryCrossentropy{}, {layers::Softmax{}}},
      {losses::BinaryCrossentropy{}, {reference::activation("sigmoid")}},
      {losses::CategoricalCrossentropy{}, {layers::Softmax{}}},
      {losses::CategoricalCrossentropy{}, {reference::activation("sigmoid")}},
      {losses::CategoricalCrossentropy{.from_logits = true}, {}},
      {losses::BinaryCrossentropy{.from_logits = true}, {}},
  };
  for (const Ending& ending : endings) {
    SCOPED_TRACE(to_string(ending.loss));
    Graph graph({5});
    graph.add(layers::Dense{.units = 3, .use_bias = false});
    for (const Layer& layer : ending.row) graph.add(layer);
    const SGD descent{.learning_rate = 16};
    Network network(graph, ending.loss, descent, kSeed);
    Random random(4);
    for (double& weight : network.weights().at("dense/kernel")) {
      weight = static_cast<double>(40 * random.integer(-1, 1));
    }
    Data data = draw_data(graph, ending.loss, 16, random);
    draw_integers(data.x.values, -1, 1, random);
    Results got;
    Results want;
    const std::string missing =
        run_both(GetParam(), network, descent, ending.loss, data, got, want);
    if (!missing.empty()) GTEST_SKIP() << missing;
    // Not integers any more: a few roundings each, of numbers no larger than their results'.
    Bounds bounds;
    for (const auto& [name, values] : want) {
      double largest = 0;
      for (const double value : values) largest = std::max(largest, std::abs(value));
      bounds[name] = 8 * GetParam().unit * largest;
    }
    compare(got, want, bounds);
  }
}

}  // namespace
}  // namespace saltus::tests
