// Every executor: a training that is stopped and continued by another trainer, between epochs and
// inside of one, comes to the same bits and figures as one that never stopped.
#include <atomic>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/error.h>

#include "learner.h"
#include "tests/engine/error_of.h"
#include "tests/engine/striped_images.h"
#include "train/trainer.h"

namespace saltus::train {
namespace {

using tests::Executor;

struct Case {
  std::string name;
  Optimizer optimizer;
  double ema_momentum = 0;
};

void PrintTo(const Case& one, std::ostream* out) {
  *out << one.name;
}

std::vector<Case> cases() {
  const Clipping value{.clipvalue = 0.01};
  const Clipping norm{.clipnorm = 0.05};
  const Clipping global_norm{.global_clipnorm = 0.1};
  return {{"adam", Adam{.learning_rate = 0.02}},
          {"adam_ema", Adam{.learning_rate = 0.02}, 0.9},
          {"adam_clipvalue", Adam{.beta_1 = 0.5, .epsilon = 1e-3, .clipping = value}},
          {"adam_clipnorm", Adam{.clipping = norm}},
          {"adam_global_clipnorm", Adam{.clipping = global_norm}},
          {"sgd", SGD{}},
          {"sgd_clipnorm", SGD{.learning_rate = 0.1, .clipping = norm}},
          {"momentum", SGD{.learning_rate = 0.05, .momentum = 0.9}},
          {"momentum_clipvalue", SGD{.momentum = 0.5, .clipping = value}},
          {"nesterov",
           SGD{.learning_rate = 0.05, .momentum = 0.9, .nesterov = true, .clipping = global_norm}}};
}

Graph small_network() {
  Graph graph({6, 6, 1});
  graph.add(layers::Conv2D{.filters = 3, .activation = "elu"});
  graph.add(layers::BatchNormalization{.momentum = 0.5});
  graph.add(layers::Dropout{0.25});
  graph.add(layers::Flatten{});
  graph.add(layers::PReLU{});
  graph.add(layers::Dense{.units = 3});
  graph.add(layers::Softmax{});
  return graph;
}

/// Takes the state of all trials, behind a batch or an epoch.
struct Taker : Callback {
  bool wants_batches() const override { return true; }
  void on_epoch_begin(int number, TrainingControl& /*control*/) override { epoch = number; }
  void on_train_batch_end(std::int64_t batch, const Logs& /*logs*/,
                          TrainingControl& /*control*/) override {
    if (epoch == at_epoch && batch == at_batch) take();
  }
  void on_epoch_end(int number, const Logs& /*logs*/, TrainingControl& /*control*/) override {
    if (number == at_epoch && at_batch < 0) take();
  }
  void take() {
    for (int trial = 0; trial < trainer->trials(); ++trial) states.push_back(trainer->state(trial));
  }

  Trainer* trainer = nullptr;
  int at_epoch = 0;
  std::int64_t at_batch = -1;  ///< -1: the end of the epoch
  int epoch = 0;
  std::vector<TrainingState> states;
};

constexpr int kEpochs = 3;

/// Each optimizer in fp32; the other precisions differ in what is beside the state.
std::vector<std::tuple<Executor, Case>> combinations() {
  std::vector<std::tuple<Executor, Case>> all;
  for (const Executor& executor : tests::executors()) {
    for (const Case& one : cases()) {
      if (executor.precision == Precision::fp32 || one.name == "adam" || one.name == "adam_ema") {
        all.emplace_back(executor, one);
      }
    }
  }
  return all;
}

class BackendState : public testing::TestWithParam<std::tuple<Executor, Case>> {
 protected:
  /// Two trials, so that states are not mixed up.
  std::unique_ptr<Trainer> make() const {
    const auto& [executor, one] = GetParam();
    std::vector<Entry> entries = {
        {.graph = small_network(),
         .optimizer = one.optimizer,
         .seed = 5,
         .ema_momentum = one.ema_momentum},
        {.graph = small_network(), .optimizer = Adam{.learning_rate = 0.01}, .seed = 6}};
    auto trainer = std::make_unique<Trainer>(
        *executor.backend, std::move(entries),
        CompileOptions{.metrics = {metrics::CategoricalAccuracy{}, metrics::MeanAbsoluteError{}},
                       .precision = executor.precision});
    return trainer;
  }

  /// One whose learning rate is not that which it was made with, as it is of what goes on.
  std::unique_ptr<Trainer> make_slower() const {
    std::unique_ptr<Trainer> trainer = make();
    trainer->set_learning_rate(0, trainer->learning_rate(0) / 2);
    return trainer;
  }

  std::vector<History> fit(Trainer& trainer, int first, const CallbackPtr& callback) const {
    std::vector<std::vector<CallbackPtr>> callbacks(2);
    if (callback) callbacks[0] = {callback};
    return trainer.fit(
        images_.samples(),
        {.epochs = kEpochs, .initial_epoch = first, .batch_size = 4, .validation_split = 0.2},
        callbacks);
  }

  static void expect_equal(TrainingState a, TrainingState b) {
    EXPECT_EQ(a.weights, b.weights);
    EXPECT_EQ(a.trained, b.trained);
    EXPECT_EQ(a.moments, b.moments);
    EXPECT_EQ(a.steps, b.steps);
    EXPECT_EQ(a.learning_rate, b.learning_rate);
    EXPECT_EQ(a.position.epoch, b.position.epoch);
    EXPECT_EQ(a.position.order, b.position.order);
    for (TrainingState* state : {&a, &b}) {
      state->history.history.erase("seconds");
      state->history.history.erase("images_per_second");
    }
    EXPECT_EQ(a.history.epoch, b.history.epoch);
    EXPECT_EQ(a.history.history, b.history.history);
  }

  tests::StripedImages images_;
};

TEST_P(BackendState, ContinuesWithTheSameBits) {
  std::unique_ptr<Trainer> whole;
  try {
    whole = make_slower();
  } catch (const Error& error) {
    GTEST_SKIP() << error.what();
  }
  fit(*whole, 0, nullptr);
  // Behind an epoch, behind a batch inside of one, and behind its last batch, not yet validated.
  for (const std::int64_t batch : {-1, 1, 4}) {
    SCOPED_TRACE(batch);
    const auto taker = std::make_shared<Taker>();
    const auto stopped = make_slower();
    taker->trainer = stopped.get();
    taker->at_epoch = 1;
    taker->at_batch = batch;
    fit(*stopped, 0, taker);
    ASSERT_EQ(taker->states.size(), 2U);
    EXPECT_NE(taker->states[0].weights, whole->state(0).weights) << "it is not the end";

    const auto continued = make();
    for (int trial = 0; trial < 2; ++trial) {
      continued->restore(trial, taker->states[static_cast<std::size_t>(trial)]);
    }
    expect_equal(taker->states[0], continued->state(0));
    fit(*continued, taker->states[0].position.epoch, nullptr);
    for (int trial = 0; trial < 2; ++trial) {
      SCOPED_TRACE(trial);
      expect_equal(whole->state(trial), continued->state(trial));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, BackendState, testing::ValuesIn(combinations()), [](const auto& one) {
  return std::string(std::get<0>(one.param).name) + "_" + std::get<1>(one.param).name;
});

TEST(TrainingState, IsRefusedWhereItDoesNotFit) {
  const auto trainer = [](const Optimizer& optimizer) {
    return Trainer(*tests::executors().front().backend, {{small_network(), optimizer, 1}}, {});
  };
  Trainer adam = trainer(Adam{});
  TrainingState state = adam.state(0);
  Trainer sgd = trainer(SGD{});
  EXPECT_THAT(error_of([&] { sgd.restore(0, state); }),
              testing::HasSubstr("another network or optimizer"));
  state.moments[1][0].pop_back();
  state.weights[0][0] += 1;
  EXPECT_THAT(error_of([&] { adam.restore(0, state); }),
              testing::HasSubstr("a moment of conv2d/kernel has 26 values, not 27"));
  EXPECT_NE(adam.state(0).weights, state.weights) << "nothing has changed";
}

TEST(TrainingState, GoesOnInsideOfTheSameEpochOnly) {
  const tests::StripedImages images;
  Trainer trainer(*tests::executors().front().backend, {{small_network(), Adam{}, 1}}, {});
  TrainingState state = trainer.state(0);
  state.position.batch = 2;
  state.position.batch_size = 4;
  state.position.samples = 22;
  const auto fit = [&](std::int64_t batch_size) {
    trainer.restore(0, state);
    return trainer.fit(images.samples(), {.batch_size = batch_size}, {});
  };
  EXPECT_THAT(error_of([&] { fit(5); }),
              testing::HasSubstr("behind batch 2 of an epoch of 22 samples in batches of 4;"));
  state.position.batch = 7;
  EXPECT_THAT(error_of([&] { fit(4); }), testing::HasSubstr("behind batch 7"));
  state.position.batch = 6;
  fit(4);
  EXPECT_EQ(trainer.state(0).steps, 0U) << "all batches were done before";
  fit(4);
}

/// Trains with a schedule, or with its rates as a callback sets them.
std::vector<std::vector<float>> weights_with(const Executor& executor,
                                             const LearningRateSchedule& schedule, bool by_hand,
                                             const tests::StripedImages& images) {
  constexpr double kRate = 0.05;
  constexpr double kSteps = 2 * 6;
  Trainer trainer(*executor.backend,
                  {{small_network(), SGD{.learning_rate = kRate, .momentum = 0.5}, 5,
                    by_hand ? LearningRateSchedule() : schedule}},
                  CompileOptions{.metrics = {}, .precision = executor.precision});
  double step = 0;
  std::vector<std::vector<CallbackPtr>> callbacks(1);
  if (by_hand) {
    callbacks[0] = {
        LambdaCallback{.on_train_batch_begin = [&](std::int64_t, TrainingControl& control) {
          control.set_learning_rate(
              rate_of(schedule, {.initial = kRate, .number = step++, .all = kSteps}));
        }}};
  }
  trainer.fit(images.samples(), {.epochs = 2, .batch_size = 4}, callbacks);
  return trainer.state(0).weights;
}

TEST(TrainingSchedule, IsTheLearningRateOfEachStep) {
  const tests::StripedImages images;
  const Executor executor = tests::executors().front();
  for (const char* text : {"cosine_decay:alpha=0.1", "one_cycle", "polynomial_decay",
                           "exponential_decay:decay_steps=7:decay_rate=0.5"}) {
    SCOPED_TRACE(text);
    const LearningRateSchedule schedule = parse_schedule(text);
    EXPECT_EQ(weights_with(executor, schedule, false, images),
              weights_with(executor, schedule, true, images));
  }
}

TEST(TrainingState, OfDifferentMomentsAreNoStateOfTrialsSideBySide) {
  const tests::StripedImages images;
  Trainer trainer(*tests::executors().front().backend,
                  {{small_network(), Adam{}, 1}, {small_network(), Adam{}, 2}}, {});
  TrainingState state = trainer.state(0);
  state.position = {.batch = 2, .batch_size = 4, .samples = 22};
  trainer.restore(0, state);
  EXPECT_THAT(error_of([&] { trainer.fit(images.samples(), {.batch_size = 4}, {}); }),
              testing::HasSubstr("restored to different places"));
}

TEST(TrainingState, OfAnInterruptedFitBeginsItsEpochAgain) {
  const tests::StripedImages images;
  struct Stop : Callback {
    explicit Stop(std::atomic<bool>& flag) : interrupt(flag) {}
    bool wants_batches() const override { return true; }
    void on_train_batch_end(std::int64_t batch, const Logs& /*logs*/,
                            TrainingControl& /*control*/) override {
      if (batch == 2) interrupt = true;
    }
    std::atomic<bool>& interrupt;
  };
  std::atomic<bool> interrupt = false;
  Trainer trainer(*tests::executors().front().backend, {{small_network(), Adam{}, 1}}, {});
  const std::vector<std::vector<CallbackPtr>> callbacks = {{std::make_shared<Stop>(interrupt)}};
  trainer.fit(images.samples(), {.batch_size = 4, .interrupt = &interrupt}, callbacks);
  EXPECT_EQ(trainer.state(0).steps, 3U);
  EXPECT_EQ(trainer.state(0).position.batch, 0);
  EXPECT_EQ(trainer.state(0).position.order, 0);
  trainer.fit(images.samples(), {.batch_size = 4}, {});
  EXPECT_EQ(trainer.state(0).steps, 9U);
}

}  // namespace
}  // namespace saltus::train
