// Trials side by side: each as if it were alone, whatever becomes of the others and in whichever
// order the device works.
#include <cmath>
#include <limits>

#include <emulation/control.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/error.h>

#include "tests/engine/cuda/crew.h"

namespace saltus::tests {
namespace {

using emulation::Order;
using emulation::Streams;
using testing::Each;

class CudaTrials : public testing::TestWithParam<Precision> {};

INSTANTIATE_TEST_SUITE_P(All, CudaTrials,
                         testing::Values(Precision::fp32, Precision::tf32, Precision::bf16),
                         [](const auto& test) { return std::string(to_string(test.param)); });

TEST_P(CudaTrials, AreTheSameAloneAndBesideOthers) {
  const std::vector<Outcome> together = train_side_by_side(six_entries(), GetParam());
  ASSERT_EQ(together.size(), 6U);
  for (std::size_t i = 0; i < together.size(); ++i) {
    EXPECT_EQ(together[i], train_side_by_side({six_entries()[i]}, GetParam())[0]) << "trial " << i;
    EXPECT_EQ(together[i].figures.at("val_loss").size(), 2U);
    EXPECT_NE(together[i].weights, together[(i + 1) % together.size()].weights);
  }
}

TEST_P(CudaTrials, AreTheSameInEveryOrderOfThreadsAndStreams) {
  const std::vector<Outcome> first = train_side_by_side(six_entries(), GetParam());
  const std::pair<Order, Streams> choices[] = {
      {{}, {}},
      {{Order::Kind::reverse}, {Streams::Kind::lazy}},
      {{Order::Kind::shuffle, 1}, {Streams::Kind::shuffle, 1}}};
  for (const auto& [order, streams] : choices) {
    emulation::set_order(order);
    emulation::set_streams(streams);
    const std::vector<Outcome> again = train_side_by_side(six_entries(), GetParam());
    emulation::set_order({});
    emulation::set_streams({});
    EXPECT_EQ(again, first);
  }
}

/// What is done to a weight of the second of three trials before they train.
std::vector<Outcome> train_three(const std::string& weight, float value,
                                 std::optional<Divergence>& divergence) {
  std::vector<train::Entry> entries = first_entries(3);
  const Images images;
  train::Trainer trainer(backend::cuda(), std::move(entries), compile_options());
  for (std::size_t i = 0; i < trainer.weights().size(); ++i) {
    if (trainer.weights()[i].name != weight) continue;
    std::vector<float> values = trainer.get_weight(1, i);
    values[1] = value;
    trainer.set_weight(1, i, values);
  }
  const std::vector<History> histories = trainer.fit(images.samples(), fit_options(images), {});
  divergence = trainer.divergence(1);
  std::vector<Outcome> outcomes;
  for (int trial = 0; trial < 3; ++trial) {
    outcomes.emplace_back(trainer, trial, histories[static_cast<std::size_t>(trial)]);
  }
  return outcomes;
}

TEST(CudaTrialsThatDiverge, AreNamedAndLeaveTheOthersAlone) {
  std::optional<Divergence> none;
  const std::vector<Outcome> whole = train_three("", 0, none);
  EXPECT_FALSE(none);
  std::optional<Divergence> found;
  const std::vector<Outcome> broken =
      train_three("dense_1/bias", std::numeric_limits<float>::quiet_NaN(), found);
  EXPECT_EQ(broken[0], whole[0]);
  EXPECT_EQ(broken[2], whole[2]);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->tensor, "loss");
  EXPECT_EQ(found->step, 0);
  EXPECT_TRUE(broken[1].figures.empty()) << "it finished no epoch";
}

TEST(CudaTrialsThatDiverge, StopBeforeAnyWeightChangesAndAreNamedByTheGradient) {
  Graph graph({1});
  graph.add(layers::Dense{.units = 1, .use_bias = false}, "good");
  graph.add(layers::Dense{.units = 1}, "bad");
  // Outputs of 1e25 and losses of 1e50 are finite; the gradient of bad's kernel is 1e45.
  const std::vector<float> inputs = {1e20F};
  const std::vector<float> targets = {0};
  CompileOptions options = compile_options();
  options.loss = losses::MeanSquaredError{};
  options.metrics = {};
  train::Trainer trainer(backend::cuda(), {{graph, SGD{}, 0}}, options);
  trainer.set_weight(0, 0, std::vector<float>{1});
  trainer.set_weight(0, 1, std::vector<float>{1e5F});
  const std::vector<float> before = all_weights(trainer, 0);
  trainer.fit({.count = 1, .inputs = inputs, .targets = targets}, {}, {});
  ASSERT_TRUE(trainer.divergence(0));
  EXPECT_EQ(trainer.divergence(0)->tensor, "good/kernel")
      << "1e30 by 1e20 overflows, and it comes before bad/kernel's 2e25 by 1e20";
  EXPECT_EQ(all_weights(trainer, 0), before);
}

TEST(CudaTrialsThatDiverge, AreFoundByAFigureAfterTheLastUpdate) {
  Graph graph({1});
  graph.add(layers::Dense{.units = 1, .use_bias = false});
  graph.add(layers::Dense{.units = 1, .use_bias = false});
  const std::vector<float> inputs = {1};
  const std::vector<float> targets = {0};
  CompileOptions options = compile_options();
  options.loss = losses::MeanSquaredError{};
  options.metrics = {};
  train::Trainer trainer(
      backend::cuda(),
      {{graph, SGD{.learning_rate = 1e30}, 0}, {graph, SGD{.learning_rate = 0}, 0}}, options);
  for (const int trial : {0, 1}) {
    trainer.set_weight(trial, 0, std::vector<float>{1});
    trainer.set_weight(trial, 1, std::vector<float>{1});
  }
  const Samples samples = {.count = 1, .inputs = inputs, .targets = targets};
  // Loss 1 and gradients of 2 make weights of -2e30, whose product overflows.
  const auto histories = trainer.fit(samples, {.epochs = 2, .validation_data = samples}, {});
  ASSERT_TRUE(trainer.divergence(0));
  EXPECT_EQ(trainer.divergence(0)->tensor, "val_loss");
  EXPECT_EQ(trainer.divergence(0)->epoch, 0);
  EXPECT_EQ(trainer.divergence(0)->step, 1);
  EXPECT_EQ(histories[0].at("loss"), std::vector<double>{1});
  EXPECT_TRUE(std::isinf(histories[0].at("val_loss").at(0)));
  EXPECT_FALSE(trainer.divergence(1));
  EXPECT_EQ(histories[1].epoch.size(), 2U);
}

/// Trains four samples of two inputs, of which the first has this value, with two layers that
/// normalise.
struct NormalisedOnDevice {
  train::Trainer trainer{backend::cuda(), {{graph(), SGD{.learning_rate = 0.1}, 0}}, options()};

  static CompileOptions options() {
    CompileOptions options = compile_options();
    options.loss = losses::MeanSquaredError{};
    options.metrics = {};
    return options;
  }
  static Graph graph() {
    Graph graph({2});
    graph.add(layers::BatchNormalization{});
    graph.add(layers::Dense{.units = 3});
    graph.add(layers::BatchNormalization{});
    graph.add(layers::Dense{.units = 1});
    return graph;
  }
  void fit(float first, float third, std::int64_t batch_size = 4) {
    const std::vector<float> inputs = {first, 2, third, 4, 0.5F, -3, -0.5F, 1};
    const std::vector<float> targets = {1, 2, 3, 4};
    trainer.fit({.count = 4, .inputs = inputs, .targets = targets},
                {.batch_size = batch_size, .shuffle = false}, {});
  }
};

TEST(CudaTrialsThatDiverge, LeaveMovingStatisticsAlone) {
  NormalisedOnDevice good;
  good.fit(1, -1);
  EXPECT_FALSE(good.trainer.divergence(0));
  const std::vector<float> before = all_weights(good.trainer, 0);
  good.fit(std::numeric_limits<float>::quiet_NaN(), -1);
  ASSERT_TRUE(good.trainer.divergence(0));
  EXPECT_EQ(good.trainer.divergence(0)->tensor, "loss");
  EXPECT_EQ(good.trainer.divergence(0)->step, 1);
  EXPECT_EQ(all_weights(good.trainer, 0), before);

  // The sum is 0 and the sum of squares beyond the largest float; all else is finite.
  good.fit(0x1p100F, -0x1p100F);
  ASSERT_TRUE(good.trainer.divergence(0));
  EXPECT_EQ(good.trainer.divergence(0)->tensor, "batch_normalization/moving_variance");
  EXPECT_EQ(all_weights(good.trainer, 0), before);
  good.fit(1, -1);
  EXPECT_FALSE(good.trainer.divergence(0));
  EXPECT_NE(all_weights(good.trainer, 0), before);
}

TEST(CudaTrialsThatTrain, HaveNoMoreRowsThanThereAreSamples) {
  constexpr std::int64_t kHuge = std::numeric_limits<std::int64_t>::max();
  NormalisedOnDevice usual;
  NormalisedOnDevice huge;
  usual.fit(1, -1);
  huge.fit(1, -1, kHuge);
  EXPECT_EQ(all_weights(huge.trainer, 0), all_weights(usual.trainer, 0));
  const std::vector<float> inputs = {1, 2};
  const Samples one = {.count = 1, .inputs = inputs, .targets = {}};
  EXPECT_EQ(huge.trainer.predict(0, one, kHuge), usual.trainer.predict(0, one, 1));
}

/// Stops a trial after its first epoch.
class Stopper : public Callback {
  void on_epoch_end(int /*epoch*/, const Logs& /*logs*/, TrainingControl& control) override {
    control.stop_training();
  }
};

TEST(CudaTrialsThatStop, KeepTheirWeightsWhileTheOthersGoOn) {
  const Images images;
  std::vector<train::Entry> entries = first_entries(2);
  train::Trainer all(backend::cuda(), entries, compile_options());
  const auto histories = all.fit(images.samples(), fit_options(images, 3), {});

  train::Trainer some(backend::cuda(), entries, compile_options());
  const std::vector<std::vector<CallbackPtr>> callbacks = {{std::make_shared<Stopper>()}, {}};
  const auto stopped = some.fit(images.samples(), fit_options(images, 3), callbacks);
  EXPECT_EQ(stopped[0].epoch.size(), 1U);
  EXPECT_EQ(Outcome(some, 1, stopped[1]), Outcome(all, 1, histories[1]));

  train::Trainer one(backend::cuda(), entries, compile_options());
  one.fit(images.samples(), fit_options(images, 1), {});
  EXPECT_EQ(all_weights(some, 0), all_weights(one, 0));
  EXPECT_EQ(some.predict(0, images.samples(), kBatch), one.predict(0, images.samples(), kBatch))
      << "a trial that has stopped still predicts";

  const auto again = some.fit(images.samples(), fit_options(images, 1), {});
  EXPECT_EQ(again[0].epoch.size(), 1U) << "the next call takes it in again";
  EXPECT_NE(all_weights(some, 0), all_weights(one, 0));
}

TEST(CudaTrialsThatStop, HaveTheClassesOfTheirLastValidation) {
  const Images images;
  train::Trainer trainer(backend::cuda(), first_entries(2), compile_options());
  const std::vector<std::vector<CallbackPtr>> callbacks = {{std::make_shared<Stopper>()}, {}};
  const auto histories = trainer.fit(images.samples(), fit_options(images, 3), callbacks);
  for (const int trial : {0, 1}) {
    const std::vector<std::int32_t> classes =
        trainer.evaluated_classes(trial, images.samples(), kBatch);
    ASSERT_EQ(classes.size(), images.classes.size());
    double right = 0;
    for (std::size_t i = 0; i < classes.size(); ++i) right += classes[i] == images.classes[i];
    EXPECT_EQ(right / static_cast<double>(classes.size()),
              histories[static_cast<std::size_t>(trial)].at("val_categorical_accuracy").back());
  }
}

TEST(CudaTrialsThatTrain, HaveLearningRatesOfTheirOwn) {
  const Images images;
  std::vector<train::Entry> entries = first_entries(3);
  train::Trainer trainer(backend::cuda(), entries, compile_options());
  trainer.fit(images.samples(), fit_options(images, 1), {});
  std::vector<std::vector<float>> before;
  for (int trial = 0; trial < 3; ++trial) before.push_back(all_weights(trainer, trial));
  trainer.set_learning_rate(1, 0);
  trainer.fit(images.samples(), fit_options(images, 1), {});
  EXPECT_NE(all_weights(trainer, 0), before[0]);
  EXPECT_EQ(all_weights(trainer, 1), before[1]);
  EXPECT_NE(all_weights(trainer, 2), before[2]);
}

}  // namespace
}  // namespace saltus::tests
