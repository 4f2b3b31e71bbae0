// What becomes of numbers that are not finite: figures of an epoch, weights and what else outlives
// a batch.
#include <cmath>
#include <functional>
#include <limits>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/error.h>
#include <saltus/model.h>

#include "fake_backend.h"
#include "tests/reference/loss.h"
#include "train/trainer.h"

namespace saltus {
namespace {

using testing::ElementsAre;
using testing_support::FakeBackend;
using train::Entry;
using train::Trainer;

/// Counts how often training ended.
class Ends : public Callback {
 public:
  void on_train_end(TrainingControl& /*control*/) override { ++count; }
  int count = 0;
};

/// Two trials of ten samples, which a backend trains that computes nothing.
struct Pretended {
  FakeBackend backend;
  std::vector<float> inputs = std::vector<float>(30, 0.0F);
  std::vector<std::uint8_t> classes = {0, 1, 0, 1, 0, 1, 0, 1, 0, 1};
  Samples samples = {.count = 10, .inputs = inputs, .targets = classes};
  std::shared_ptr<Ends> ends = std::make_shared<Ends>();  // of the second trial
  std::unique_ptr<Trainer> trainer;

  Pretended(bool terminate_on_nan, bool whole_epochs) {
    Graph graph({3});
    graph.add(layers::Dense{.units = 2});
    const CompileOptions options = {.loss = losses::CategoricalCrossentropy{.from_logits = true},
                                    .metrics = {metrics::MeanAbsoluteError{}},
                                    .terminate_on_nan = terminate_on_nan};
    trainer = std::make_unique<Trainer>(
        backend, std::vector<Entry>{{graph, Adam{}, 1}, {graph, Adam{}, 2}}, options);
    backend.made->whole_epochs = whole_epochs;
  }
  /// What evaluating a trial gives.
  void validation_loss(const std::function<double(int)>& loss) {
    backend.made->evaluation_sums = [=](int trial, std::int64_t, std::int64_t rows) {
      backend::BatchSums sums;
      sums.loss = loss(trial) * static_cast<double>(rows);
      return sums;
    };
  }
  std::vector<History> fit(int epochs) {
    return trainer->fit(samples, {.epochs = epochs, .batch_size = 4, .validation_data = samples},
                        std::vector<std::vector<CallbackPtr>>{{}, {ends}});
  }
};

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(DivergingFigures, EndTheTrialBehindTheirEpoch) {
  for (const bool whole_epochs : {false, true}) {
    for (const double loss : {kNan, -kNan, kInfinity}) {
      Pretended run(true, whole_epochs);
      run.validation_loss(
          [&](int trial) { return trial == 1 && run.backend.made->evaluations == 2 ? loss : 7.0; });
      const auto histories = run.fit(4);
      EXPECT_THAT(histories[0].epoch, ElementsAre(0, 1, 2, 3)) << "the other goes on";
      EXPECT_FALSE(run.trainer->divergence(0));
      EXPECT_THAT(histories[1].epoch, ElementsAre(0, 1)) << "what was measured is kept";
      EXPECT_FALSE(std::isfinite(histories[1].at("val_loss")[1]));
      const auto& found = run.trainer->divergence(1);
      ASSERT_TRUE(found);
      EXPECT_EQ(found->epoch, 1);
      EXPECT_EQ(found->step, 6) << "of three batches an epoch";
      EXPECT_EQ(found->tensor, "val_loss");
      EXPECT_EQ(run.ends->count, 1);
      EXPECT_FALSE(run.backend.made->is_active(1));
      EXPECT_EQ(run.fit(1)[1].epoch.size(), 1U);
      EXPECT_FALSE(run.trainer->divergence(1)) << "the next call begins anew";
    }
  }
}

TEST(DivergingFigures, OfTrainingAndMetricsAreLookedAtToo) {
  Pretended run(true, false);
  run.backend.made->batch_sums = [](int trial, std::uint32_t order, std::int64_t) {
    backend::BatchSums sums;
    // Each batch by itself is a number.
    if (order == 1)
      (trial == 0 ? sums.loss : reference::metric<metrics::MeanAbsoluteError>(sums)) = 1e308;
    return sums;
  };
  run.fit(3);
  ASSERT_TRUE(run.trainer->divergence(0));
  EXPECT_EQ(run.trainer->divergence(0)->tensor, "loss");
  EXPECT_EQ(run.trainer->divergence(0)->epoch, 1);
  ASSERT_TRUE(run.trainer->divergence(1));
  EXPECT_EQ(run.trainer->divergence(1)->tensor, "mean_absolute_error");
}

TEST(DivergingFigures, CountStepsOfEarlierCallsToo) {
  Pretended run(true, false);
  run.fit(2);
  run.validation_loss([](int trial) { return trial == 1 ? kNan : 7.0; });
  run.fit(2);
  ASSERT_TRUE(run.trainer->divergence(1));
  EXPECT_EQ(run.trainer->divergence(1)->epoch, 0) << "counted from 0 by each call";
  EXPECT_EQ(run.trainer->divergence(1)->step, 9);
}

TEST(DivergingFigures, EndNothingUnlessAskedTo) {
  Pretended run(false, false);
  run.validation_loss([](int) { return kNan; });
  EXPECT_THAT(run.fit(3)[0].epoch, ElementsAre(0, 1, 2));
  EXPECT_FALSE(run.trainer->divergence(0));
}

TEST(Divergence, IsFoundByAFigureAfterTheLastUpdate) {
  const std::vector<float> inputs = {1};
  const std::vector<float> targets = {0};
  Graph graph({1});
  graph.add(layers::Dense{.units = 1, .use_bias = false}, "first");
  graph.add(layers::Dense{.units = 1, .use_bias = false}, "second");
  Model model(std::move(graph));
  model.compile({.loss = losses::MeanSquaredError{},
                 .optimizer = SGD{.learning_rate = 1e30},
                 .device = Device::cpu,
                 .threads = 1,
                 .terminate_on_nan = true});
  model.set_weights("first/kernel", std::vector<float>{1});
  model.set_weights("second/kernel", std::vector<float>{1});
  const Samples samples = {.count = 1, .inputs = inputs, .targets = targets};
  // Loss 1 and gradients of 2 make weights of -2e30, whose product overflows.
  const History history = model.fit(samples, {.epochs = 2, .validation_data = samples});
  ASSERT_TRUE(model.divergence());
  EXPECT_EQ(model.divergence()->tensor, "val_loss");
  EXPECT_EQ(model.divergence()->epoch, 0);
  EXPECT_EQ(model.divergence()->step, 1);
  EXPECT_EQ(history.at("loss"), std::vector<double>{1});
  EXPECT_TRUE(std::isinf(history.at("val_loss").at(0)));
}

std::vector<std::vector<float>> weights_of(const Model& model) {
  std::vector<std::vector<float>> all;
  for (const Weight& weight : model.weights()) all.push_back(model.get_weights(weight.name));
  return all;
}

/// Twelve samples of four inputs, one target each, and a network that normalises them twice.
struct Normalised {
  std::vector<float> inputs = std::vector<float>(48);
  std::vector<float> targets = std::vector<float>(12);
  Model model{graph()};

  Normalised() {
    for (std::size_t i = 0; i < inputs.size(); ++i) inputs[i] = std::sin(static_cast<float>(i));
    for (std::size_t i = 0; i < targets.size(); ++i) targets[i] = inputs[4 * i] * inputs[4 * i + 1];
    model.compile({.loss = losses::MeanSquaredError{},
                   .device = Device::cpu,
                   .threads = 1,
                   .terminate_on_nan = true});
    fit(2);
  }
  static Graph graph() {
    Graph graph({4});
    graph.add(layers::BatchNormalization{});
    graph.add(layers::Dense{.units = 3});
    graph.add(layers::BatchNormalization{});
    graph.add(layers::Dense{.units = 1});
    return graph;
  }
  Samples samples() const { return {.count = 12, .inputs = inputs, .targets = targets}; }
  History fit(int epochs) {
    return model.fit(samples(), {.epochs = epochs, .batch_size = 6, .shuffle = false});
  }
};

TEST(Divergence, LeavesMovingStatisticsAlone) {
  Normalised good;
  const auto before = weights_of(good.model);
  const std::vector<float> outputs = good.model.predict(good.samples());
  const float kept = std::exchange(good.inputs[1], std::numeric_limits<float>::quiet_NaN());
  EXPECT_TRUE(good.fit(1).epoch.empty());
  ASSERT_TRUE(good.model.divergence());
  EXPECT_EQ(good.model.divergence()->tensor, "loss");
  EXPECT_EQ(good.model.divergence()->step, 4);
  EXPECT_EQ(weights_of(good.model), before);
  good.inputs[1] = kept;
  EXPECT_EQ(good.model.predict(good.samples()), outputs);

  // In the second batch the first has changed everything, the second nothing.
  good.inputs[40] = std::numeric_limits<float>::quiet_NaN();
  Normalised half;
  half.model.fit({.count = 6,
                  .inputs = std::span<const float>(half.inputs).first(24),
                  .targets = std::span<const float>(half.targets).first(6)},
                 {.batch_size = 6, .shuffle = false});
  good.fit(1);
  EXPECT_EQ(good.model.divergence()->step, 5);
  EXPECT_EQ(weights_of(good.model), weights_of(half.model));
}

TEST(Divergence, IsAVarianceBeyondTheLargestFloat) {
  Normalised good;
  const auto before = weights_of(good.model);
  good.inputs[1] = 1e30F;
  good.fit(1);
  ASSERT_TRUE(good.model.divergence());
  EXPECT_EQ(good.model.divergence()->tensor, "batch_normalization/moving_variance");
  EXPECT_EQ(good.model.divergence()->step, 4);
  EXPECT_EQ(weights_of(good.model), before);
}

TEST(MovingStatistics, GoOnFromWhatWasSet) {
  Normalised good;
  const auto name = "batch_normalization/moving_mean";
  good.model.set_weights(name, std::vector<float>{1e6F, 0, -1e6F, 0});
  EXPECT_EQ(good.model.get_weights(name), (std::vector<float>{1e6F, 0, -1e6F, 0}));
  good.fit(1);  // two steps
  const std::vector<float> moved = good.model.get_weights(name);
  EXPECT_NEAR(moved[0], 1e6 * 0.99 * 0.99, 1) << "the batches' means are below 1";
  EXPECT_NEAR(moved[1], 0, 1);
  EXPECT_NEAR(moved[2], -1e6 * 0.99 * 0.99, 1);
}

TEST(BatchSize, TakesNoMoreThanTheSamples) {
  Normalised usual;
  Normalised huge;
  constexpr std::int64_t kHuge = std::numeric_limits<std::int64_t>::max();
  usual.model.fit(usual.samples(), {.batch_size = 12});
  huge.model.fit(huge.samples(), {.batch_size = kHuge});
  EXPECT_EQ(weights_of(huge.model), weights_of(usual.model));
  EXPECT_EQ(huge.model.evaluate(huge.samples(), kHuge), usual.model.evaluate(usual.samples(), 12));
  EXPECT_EQ(huge.model.predict(huge.samples(), kHuge), usual.model.predict(usual.samples(), 12));
}

}  // namespace
}  // namespace saltus
