// What a sweep's results say: statistics, ranking, comparisons.
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/error.h>
#include <saltus/sweep.h>

#include "tests/engine/sweep_support.h"

namespace saltus {
namespace {

using test::finished;

/// Three activations, two epochs.
SweepPlan plan(int seeds = 3) {
  SweepConfig config = test::small_config();
  config.activations.push_back(Activation::parse("elu"));
  config.seeds = seeds;
  return plan_sweep(config, test::small_data());
}

/// Trial of a setting and a repeat.
const TrialSpec& trial(const SweepPlan& plan, std::size_t setting, std::size_t repeat) {
  return plan.trials[repeat * plan.settings.size() + setting];
}

TEST(SweepSummary, RanksByTheMeanAfterTheLastEpoch) {
  const SweepPlan p = plan();
  std::vector<TrialResult> results;
  const double last[3][3] = {{0.90, 0.92, 0.94}, {0.95, 0.96, 0.97}, {0.93, 0.94, 0.95}};
  for (std::size_t setting = 0; setting < 3; ++setting) {
    for (std::size_t repeat = 0; repeat < 3; ++repeat) {
      // relu was better in its first epoch than at its end.
      const double first = setting == 0 ? 0.99 : 0.5;
      results.push_back(finished(trial(p, setting, repeat), {first, last[setting][repeat]}));
    }
  }
  const SweepResult result = summarize_sweep(p, results);
  EXPECT_TRUE(result.complete);
  ASSERT_EQ(result.settings.size(), 3u);
  EXPECT_EQ(result.settings[0].rank, 3);
  EXPECT_EQ(result.settings[1].rank, 1);
  EXPECT_EQ(result.settings[2].rank, 2);

  const SettingResult& relu = result.settings[0];
  EXPECT_EQ(relu.best_epoch, 1);
  EXPECT_DOUBLE_EQ(relu.best, 0.99);
  EXPECT_NEAR(relu.last.at("val_categorical_accuracy").mean, 0.92, 1e-12);
  EXPECT_NEAR(relu.last.at("val_categorical_accuracy").sd, 0.02, 1e-12);

  EXPECT_FALSE(result.settings[1].to_best.has_value());
  ASSERT_TRUE(relu.to_best.has_value());
  // Differences -0.05, -0.04, -0.03: t = -0.04 / (0.01 / sqrt(3)), 2 degrees of freedom.
  EXPECT_NEAR(relu.to_best->difference, -0.04, 1e-12);
  EXPECT_NEAR(relu.to_best->t, -4 * std::sqrt(3.0), 1e-9);
  // selu - elu is always 0.02: p 0, and 2 times the other p after Holm's correction is not needed.
  EXPECT_NEAR(result.settings[2].to_best->difference, -0.02, 1e-12);
  EXPECT_GE(relu.to_best->p_holm, relu.to_best->p);
}

// In a grid the baseline is the setting with the same hyper-parameters.
TEST(SweepSummary, ComparesWithTheBaseline) {
  SweepConfig config = test::small_config();  // relu and selu
  config.activations.push_back(Activation::parse("elu"));
  config.learning_rates = {0.001, 0.01};
  config.seeds = 3;
  config.baseline = Activation::parse("selu");
  const SweepPlan p = plan_sweep(config, test::small_data());
  // relu, selu, elu, each at both rates.
  const double last[6] = {0.80, 0.70, 0.60, 0.90, 0.75, 0.65};
  std::vector<TrialResult> results;
  for (std::size_t setting = 0; setting < 6; ++setting) {
    for (std::size_t repeat = 0; repeat < 3; ++repeat) {
      const double noise = 0.001 * static_cast<double>((setting + 1) * repeat * repeat);
      results.push_back(finished(trial(p, setting, repeat), {0.5, last[setting] + noise}));
    }
  }
  const SweepResult result = summarize_sweep(p, results);
  ASSERT_TRUE(result.baseline.has_value());
  EXPECT_FALSE(result.settings[2].to_baseline.has_value());
  EXPECT_FALSE(result.settings[3].to_baseline.has_value());
  // The mean of 0, 1 and 4 is 5 / 3.
  const double noise = 0.001 * 5 / 3;
  EXPECT_NEAR(result.settings[0].to_baseline->difference, 0.2 - 2 * noise, 1e-12);
  EXPECT_NEAR(result.settings[1].to_baseline->difference, -0.2 - 2 * noise, 1e-12);
  EXPECT_NEAR(result.settings[4].to_baseline->difference, 0.15 + 2 * noise, 1e-12);
  EXPECT_NEAR(result.settings[5].to_baseline->difference, -0.25 + 2 * noise, 1e-12);
  // Holm over the four: the smallest p times four, but none above a larger one's.
  std::vector<double> p_values;
  for (const std::size_t i : {0, 1, 4, 5}) p_values.push_back(result.settings[i].to_baseline->p);
  const std::vector<double> corrected = holm(p_values);
  EXPECT_EQ(result.settings[5].to_baseline->p_holm, corrected[3]);
  EXPECT_EQ(result.settings[3].rank, 1);
  EXPECT_NEAR(result.settings[0].to_best->difference, -0.1 - 3 * noise, 1e-12);
}

TEST(SweepSummary, TheBaselineMustTakePart) {
  SweepConfig config = test::small_config();
  config.baseline = Activation::parse("mish");
  EXPECT_THROW(validate(config), InvalidArgument);
}

TEST(SweepSummary, EqualMeansShareARank) {
  const SweepPlan p = plan();
  const std::vector<TrialResult> results = {finished(trial(p, 0, 0), {0.5, 0.9}),
                                            finished(trial(p, 1, 0), {0.5, 0.9}),
                                            finished(trial(p, 2, 0), {0.5, 0.8})};
  const SweepResult result = summarize_sweep(p, results);
  EXPECT_EQ(result.settings[0].rank, 1);
  EXPECT_EQ(result.settings[1].rank, 1);
  EXPECT_EQ(result.settings[2].rank, 3);
}

TEST(SweepSummary, OfEqualEpochsTheFirstIsTheBest) {
  SweepConfig config = test::small_config();
  config.epochs = {4};
  const SweepPlan p = plan_sweep(config, test::small_data());
  const std::vector<TrialResult> results = {finished(p.trials[0], {0.5, 0.9, 0.9, 0.7}),
                                            finished(p.trials[1], {0.5, 0.5, 0.5, 0.5})};
  const SweepResult result = summarize_sweep(p, results);
  EXPECT_EQ(result.settings[0].best_epoch, 2);
  EXPECT_EQ(result.settings[1].best_epoch, 1);
}

TEST(SweepSummary, ADivergedTrialRanksBehindAllOthers) {
  const SweepPlan p = plan(4);
  std::vector<TrialResult> results;
  for (std::size_t repeat = 0; repeat < 4; ++repeat) {
    results.push_back(finished(trial(p, 0, repeat), {0.5, 0.99}));
    results.push_back(finished(trial(p, 1, repeat), {0.5, 0.10}));
  }
  results[0].status = TrialStatus::diverged;
  results[0].divergence = Divergence{.epoch = 1, .step = 3, .tensor = "conv2d/kernel"};
  const SweepResult result = summarize_sweep(p, results);
  EXPECT_EQ(result.settings[0].status, TrialStatus::diverged);
  EXPECT_EQ(result.settings[0].ok, 3u);
  EXPECT_EQ(result.settings[0].rank, 2);
  EXPECT_EQ(result.settings[1].rank, 1);
  // Compared over the three seeds that both have.
  ASSERT_TRUE(result.settings[0].to_best.has_value());
  EXPECT_EQ(result.settings[0].to_best->degrees_freedom, 2);
}

TEST(SweepSummary, AFigureThatIsNotFiniteNeverCounts) {
  const SweepPlan p = plan();
  std::vector<TrialResult> results;
  for (std::size_t repeat = 0; repeat < 3; ++repeat) {
    results.push_back(finished(trial(p, 0, repeat), {0.5, 0.9}));
    results.push_back(finished(trial(p, 1, repeat), {0.5, 0.8}));
  }
  results[0].history.history["val_loss"][1] = std::numeric_limits<double>::quiet_NaN();
  results[1].history.history["images_per_second"][1] = std::numeric_limits<double>::infinity();
  const SweepResult result = summarize_sweep(p, results);
  EXPECT_EQ(result.settings[0].status, TrialStatus::diverged) << "though it is said to be ok";
  EXPECT_EQ(result.settings[0].ok, 2u);
  EXPECT_EQ(result.settings[0].last.at("val_loss").mean, 0.9);
  EXPECT_EQ(result.settings[0].rank, 2);
  EXPECT_EQ(result.settings[1].status, TrialStatus::ok) << "a clock's figure is no result";
  EXPECT_EQ(result.settings[1].rank, 1);
}

TEST(SweepSummary, RefusesATrialWithoutAllItsEpochs) {
  const SweepPlan p = plan();
  const std::vector<TrialResult> results = {finished(trial(p, 0, 0), {0.5})};
  EXPECT_THROW(summarize_sweep(p, results), InvalidArgument);
}

TEST(SweepSummary, AMissingTrialIsStoppedWhateverTheOthersDid) {
  const SweepPlan p = plan();
  TrialResult diverged = finished(trial(p, 0, 0), {0.5});
  diverged.status = TrialStatus::diverged;
  const SweepResult result = summarize_sweep(p, std::vector{diverged});
  EXPECT_EQ(result.settings[0].status, TrialStatus::stopped) << "two seeds are missing";
  EXPECT_FALSE(result.complete);
}

TEST(SweepSummary, WhatWasNotFinishedDoesNotCount) {
  const SweepPlan p = plan();
  TrialResult stopped = finished(trial(p, 1, 0), {0.99});
  stopped.status = TrialStatus::stopped;
  TrialResult foreign = finished(trial(p, 0, 0), {0.5, 0.7});
  foreign.id = "0123456789abcdef";
  const std::vector<TrialResult> results = {finished(trial(p, 0, 0), {0.5, 0.9}), stopped, foreign};
  const SweepResult result = summarize_sweep(p, results);
  EXPECT_FALSE(result.complete);
  EXPECT_EQ(result.settings[0].status, TrialStatus::stopped);  // two seeds are missing
  EXPECT_EQ(result.settings[0].trials.size(), 1u);
  EXPECT_EQ(result.settings[0].rank, 1);
  EXPECT_EQ(result.settings[1].trials.size(), 1u);
  EXPECT_EQ(result.settings[1].rank, std::nullopt);
  EXPECT_TRUE(result.settings[2].trials.empty());
  EXPECT_EQ(result.settings[2].rank, std::nullopt);
}

/// All trials of the plan, with all that a digest is of.
std::vector<TrialResult> all_finished(const SweepPlan& plan) {
  std::vector<TrialResult> trials;
  for (const TrialSpec& spec : plan.trials) trials.push_back(test::finished(spec, {0.25, 0.5}));
  trials[1].status = TrialStatus::diverged;
  trials[1].divergence = Divergence{.epoch = 1, .step = 5, .tensor = "loss"};
  trials[1].history.history["val_loss"][1] = std::numeric_limits<double>::infinity();
  return trials;
}

TEST(ResultsDigest, StaysWhatItIs) {
  // Changes only together with the version in its text.
  const SweepPlan p = plan();
  EXPECT_EQ(results_digest(summarize_sweep(p, all_finished(p))), "bd3374cfea5d51bd");
}

TEST(ResultsDigest, DependsOnAllThatTrialsCameTo) {
  const SweepPlan p = plan();
  std::set<std::optional<std::string>> digests;
  const auto add = [&](auto change) {
    std::vector<TrialResult> trials = all_finished(p);
    change(trials);
    digests.insert(results_digest(summarize_sweep(p, trials)));
  };
  using Trials = std::vector<TrialResult>;
  add([](Trials&) {});
  add([](Trials& t) { t[0].history.history["loss"][0] = std::nextafter(0.25, 1); });
  add([](Trials& t) { t[0].history.history["clipped"][1] = 1; });
  add([](Trials& t) { t[0].history.history["more"] = {1, 2}; });
  add([](Trials& t) { t[1].history.history["val_loss"][1] = 0.5; });
  add([](Trials& t) { t[1].divergence->step = 6; });
  add([](Trials& t) { t[1].divergence->epoch = 0; });
  add([](Trials& t) { t[1].divergence->tensor = "val_loss"; });
  add([](Trials& t) { std::swap(t[2].history, t[1].history); });
  EXPECT_EQ(digests.size(), 9U);
  EXPECT_FALSE(digests.contains(std::nullopt));
}

TEST(ResultsDigest, DoesNotDependOnTimeOrOrder) {
  const SweepPlan p = plan();
  const std::vector<TrialResult> trials = all_finished(p);
  const auto digest = results_digest(summarize_sweep(p, trials));
  std::vector<TrialResult> other(trials.rbegin(), trials.rend());
  for (TrialResult& trial : other) {
    trial.seconds *= 2;
    trial.device = "cuda";
    trial.history.history["seconds"][0] = 7;
    trial.history.history["images_per_second"][1] = 7;
    for (double& value : trial.history.history["val_loss"]) {
      // What a file gives back.
      if (!std::isfinite(value)) value = std::numeric_limits<double>::quiet_NaN();
    }
  }
  EXPECT_EQ(results_digest(summarize_sweep(p, other)), digest);
  SweepResult turned = summarize_sweep(p, trials);
  std::ranges::reverse(turned.settings);
  EXPECT_EQ(results_digest(turned), digest);
}

TEST(ResultsDigest, IsThatOfACompleteSweepAlone) {
  const SweepPlan p = plan();
  std::vector<TrialResult> trials = all_finished(p);
  trials.pop_back();
  EXPECT_EQ(results_digest(summarize_sweep(p, trials)), std::nullopt);
}

}  // namespace
}  // namespace saltus
