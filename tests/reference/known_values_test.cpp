// The oracle against values worked out by hand.
#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/examples.h"
#include "reference/network.h"

namespace saltus::reference {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::Pointwise;

constexpr double kExact = 1e-12;  // a few roundings of doubles of order one

/// What one layer makes of an input of this shape.
Batch run(const Shape& shape, const Layer& layer, const Values& x, const Weights& weights = {},
          bool training = false) {
  Graph graph(shape);
  graph.add(layer, "layer");
  Network network(graph, losses::MeanSquaredError{});
  for (const auto& [name, values] : weights) network.weights().at(name) = values;
  const std::int64_t rows = std::ssize(x) / element_count(shape);
  return network.forward(Batch(rows, shape, x), training).back();
}

auto near(const Values& expected, double tolerance = kExact) {
  return Pointwise(DoubleNear(tolerance), expected);
}

TEST(KnownValues, SamePaddingPutsTheOddElementBehind) {
  const layers::Conv2D pair{
      .filters = 1, .kernel_size = {1, 2}, .padding = layers::Padding::same, .use_bias = false};
  EXPECT_THAT(run({1, 4, 1}, pair, {1, 2, 3, 4}, {{"layer/kernel", {10, 1}}}).values,
              near({12, 23, 34, 40}));
  const layers::Conv2D strided{.filters = 1,
                               .kernel_size = {1, 3},
                               .strides = {1, 2},
                               .padding = layers::Padding::same,
                               .use_bias = false};
  EXPECT_THAT(run({1, 4, 1}, strided, {1, 2, 3, 4}, {{"layer/kernel", {100, 10, 1}}}).values,
              near({123, 340}));
}

TEST(KnownValues, ConvolutionReadsKernelsInKerasLayout) {
  // Two channels, two filters: kernel [1][2][in][out].
  const layers::Conv2D layer{.filters = 2, .kernel_size = {1, 2}};
  const Batch y = run({1, 3, 2}, layer, {1, 2, 3, 4, 5, 6},
                      {{"layer/kernel", {1, 0, 0, 10, 100, 0, 0, 1000}}, {"layer/bias", {0.5, 0}}});
  EXPECT_EQ(y.shape, (Shape{1, 2, 2}));
  EXPECT_THAT(y.values, near({1 + 300 + 0.5, 20 + 4000, 3 + 500 + 0.5, 40 + 6000}));
}

TEST(KnownValues, DepthwiseConvolutionReadsKernelsInKerasLayout) {
  // Two channels of two outputs each: kernel [1][2][in][multiplier].
  const layers::DepthwiseConv2D layer{.kernel_size = {1, 2}, .depth_multiplier = 2};
  const Batch y = run(
      {1, 3, 2}, layer, {1, 2, 3, 4, 5, 6},
      {{"layer/kernel", {1, 10, 100, 1000, 2, 20, 200, 2000}}, {"layer/bias", {0.5, 0, 0.25, 0}}});
  EXPECT_EQ(y.shape, (Shape{1, 2, 4}));
  EXPECT_THAT(y.values, near({1 + 6 + 0.5, 10 + 60, 200 + 800 + 0.25, 2000 + 8000,  //
                              3 + 10 + 0.5, 30 + 100, 400 + 1200 + 0.25, 4000 + 12000}));
}

TEST(KnownValues, DenseReadsTheLastAxis) {
  const Weights weights{{"layer/kernel", {1, 10, 100, 1000}}, {"layer/bias", {0.5, -0.5}}};
  EXPECT_THAT(run({2, 2}, layers::Dense{.units = 2}, {1, 2, 3, 4}, weights).values,
              near({201.5, 2009.5, 403.5, 4029.5}));
}

TEST(KnownValues, PoolingAtTheBorderCountsPositionsInsideOnly) {
  const layers::AveragePooling2D average{
      .pool_size = {2, 2}, .strides = {2, 2}, .padding = layers::Padding::same};
  EXPECT_THAT(run({3, 3, 1}, average, {1, 2, 3, 4, 5, 6, 7, 8, 9}).values, near({3, 4.5, 7.5, 9}));
  const layers::MaxPooling2D largest{
      .pool_size = {2, 2}, .strides = {2, 2}, .padding = layers::Padding::same};
  EXPECT_THAT(run({3, 3, 1}, largest, {-1, -2, -3, -4, -5, -6, -7, -8, -9}).values,
              near({-1, -3, -7, -9}));
}

TEST(KnownValues, EqualMaximaSendTheGradientToTheFirst) {
  Graph graph({2, 2, 1});
  graph.add(layers::MaxPooling2D{});
  graph.add(layers::Flatten{});
  const Network network(graph, losses::MeanSquaredError{});
  const Pass pass = network.differentiate(Batch(1, {2, 2, 1}, {1, 3, 3, 3}), Batch(1, {1}, {2.5}));
  EXPECT_THAT(pass.input_gradient.values, near({0, 1, 0, 0}));
}

TEST(KnownValues, BatchNormalizationNormalizesAndAverages) {
  Graph graph({1});
  graph.add(layers::BatchNormalization{.momentum = 0.9, .epsilon = 0.25}, "layer");
  Network network(graph, losses::MeanSquaredError{});
  network.weights() = {{"layer/gamma", {2}},
                       {"layer/beta", {1}},
                       {"layer/moving_mean", {10}},
                       {"layer/moving_variance", {3.75}}};
  const Batch x(2, {1}, {3, 6});  // mean 4.5, biased variance 2.25
  const double scale = 2 / std::sqrt(2.5);
  EXPECT_THAT(network.forward(x, true).back().values, near({1 - 1.5 * scale, 1 + 1.5 * scale}));
  EXPECT_THAT(network.predict(x).values, near({1 - 7.0, 1 - 4.0}));
  network.train(x, x);
  EXPECT_THAT(network.weights().at("layer/moving_mean"), near({9.45}));
  EXPECT_THAT(network.weights().at("layer/moving_variance"), near({3.6}));
}

TEST(KnownValues, NormalizationStandardizes) {
  EXPECT_THAT(run({2, 2}, layers::Normalization{}, {5, 1, -1, 3},
                  {{"layer/mean", {2, 1}}, {"layer/variance", {9, 0.25}}})
                  .values,
              near({1, 0, -1, 4}));
}

TEST(KnownValues, RmsNormalizationDividesByTheRoot) {
  // Mean square 12.5.
  EXPECT_THAT(
      run({2}, layers::RMSNormalization{.epsilon = 3.5}, {3, -4}, {{"layer/scale", {2, 4}}}).values,
      near({1.5, -4}));
}

TEST(KnownValues, GroupNormalizationTakesNeighboursAtAllPositions) {
  // Means 4 and 15, variances 5 and 25.
  EXPECT_THAT(run({2, 4}, layers::GroupNormalization{.groups = 2, .epsilon = 11},
                  {1, 3, 10, 20, 5, 7, 10, 20},
                  {{"layer/gamma", {1, 1, 2, 1}}, {"layer/beta", {0, 0, 0, 1}}})
                  .values,
              near({-0.75, -0.25, -10.0 / 6, 11.0 / 6, 0.25, 0.75, -10.0 / 6, 11.0 / 6}));
}

TEST(KnownValues, ZeroPaddingTakesTopBottomLeftRight) {
  const layers::ZeroPadding2D layer{.padding = {{1, 0}, {0, 2}}};
  const Batch y = run({1, 1, 2}, layer, {5, 6});
  EXPECT_EQ(y.shape, (Shape{2, 3, 2}));
  EXPECT_THAT(y.values, near({0, 0, 0, 0, 0, 0, 5, 6, 0, 0, 0, 0}));
}

TEST(KnownValues, ParametricReluHasDerivativeZeroAtZero) {
  Graph graph({3});
  graph.add(layers::PReLU{}, "layer");
  Network network(graph, losses::MeanSquaredError{});
  network.weights().at("layer/alpha") = {0.5, 0.5, 0.5};
  // dy = 2 (y - t) / 3 = 1, 1, 1
  const Pass pass =
      network.differentiate(Batch(1, {3}, {-2, 0, 2}), Batch(1, {3}, {-2.5, -1.5, 0.5}));
  EXPECT_THAT(pass.outputs.back().values, near({-1, 0, 2}));
  EXPECT_THAT(pass.input_gradient.values, near({0.5, 0, 1}));
  EXPECT_THAT(pass.gradients.at("layer/alpha"), near({-2, 0, 0}));
}

TEST(KnownValues, SoftmaxSurvivesLargeLogits) {
  EXPECT_THAT(run({2}, layers::Softmax{}, {1000, 1000}).values, near({0.5, 0.5}));
  EXPECT_THAT(run({2}, layers::LogSoftmax{}, {-1000, 0}).values, near({-1000, 0}));
}

/// Values of a dropout layer on ones, and the share of them that were kept.
struct DropoutOfOnes {
  std::set<double> values;
  double kept = 0;
};

DropoutOfOnes drop_ones(const Layer& layer) {
  constexpr std::int64_t count = 20000;
  const Batch y = run({count}, layer, Values(count, 1.0), {}, true);
  const double largest = std::ranges::max(y.values);
  return {{y.values.begin(), y.values.end()},
          static_cast<double>(std::ranges::count(y.values, largest)) / count};
}

TEST(KnownValues, AlphaDropoutKeepsMeanAndVariance) {
  // From DESIGN's table: a, b and a alpha' + b at rates 0.25 and 0.5, to seven digits. The share
  // kept has a standard deviation of 0.0035 at most; five of them.
  const DropoutOfOnes quarter = drop_ones(layers::AlphaDropout{0.25});
  EXPECT_THAT(quarter.values,
              ElementsAre(DoubleNear(-1.1435442, 1e-7), DoubleNear(0.8672579 + 0.3811814, 1e-7)));
  EXPECT_NEAR(quarter.kept, 0.75, 0.018);
  const DropoutOfOnes half = drop_ones(layers::AlphaDropout{0.5});
  EXPECT_THAT(half.values,
              ElementsAre(DoubleNear(-0.7791939, 1e-7), DoubleNear(0.8864049 + 0.7791939, 1e-7)));
  EXPECT_NEAR(half.kept, 0.5, 0.018);
}

TEST(KnownValues, DropoutKeepsTheMean) {
  const DropoutOfOnes dropped = drop_ones(layers::Dropout{0.25});
  EXPECT_THAT(dropped.values, ElementsAre(0.0, DoubleNear(4.0 / 3, kExact)));
  EXPECT_NEAR(dropped.kept, 0.75, 0.018);
  EXPECT_THAT(run({2}, layers::Dropout{0.5}, {1, 2}).values, near({1, 2}));
}

TEST(KnownValues, SpatialDropoutTakesWholeMaps) {
  constexpr std::int64_t channels = 10000;
  const Batch y =
      run({2, 1, channels}, layers::SpatialDropout2D{0.25}, Values(2 * channels, 1.0), {}, true);
  double kept = 0;
  for (std::int64_t c = 0; c < channels; ++c) {
    EXPECT_EQ(y.values[c], y.values[channels + c]);
    if (y.values[c] != 0) kept += 1.0 / channels;
  }
  EXPECT_NEAR(kept, 0.75, 0.022) << "five standard deviations";
}

TEST(KnownValues, GaussianNoiseHasItsDeviation) {
  constexpr std::int64_t count = 20000;
  const Batch y = run({count}, layers::GaussianNoise{0.5}, Values(count, 1.0), {}, true);
  double mean = 0;
  double square = 0;
  for (const double value : y.values) {
    mean += value / count;
    square += (value - 1) * (value - 1) / count;
  }
  // Five standard deviations of a mean and of a variance.
  EXPECT_NEAR(mean, 1, 5 * 0.5 / std::sqrt(count));
  EXPECT_NEAR(square, 0.25, 5 * 0.25 * std::sqrt(2.0 / count));
  EXPECT_THAT(run({2}, layers::GaussianNoise{0.5}, {1, 2}).values, near({1, 2}));
}

TEST(KnownValues, DropoutLayersAndStepsDrawDifferentMasks) {
  Graph graph({64});
  graph.add(layers::Dropout{0.5});
  graph.add(layers::Dropout{0.5});
  Network network(graph, losses::MeanSquaredError{}, SGD{}, 3);
  const Batch ones(1, {64}, Values(64, 1.0));
  const Array<Batch> first = network.forward(ones, true);
  // The same mask twice would drop nothing in the second layer.
  EXPECT_LT(std::ranges::count(first[2].values, 4.0), std::ranges::count(first[1].values, 2.0));
  network.train(ones, ones);
  EXPECT_NE(network.forward(ones, true)[1].values, first[1].values);
  EXPECT_EQ(Network(graph, losses::MeanSquaredError{}, SGD{}, 3).forward(ones, true)[1].values,
            first[1].values);
}

Batch one_hot(std::int64_t classes, std::int64_t target) {
  Batch t(1, {classes});
  t.values[target] = 1;
  return t;
}

TEST(KnownValues, BinaryCrossentropyOfUniformProbabilities) {
  const Batch p(1, {10}, Values(10, 0.1));
  EXPECT_NEAR(evaluate(losses::BinaryCrossentropy{}, p, one_hot(10, 3), false).sum, 0.325083, 5e-7);
  const Sums sums = count(p, one_hot(10, 3));
  EXPECT_EQ(metric<metrics::BinaryAccuracy>(sums), 9);  // chance: nine of ten
  EXPECT_EQ(metric<metrics::CategoricalAccuracy>(sums), 0);
}

TEST(KnownValues, BinaryCrossentropyClips) {
  // log(p / (1 - p)) at float32's 1e-7 and 1 - 1e-7
  const LossValue loss = evaluate(losses::BinaryCrossentropy{}, Batch(1, {3}, {0, 1, 0.5}),
                                  Batch(1, {3}, {1, 0, 0}), false);
  EXPECT_NEAR(loss.sum, (16.1181 + 15.9424 + std::log(2)) / 3, 1e-4);
  EXPECT_THAT(loss.gradient.values, near({0, 0, 2.0 / 3}));
}

TEST(KnownValues, CategoricalCrossentropyRenormalizesAndClips) {
  // p = 0.2, 0.6 of a sum of 0.8: -log 0.25, whose derivatives are 1 / 0.8 - 1 / 0.2 and 1 / 0.8
  const LossValue plain =
      evaluate(losses::CategoricalCrossentropy{}, Batch(1, {2}, {0.2, 0.6}), one_hot(2, 0), false);
  EXPECT_NEAR(plain.sum, std::log(4), kExact);
  EXPECT_THAT(plain.gradient.values, near({-3.75, 1.25}));
  const LossValue clipped =
      evaluate(losses::CategoricalCrossentropy{}, Batch(1, {2}, {0, 1}), one_hot(2, 0), false);
  EXPECT_NEAR(clipped.sum, 16.118096, 1e-6);  // -log 1e-7
  EXPECT_THAT(clipped.gradient.values, near({0, 0}));
}

TEST(KnownValues, CategoricalCrossentropyOnLogitsIsNeverClipped) {
  const Batch z(1, {2}, {0, 40});
  const LossValue loss = evaluate(losses::CategoricalCrossentropy{}, z, one_hot(2, 0), true);
  EXPECT_NEAR(loss.sum, 40, kExact);
  EXPECT_THAT(loss.gradient.values, near({-1, 1}));
}

/// The example that Keras's documentation gives of these losses.
TEST(KnownValues, LossesOfErrors) {
  const Batch y(2, {2}, {0.6, 0.4, 0.4, 0.6});
  const Batch t(2, {2}, {0, 1, 0, 0});
  const auto mean = [&](const Loss& loss) { return evaluate(loss, y, t, false).sum / 2; };
  EXPECT_NEAR(mean(losses::MeanSquaredError{}), 0.31, kExact);
  EXPECT_NEAR(mean(losses::MeanAbsoluteError{}), 0.55, kExact);
  EXPECT_NEAR(mean(losses::Huber{}), 0.155, kExact);
  EXPECT_NEAR(mean(losses::Huber{.delta = 0.5}), (0.175 + 0.175 + 0.08 + 0.175) / 4, kExact);
  EXPECT_NEAR(mean(losses::Hinge{}), 1.3, kExact);
  EXPECT_NEAR(mean(losses::KLDivergence{}), std::log(2.5) / 2, 1e-5);  // t = 1e-7 adds the rest
  EXPECT_NEAR(mean(losses::Poisson{}), (2.0 - std::log(0.4)) / 4, 1e-6);
}

TEST(KnownValues, LabelSmoothing) {
  const Batch z(1, {4});  // four equal logits: each term is t log 4, and targets add up to 1
  const losses::CategoricalCrossentropy categorical{.from_logits = true, .label_smoothing = 0.2};
  const LossValue over_classes = evaluate(categorical, z, one_hot(4, 1), false);
  EXPECT_NEAR(over_classes.sum, std::log(4), kExact);
  EXPECT_THAT(over_classes.gradient.values, near({0.2, -0.6, 0.2, 0.2}));
  const losses::BinaryCrossentropy binary{.from_logits = true, .label_smoothing = 0.2};
  EXPECT_THAT(evaluate(binary, z, one_hot(4, 1), false).gradient.values,
              near({0.1, -0.1, 0.1, 0.1}));
}

TEST(KnownValues, TopFiveCountsWhatIsLarger) {
  const auto hits = [](const Values& y, std::int64_t target) {
    const Sums sums = count(Batch(1, {y.size()}, y), one_hot(y.size(), target));
    return metric<metrics::Top5CategoricalAccuracy>(sums);
  };
  EXPECT_EQ(hits({6, 5, 4, 3, 2, 1}, 4), 1);
  EXPECT_EQ(hits({6, 5, 4, 3, 2, 1}, 5), 0);
  EXPECT_EQ(hits({6, 5, 4, 3, 2, 2}, 5), 1) << "equals share a rank";
  EXPECT_EQ(hits({1, std::nan("")}, 1), 0);
}

TEST(KnownValues, MetricsBreakTiesAsKerasDoes) {
  // 0.5 rounds to 0; the first of equal outputs is the predicted class.
  const Sums sums = count(Batch(2, {2}, {0.5, 0.5, 0.4, 0.6}), Batch(2, {2}, {1, 0, 0, 1}));
  EXPECT_EQ(metric<metrics::BinaryAccuracy>(sums), 3);
  EXPECT_EQ(metric<metrics::CategoricalAccuracy>(sums), 2);
  EXPECT_NEAR(metric<metrics::MeanAbsoluteError>(sums), 0.5 + 0.4, kExact);
}

TEST(KnownValues, AdamsFirstSteps) {
  Updater updater(Adam{});
  Weights weights{{"w", {1, 1, 1}}};
  const Weights gradients{{"w", {0.5, -1e-6, 0}}};
  // After one step m / sqrt(v) is 0.1 g / (sqrt(0.001) |g|), and the rate undoes both constants:
  // what remains is g / (|g| + epsilon / sqrt(0.001)).
  updater.update(weights, gradients);
  const double small = 1e-6 / (1e-6 + 1e-7 / std::sqrt(0.001));
  EXPECT_THAT(weights.at("w"),
              near({1 - 1e-3 * 0.5 / (0.5 + 1e-7 / std::sqrt(0.001)), 1 + 1e-3 * small, 1}));
  // The same gradient again: m = 0.19 g, v = 0.001999 g^2, and the constants cancel again.
  updater.update(weights, gradients);
  EXPECT_NEAR(
      weights.at("w")[0],
      1 - 1e-3 * (0.5 / (0.5 + 1e-7 / std::sqrt(0.001)) + 0.5 / (0.5 + 1e-7 / std::sqrt(0.001999))),
      kExact);
}

TEST(KnownValues, AdamWsFirstSteps) {
  Updater updater(AdamW{.learning_rate = 0.01, .weight_decay = 0.1});
  Weights weights{{"w", {1, -2, 0.5}}};
  // Worked out in decimals of fifty digits; of the last weight, whose gradient is zero, the decay
  // alone remains: 0.5 * 0.999^t.
  updater.update(weights, {{"w", {0.5, -1e-6, 0}}});
  EXPECT_THAT(weights.at("w"), near({0.98900006324515321, -1.99559746926647958, 0.4995}));
  updater.update(weights, {{"w", {-0.25, 2, 0}}});
  EXPECT_THAT(weights.at("w"), near({0.98534770785754701, -2.00104322491845397, 0.4990005}));
  updater.update(weights, {{"w", {1, 0.125, 0}}});
  EXPECT_THAT(weights.at("w"), near({0.97778126231659310, -2.00518183508183473, 0.4985014995}));
}

TEST(KnownValues, MomentumAndNesterov) {
  const auto two_steps = [](const SGD& sgd) {
    Updater updater(sgd);
    Weights weights{{"w", {1}}};
    updater.update(weights, {{"w", {1}}});
    updater.update(weights, {{"w", {2}}});
    return weights.at("w")[0];
  };
  EXPECT_NEAR(two_steps({.learning_rate = 0.1}), 1 - 0.1 - 0.2, kExact);
  // velocity: -0.1, then -0.05 - 0.2
  EXPECT_NEAR(two_steps({.learning_rate = 0.1, .momentum = 0.5}), 1 - 0.1 - 0.25, kExact);
  EXPECT_NEAR(two_steps({.learning_rate = 0.1, .momentum = 0.5, .nesterov = true}),
              1 - (0.05 + 0.1) - (0.125 + 0.2), kExact);
}

TEST(KnownValues, ClippingsCutAndCount) {
  struct Clipped {
    Weights weights;
    std::int64_t count = 0;
  };
  const auto clipped = [](std::optional<double> Clipping::*kind, double bound) {
    SGD sgd{.learning_rate = 1};
    sgd.clipping.*kind = bound;
    Updater updater(sgd);
    Weights weights{{"a", {0, 0}}, {"b", {0}}};
    const std::int64_t count = updater.update(weights, {{"a", {-3, -4}}, {"b", {-12}}});
    return Clipped{weights, count};
  };
  const Clipped by_value = clipped(&Clipping::clipvalue, 3.5);
  EXPECT_THAT(by_value.weights.at("a"), near({3, 3.5}));
  EXPECT_THAT(by_value.weights.at("b"), near({3.5}));
  EXPECT_EQ(by_value.count, 2);
  const Clipped by_norm = clipped(&Clipping::clipnorm, 10);
  EXPECT_THAT(by_norm.weights.at("a"), near({3, 4}));
  EXPECT_THAT(by_norm.weights.at("b"), near({10}));
  EXPECT_EQ(by_norm.count, 1);
  const Clipped by_global_norm = clipped(&Clipping::global_clipnorm, 1.3);  // of 13
  EXPECT_THAT(by_global_norm.weights.at("a"), near({0.3, 0.4}));
  EXPECT_THAT(by_global_norm.weights.at("b"), near({1.2}));
  EXPECT_EQ(by_global_norm.count, 2);
}

}  // namespace
}  // namespace saltus::reference
