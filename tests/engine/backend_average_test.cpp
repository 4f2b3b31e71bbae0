// Every executor: the exponential moving averages of weights, beside the weights that training goes
// on from.
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/error.h>

#include "learner.h"
#include "tests/engine/error_of.h"
#include "tests/engine/striped_images.h"
#include "train/trainer.h"

namespace saltus::tests {
namespace {

using reference::Values;
using reference::Weights;

constexpr std::uint64_t kSeed = 3;
constexpr std::int64_t kBatch = 4;
constexpr std::int64_t kBatches = 6;
constexpr double kMomentum = 0.75;

/// With kernels and biases that are multiplied, one weight that is not, and moving statistics.
Graph small_network() {
  Graph graph({6, 6, 1});
  graph.add(layers::Conv2D{.filters = 3});
  graph.add(layers::BatchNormalization{.momentum = 0.5});
  graph.add(reference::activation("elu"));
  graph.add(layers::Flatten{});
  graph.add(layers::PReLU{});
  graph.add(layers::Dense{.units = 3});
  graph.add(layers::Softmax{});
  return graph;
}

const Optimizer kOptimizer = Adam{.learning_rate = 0.05};

class Averages : public testing::TestWithParam<Executor> {
 protected:
  void SetUp() override {
    try {
      make(0);
    } catch (const Error& error) {
      GTEST_SKIP() << error.what();
    }
  }

  /// One that begins with the weights of all others.
  Learner make(double ema_momentum) const {
    Learner learner(GetParam(), graph_, losses::CategoricalCrossentropy{}, kOptimizer, kSeed,
                    kBatch, 1, ema_momentum);
    reference::Random random(kSeed);
    learner.set_weights(draw_weights(graph_, random));
    learner.bind(images_.samples());
    return learner;
  }

  train::Trainer trainer(const std::vector<double>& momenta) const {
    std::vector<train::Entry> entries;
    for (std::size_t i = 0; i < momenta.size(); ++i) {
      entries.push_back({.graph = graph_,
                         .optimizer = kOptimizer,
                         .seed = kSeed + i,
                         .ema_momentum = momenta[i]});
    }
    return {*GetParam().backend, std::move(entries),
            CompileOptions{.precision = GetParam().precision, .terminate_on_nan = true}};
  }

  const Graph graph_ = small_network();
  const StripedImages images_;
};

INSTANTIATE_TEST_SUITE_P(All, Averages, testing::ValuesIn(executors()),
                         [](const auto& test) { return std::string(test.param.name); });

bool is_trained(const std::string& name) {
  return name.find("/moving_") == std::string::npos;
}

TEST_P(Averages, FollowTheWeights) {
  Learner plain = make(0);
  Learner learner = make(kMomentum);
  EXPECT_EQ(learner.averages(), learner.weights()) << "before the first step";
  Weights want;
  for (std::int64_t step = 0; step < kBatches; ++step) {
    learner.train(step, 1);
    plain.train(step, 1);
    const Weights now = learner.weights();
    EXPECT_EQ(now, plain.weights()) << "averages change no training";
    if (step == 0) {
      EXPECT_EQ(learner.averages(), now) << "the first step copies";
      want = now;
    }
    for (auto& [name, average] : want) {
      const Values& weight = now.at(name);
      for (std::int64_t i = 0; i < average.size(); ++i) {
        average[i] =
            is_trained(name) ? kMomentum * average[i] + (1 - kMomentum) * weight[i] : weight[i];
      }
    }
  }
  const Weights got = learner.averages();
  EXPECT_EQ(got.size(), want.size());
  EXPECT_NE(got, learner.weights());
  for (const auto& [name, average] : want) {
    for (std::int64_t i = 0; i < average.size(); ++i) {
      // A step rounds three times to floats of numbers below 4, and forgets a quarter.
      EXPECT_NEAR(got.at(name)[i], average[i], 3 * 4 * 4 * 0x1p-24) << name << " " << i;
    }
  }
}

TEST_P(Averages, AreWhatEvaluatesAndPredicts) {
  Learner learner = make(kMomentum);
  Learner other = make(0);
  const auto expect_same = [&] {
    other.set_weights(learner.averages());
    EXPECT_EQ(learner.predict(), other.predict());
    const auto got = learner.evaluate();
    const auto want = other.evaluate();
    ASSERT_EQ(got.size(), want.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
      EXPECT_EQ(got[i].loss, want[i].loss) << i;
      EXPECT_EQ(got[i].metrics, want[i].metrics) << i;
    }
  };
  expect_same();
  for (int i = 0; i < 2; ++i) {  // what is captured once is launched again
    learner.train(0, kBatches);
    expect_same();
  }
  const Values averaged = learner.predict();
  other.set_weights(learner.weights());
  EXPECT_NE(averaged, other.predict());
  learner.set_weights(learner.weights());
  EXPECT_EQ(learner.predict(), other.predict()) << "a weight that is set is its own average";
}

TEST_P(Averages, OfATrialAreTheSameAloneAndBesideOthers) {
  const std::vector<double> momenta = {0.9, 0.5, 0, 0.999};
  const FitOptions options = {.epochs = 2, .batch_size = kBatch, .validation_split = 0.2};
  train::Trainer together = trainer(momenta);
  const std::vector<History> histories = together.fit(images_.samples(), options, {});
  for (int trial = 0; trial < together.trials(); ++trial) {
    SCOPED_TRACE(trial);
    train::Entry entry = together.entry(trial);
    train::Trainer alone(*GetParam().backend, {entry}, together.options());
    const History history = alone.fit(images_.samples(), options, {}).front();
    EXPECT_EQ(history.at("loss"), histories[static_cast<std::size_t>(trial)].at("loss"));
    EXPECT_EQ(history.at("val_loss"), histories[static_cast<std::size_t>(trial)].at("val_loss"));
    EXPECT_EQ(alone.state(0).weights, together.state(trial).weights);
    EXPECT_EQ(alone.state(0).trained, together.state(trial).trained);
    EXPECT_EQ(alone.state(0).trained.empty(), entry.ema_momentum == 0);
  }
}

TEST_P(Averages, StayWhereANumberIsNotFinite) {
  train::Trainer trainer = this->trainer({0.9});
  trainer.fit(images_.samples(), {.batch_size = kBatch}, {});
  const train::TrainingState before = trainer.state(0);
  std::vector<float> bad(static_cast<std::size_t>(kBatch * 36),
                         std::numeric_limits<float>::quiet_NaN());
  const std::vector<std::uint8_t> classes(static_cast<std::size_t>(kBatch));
  const Samples samples = {.count = kBatch, .inputs = bad, .targets = classes};
  trainer.fit(samples, {.batch_size = kBatch}, {});
  ASSERT_TRUE(trainer.divergence(0).has_value());
  const train::TrainingState after = trainer.state(0);
  EXPECT_EQ(after.weights, before.weights);
  EXPECT_EQ(after.trained, before.trained);
  EXPECT_EQ(after.steps, before.steps);
}

TEST_P(Averages, HaveAMomentumBelowOne) {
  for (const double momentum : {-0.1, 1.0, std::nan("")}) {
    EXPECT_THAT(error_of([&] { trainer({momentum}); }), testing::HasSubstr("ema_momentum is"))
        << momentum;
  }
}

TEST_P(Averages, AreNoStateOfATrainingWithout) {
  train::Trainer with = trainer({0.9});
  train::Trainer without = trainer({0});
  EXPECT_THAT(error_of([&] { without.restore(0, with.state(0)); }),
              testing::HasSubstr("another network or optimizer"));
  EXPECT_THAT(error_of([&] { with.restore(0, without.state(0)); }),
              testing::HasSubstr("another network or optimizer"));
}

}  // namespace
}  // namespace saltus::tests
