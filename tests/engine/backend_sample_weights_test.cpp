// Weights of samples in the loss, on every backend: small integers, so that there is one result.
#include <vector>

#include <gtest/gtest.h>

#include <saltus/error.h>

#include "tests/engine/learner.h"
#include "tests/reference/loss.h"

namespace saltus::tests {
namespace {

class SampleWeights : public testing::TestWithParam<Executor> {};

INSTANTIATE_TEST_SUITE_P(All, SampleWeights, testing::ValuesIn(executors()),
                         [](const auto& test) { return std::string(test.param.name); });

constexpr std::int64_t kRows = 4;
constexpr std::int64_t kOutputs = 2;
const std::vector<float> kInputs = {1, 2, -1, 0, 2, -2, 1, 1};   // two a row
const std::vector<float> kTargets = {1, 0, -2, 1, 0, 3, 2, -1};  // two a row
const std::vector<float> kWeights = {1, 0, 4, 2};

Samples samples(const std::vector<float>& weights) {
  return {.count = kRows,
          .inputs = kInputs,
          .targets = std::span<const float>(kTargets),
          .weights = weights};
}

struct Result {
  double loss = 0;
  double absolute_error = 0;
  double evaluated = 0;
  reference::Values kernel;
};

/// A step from zero weights, by which the gradient of the mean loss, 2 / (outputs rows) times
/// integers, is taken eight times.
Result run(const Executor& executor, const Samples& data, std::uint32_t epoch = 0,
           bool shuffle = false) {
  Graph graph({2});
  graph.add(layers::Dense{
      .units = kOutputs, .use_bias = false, .kernel_initializer = initializers::Zeros{}});
  Learner learner(executor, graph, losses::MeanSquaredError{}, SGD{.learning_rate = 8}, 3, kRows);
  learner.set_weights({{"dense/kernel", reference::Values(4, 0.0)}});
  learner.bind(data);
  Result result;
  result.evaluated = learner.evaluate().front().loss;
  const backend::BatchSums sums = learner.train(0, 1, epoch, shuffle).front();
  result.loss = sums.loss;
  result.absolute_error = reference::metric<metrics::MeanAbsoluteError>(sums);
  result.kernel = learner.weights().at("dense/kernel");
  return result;
}

TEST_P(SampleWeights, MultiplyLossAndGradientButNoMetric) {
  Result want;
  want.kernel = reference::Values(4, 0.0);
  for (std::size_t i = 0; i < kRows; ++i) {
    for (std::size_t j = 0; j < kOutputs; ++j) {
      const double error = -kTargets[2 * i + j];  // of outputs that are zero
      want.loss += kWeights[i] * error * error / kOutputs;
      want.absolute_error += std::abs(error) / kOutputs;
      for (std::size_t k = 0; k < 2; ++k) {
        want.kernel[2 * k + j] -=
            8 * kWeights[i] * 2 * error * kInputs[2 * i + k] / (kOutputs * kRows);
      }
    }
  }
  for (const bool shuffle : {false, true}) {
    SCOPED_TRACE(shuffle);
    Result got;
    try {
      got = run(GetParam(), samples(kWeights), 1, shuffle);
    } catch (const DeviceError& error) {
      GTEST_SKIP() << error.what();
    }
    EXPECT_EQ(got.loss, want.loss);
    EXPECT_EQ(got.evaluated, want.loss);
    EXPECT_EQ(got.absolute_error, want.absolute_error);
    EXPECT_EQ(got.kernel, want.kernel);
  }
}

TEST_P(SampleWeights, OfOneChangeNothing) {
  try {
    const Result with = run(GetParam(), samples({1, 1, 1, 1}));
    const Result without = run(GetParam(), samples({}));
    EXPECT_EQ(with.loss, without.loss);
    EXPECT_EQ(with.kernel, without.kernel);
  } catch (const DeviceError& error) {
    GTEST_SKIP() << error.what();
  }
}

}  // namespace
}  // namespace saltus::tests
