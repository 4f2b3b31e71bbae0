// Sweeps that really train, on small images.
#include <atomic>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/sweep.h>

#include "tests/engine/sweep_support.h"

namespace saltus {
namespace {

using test::small_config;
using test::small_data;

/// Figures that a clock has no part in.
std::map<std::string, std::vector<double>> timeless(const TrialResult& trial) {
  std::map<std::string, std::vector<double>> figures = trial.history.history;
  figures.erase("seconds");
  figures.erase("images_per_second");
  return figures;
}

/// Writes down what it hears; may ask for the end after an epoch.
struct Listener {
  SweepOptions options(std::span<const TrialResult> done = {}) {
    return {.callbacks = [this](const TrialSpec& trial) -> std::vector<CallbackPtr> {
              begun.push_back(trial.id);
              return {LambdaCallback{.on_epoch_end = [this](int, const Logs& logs, auto&) {
                EXPECT_TRUE(logs.contains("val_categorical_accuracy"));
                ++epochs;
                if (epochs == stop_after) interrupt = true;
              }}};
            },
            .on_trial_end =
                [this](const TrialSpec& trial, const TrialResult& result,
                       std::span<const TrialResult> all) {
                  EXPECT_EQ(trial.id, result.id);
                  EXPECT_EQ(all.back().id, result.id);
                  ended.push_back(result.id);
                  results.assign(all.begin(), all.end());
                },
            .done = done,
            .interrupt = &interrupt};
  }

  std::vector<std::string> begun;
  std::vector<std::string> ended;
  std::vector<TrialResult> results;
  int epochs = 0;
  int stop_after = -1;
  std::atomic<bool> interrupt = false;
};

TEST(RunSweep, TrainsEverySettingAndSeed) {
  SweepConfig config = small_config();
  config.seeds = 2;
  config.epochs = {10};
  Listener listener;
  const SweepResult result = run_sweep(plan_sweep(config, small_data()), listener.options());
  EXPECT_TRUE(result.complete);
  EXPECT_EQ(listener.begun.size(), 4u);
  EXPECT_EQ(listener.ended, listener.begun);
  EXPECT_EQ(listener.epochs, 40);
  for (const SettingResult& setting : result.settings) {
    ASSERT_EQ(setting.trials.size(), 2u);
    for (const TrialResult& trial : setting.trials) {
      EXPECT_EQ(trial.device, "cpu");
      EXPECT_GT(trial.seconds, 0);
      EXPECT_EQ(trial.history.at("val_loss").size(), 10u);
      EXPECT_GT(trial.history.at("images_per_second").at(0), 0);
      // Halves of an image are easy to tell apart; chance is 0.5.
      EXPECT_GT(trial.history.at(Score{}.val()).back(), 0.75);
    }
    EXPECT_NE(timeless(setting.trials[0]), timeless(setting.trials[1]));  // another seed
  }
}

TEST(RunSweep, ValidatesOnTestImages) {
  SweepConfig config = small_config();
  config.epochs = {10};
  ImageDataset data = small_data();
  for (std::int32_t& label : data.test.labels) label = 1 - label;  // what is learnt is wrong there
  const SweepResult result = run_sweep(plan_sweep(config, data));
  for (const SettingResult& setting : result.settings) {
    EXPECT_LT(setting.trials.at(0).history.at("val_categorical_accuracy").back(), 0.25);
  }
}

TEST(RunSweep, ATrialIsTheSameAloneAndBesideOthers) {
  SweepConfig config = small_config();
  config.activations.push_back(Activation::parse("gelu_tanh"));
  config.learning_rates = {1e-3, 1e-2};
  const SweepResult alone = run_sweep(plan_sweep(config, small_data()));
  const SweepResult beside = run_sweep(plan_sweep(config, small_data()), {.side_by_side = 4});
  ASSERT_EQ(alone.settings.size(), 6u);
  ASSERT_EQ(beside.settings.size(), 6u);
  for (std::size_t i = 0; i < alone.settings.size(); ++i) {
    EXPECT_EQ(timeless(alone.settings[i].trials.at(0)), timeless(beside.settings[i].trials.at(0)));
  }
}

TEST(RunSweep, TrainsNetworksOfTwoStructures) {
  SweepConfig config = small_config();
  config.batch_norms = {false, true};
  config.learning_rates = {1e-3, 1e-2};
  const SweepResult alone = run_sweep(plan_sweep(config, small_data()));
  const SweepResult beside = run_sweep(plan_sweep(config, small_data()), {.side_by_side = 8});
  EXPECT_TRUE(beside.complete);
  ASSERT_EQ(beside.settings.size(), 8u);
  std::set<std::vector<double>> losses;
  for (std::size_t i = 0; i < alone.settings.size(); ++i) {
    EXPECT_EQ(timeless(alone.settings[i].trials.at(0)), timeless(beside.settings[i].trials.at(0)));
    losses.insert(alone.settings[i].trials.at(0).history.at("loss"));
  }
  EXPECT_EQ(losses.size(), 8u);
}

TEST(RunSweep, AveragesChangeTheValidationAndNotTheTraining) {
  SweepConfig config = small_config();
  config.ema_momenta = {0, 0.5, 0.9};
  const SweepResult alone = run_sweep(plan_sweep(config, small_data()));
  const SweepResult beside = run_sweep(plan_sweep(config, small_data()), {.side_by_side = 8});
  ASSERT_EQ(alone.settings.size(), 6u);
  std::set<std::vector<double>> losses;
  std::set<std::vector<double>> validated;
  for (std::size_t i = 0; i < alone.settings.size(); ++i) {
    const TrialResult& trial = alone.settings[i].trials.at(0);
    EXPECT_EQ(timeless(trial), timeless(beside.settings[i].trials.at(0)));
    losses.insert(trial.history.at("loss"));
    validated.insert(trial.history.at("val_loss"));
  }
  EXPECT_EQ(losses.size(), 2u) << "one for each activation";
  EXPECT_EQ(validated.size(), 6u);
}

TEST(RunSweep, TrialsBesideEachOtherHaveTheirOwnEpochs) {
  SweepConfig config = small_config();
  config.epochs = {1, 3};
  const SweepResult result = run_sweep(plan_sweep(config, small_data()), {.side_by_side = 4});
  EXPECT_TRUE(result.complete);
  for (const SettingResult& setting : result.settings) {
    ASSERT_EQ(setting.trials.size(), 1u);
    EXPECT_EQ(setting.trials[0].history.epoch.size(),
              static_cast<std::size_t>(setting.setting.epochs));
  }
}

TEST(RunSweep, DivergenceIsAResult) {
  SweepConfig config = small_config();
  config.learning_rates = {1e30, 1e-3};
  config.clippings = {{}};
  const SweepResult result = run_sweep(plan_sweep(config, small_data()));
  EXPECT_TRUE(result.complete);
  const TrialResult& wild = result.settings[0].trials.at(0);
  EXPECT_EQ(wild.status, TrialStatus::diverged);
  ASSERT_TRUE(wild.divergence.has_value());
  EXPECT_FALSE(wild.divergence->tensor.empty());
  EXPECT_EQ(result.settings[0].rank, std::nullopt);
  EXPECT_EQ(result.settings[1].trials.at(0).status, TrialStatus::ok);
}

// One step an epoch, whose loss and gradients are finite; the weights that it makes are not to be
// multiplied.
TEST(RunSweep, AFigureThatIsNotFiniteIsADivergence) {
  SweepConfig config = small_config();
  config.activations = {Activation::parse("exponential")};
  config.learning_rates = {1e30, 1e-3};
  config.batch_sizes = {64};
  const SweepResult result = run_sweep(plan_sweep(config, test::random_data()));
  const SettingResult& wild = result.settings[0];
  ASSERT_EQ(wild.trials.size(), 1u);
  const TrialResult& trial = wild.trials[0];
  EXPECT_EQ(trial.status, TrialStatus::diverged);
  ASSERT_TRUE(trial.divergence.has_value());
  EXPECT_EQ(trial.divergence->tensor, "val_loss");
  EXPECT_EQ(trial.divergence->epoch, 0);
  EXPECT_EQ(trial.divergence->step, 1);
  EXPECT_FALSE(std::isfinite(trial.history.at("val_loss").at(0)));
  EXPECT_EQ(wild.rank, std::nullopt);
  EXPECT_EQ(wild.ok, 0u);
  EXPECT_EQ(result.settings[1].rank, 1);
  EXPECT_TRUE(result.complete);
}

TEST(RunSweep, ABatchLargerThanTheDataIsTheWholeData) {
  SweepConfig config = small_config();
  config.batch_sizes = {64};
  const SweepResult whole = run_sweep(plan_sweep(config, small_data()));
  config.batch_sizes = {std::numeric_limits<std::int64_t>::max()};
  const SweepResult huge = run_sweep(plan_sweep(config, small_data()));
  EXPECT_EQ(timeless(huge.settings[0].trials.at(0)), timeless(whole.settings[0].trials.at(0)));
  EXPECT_GT(measure_throughput(config, small_data()).training, 0);
}

TEST(RunSweep, InterruptedAndResumedItGivesTheSameResults) {
  const SweepConfig config = small_config();
  const SweepResult whole = run_sweep(plan_sweep(config, small_data()));

  Listener first;
  first.stop_after = 3;  // in the middle of the second trial
  const SweepResult part = run_sweep(plan_sweep(config, small_data()), first.options());
  EXPECT_FALSE(part.complete);
  ASSERT_EQ(first.results.size(), 2u);
  EXPECT_EQ(first.results[1].status, TrialStatus::stopped);
  EXPECT_EQ(first.results[1].history.epoch.size(), 1u);

  Listener second;
  const SweepResult rest =
      run_sweep(plan_sweep(config, small_data()), second.options(first.results));
  EXPECT_TRUE(rest.complete);
  EXPECT_EQ(second.begun, std::vector<std::string>{first.results[1].id});
  for (std::size_t i = 0; i < whole.settings.size(); ++i) {
    EXPECT_EQ(timeless(whole.settings[i].trials.at(0)), timeless(rest.settings[i].trials.at(0)));
  }
}

TEST(RunSweep, FloatsAreTakenAsTheyAreAndBytesDividedBy255) {
  const SweepConfig config = small_config();
  const ImageDataset bytes = small_data();
  const auto with_floats = [&](float divisor) {
    ImageDataset data = bytes;
    for (ImageSet* set : {&data.train, &data.test}) {
      std::vector<float> values;
      for (const std::uint8_t byte : std::get<std::vector<std::uint8_t>>(set->pixels)) {
        values.push_back(static_cast<float>(byte) / divisor);
      }
      set->pixels = std::move(values);
    }
    return data;
  };
  const auto figures = [&](const ImageDataset& data) {
    return timeless(run_sweep(plan_sweep(config, data)).settings.front().trials.front());
  };
  EXPECT_EQ(figures(with_floats(255)), figures(bytes));
  EXPECT_NE(figures(with_floats(1)), figures(bytes));
}

TEST(RunSweep, LimitsTakeTheFirstImages) {
  SweepConfig config = small_config();
  config.train_limit = 16;
  config.test_limit = 8;
  const SweepResult limited = run_sweep(plan_sweep(config, small_data()));
  ImageDataset small = small_data();
  small.train = small.train.first(16);
  small.test = small.test.first(8);
  const SweepResult cut = run_sweep(plan_sweep(small_config(), small));
  EXPECT_EQ(timeless(limited.settings[0].trials.at(0)), timeless(cut.settings[0].trials.at(0)));
}

TEST(MeasureThroughput, TakesAFewBatchesOnly) {
  SweepConfig config = small_config();
  config.batch_sizes = {1};
  ImageDataset data = small_data();
  // Training on one of these would throw.
  for (std::size_t i = 24; i < data.train.labels.size(); ++i) data.train.labels[i] = 99;
  EXPECT_GT(measure_throughput(config, data).training, 0);
}

TEST(MeasureThroughput, CountsImages) {
  const Throughput speed = measure_throughput(small_config(), small_data());
  EXPECT_GT(speed.training, 0);
  EXPECT_GT(speed.evaluation, 0);
}

}  // namespace
}  // namespace saltus
