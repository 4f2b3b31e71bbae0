// Sweeps that rank by training images that were held back, and look at the test images once.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/error.h>
#include <saltus/model.h>
#include <saltus/report.h>
#include <saltus/sweep.h>

#include "core/file.h"
#include "report/sweep_texts.h"
#include "sweep/settings.h"
#include "sweep/trial_model.h"
#include "tests/engine/error_of.h"
#include "tests/engine/sweep_support.h"

namespace saltus {
namespace {

using test::finished;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Key;

SweepConfig config() {
  SweepConfig config = test::small_config();  // relu and selu
  config.seeds = 3;
  config.validation_split = 0.25;
  return config;
}

TEST(ValidationSplit, HoldsBackTheLastTrainingImages) {
  const ImageDataset data = test::small_data();  // 64 and 32
  const SweepSamples samples = samples_of(config(), data);
  EXPECT_EQ(samples.train.count, 48);
  EXPECT_EQ(samples.validation.count, 16);
  ASSERT_TRUE(samples.test.has_value());
  EXPECT_EQ(samples.test->count, 32);
  const auto labels = [](const Samples& some) {
    return std::get<std::span<const std::int32_t>>(some.targets);
  };
  EXPECT_EQ(labels(samples.validation).data(), data.train.labels.data() + 48);
  EXPECT_EQ(labels(*samples.test).data(), data.test.labels.data());

  SweepConfig limited = config();
  limited.train_limit = 40;
  const ImageCounts counts = images_of(limited, data);
  EXPECT_EQ(counts.train, 30);
  EXPECT_EQ(counts.validation, 10);
  EXPECT_EQ(images_of(test::small_config(), data).validation, 0);
}

TEST(ValidationSplit, LooksAtTheTestImagesOnce) {
  const SweepPlan plan = plan_sweep(config(), test::small_data());
  const SweepResult result = run_sweep(plan);
  EXPECT_TRUE(result.complete);
  EXPECT_EQ(result.compared_by, "test_categorical_accuracy");
  const TrialResult& trial = result.settings[0].trials[0];
  EXPECT_THAT(trial.test,
              ElementsAre(Key("binary_accuracy"), Key("categorical_accuracy"), Key("loss")));
  // The same network, trained by fit() and evaluated by hand.
  const ImageDataset data = test::small_data();
  const SweepSamples samples = samples_of(plan.config, data);
  Model model(network_of({}, {.activation = Activation("relu")}, {8, 8, 1}, 2));
  CompileOptions options = compile_options(plan.config, Task::multi_class);
  options.optimizer = optimizer_of(plan.settings[0]);
  options.seed = plan.trials[0].seed;
  model.compile(options);
  const History history = model.fit(
      samples.train, {.epochs = 2, .batch_size = 16, .validation_data = samples.validation});
  EXPECT_EQ(trial.history.at("val_loss"), history.at("val_loss"));
  EXPECT_EQ(trial.test, model.evaluate(data.test, 16));
  const std::vector<float> outputs = model.predict(data.test, 16);
  ASSERT_EQ(trial.correct.size(), 32u);
  for (std::size_t i = 0; i < 32; ++i) {
    const int predicted = outputs[2 * i + 1] > outputs[2 * i] ? 1 : 0;
    EXPECT_EQ(trial.correct[i], predicted == data.test.labels[i]) << i;
  }
}

TEST(ValidationSplit, RanksByOneAndComparesByTheOther) {
  const SweepPlan plan = plan_sweep(config(), test::small_data());
  std::vector<TrialResult> results;
  for (const TrialSpec& trial : plan.trials) {
    const double noise = 0.01 * trial.repeat * trial.repeat;
    // relu is better on what ranks, selu on the test images.
    results.push_back(finished(trial, {0.5, trial.setting == 0 ? 0.9 : 0.8}));
    const double accuracy = trial.setting == 0 ? 0.7 : 0.75 + noise;
    results.back().test = {
        {"categorical_accuracy", accuracy}, {"binary_accuracy", 0.9}, {"loss", 0.1}};
  }
  const SweepResult result = summarize_sweep(plan, results);
  EXPECT_EQ(result.settings[0].rank, 1);
  // 0.05, 0.06, 0.09 more.
  EXPECT_NEAR(result.settings[1].to_best->difference, 0.2 / 3, 1e-12);
  EXPECT_NEAR(result.settings[0].last.at("test_categorical_accuracy").mean, 0.7, 1e-12);
  EXPECT_NEAR(result.settings[0].last.at("val_categorical_accuracy").mean, 0.9, 1e-12);

  results[0].test.clear();
  EXPECT_THAT(error_of([&] { summarize_sweep(plan, results); }),
              HasSubstr("has no categorical_accuracy of the test images"));
}

// Three seeds and four images: the differences of the images are 1, 0, 1/3 and -1/3 in the mean,
// those of the seeds 1/2, 1/4 and 0.
TEST(ValidationSplit, SaysWhatHoldsOnNewImages) {
  const SweepPlan plan = plan_sweep(config(), test::small_data());
  const std::vector<bool> correct[2][3] = {
      {{false, true, false, true}, {false, true, false, true}, {false, true, true, true}},
      {{true, true, true, true}, {true, true, true, false}, {true, true, false, true}}};
  std::vector<TrialResult> results;
  for (const TrialSpec& trial : plan.trials) {
    results.push_back(finished(trial, {0.5, trial.setting == 0 ? 0.9 : 0.8}));
    TrialResult& result = results.back();
    result.correct = correct[trial.setting][trial.repeat];
    const auto right = static_cast<double>(std::ranges::count(result.correct, true));
    result.test = {{"categorical_accuracy", right / 4}, {"binary_accuracy", 0.9}, {"loss", 0.1}};
  }
  const PairedComparison to_best = *summarize_sweep(plan, results).settings[1].to_best;
  EXPECT_NEAR(to_best.difference, 0.25, 1e-12);
  ASSERT_TRUE(to_best.new_images.has_value());
  // Seeds: deviation 1/4, Student's t of two degrees of freedom 4.30265. Images: 1, 0, 1/3, -1/3
  // have the variance 35/108.
  const double of_seeds = 4.302652729749464 * 0.25 / std::sqrt(3.0);
  const double of_images = 1.959963984540054 * std::sqrt(35.0 / 108 / 4);
  const double half = std::hypot(of_seeds, of_images);
  EXPECT_NEAR(to_best.new_images->low, 0.25 - half, 1e-9);
  EXPECT_NEAR(to_best.new_images->high, 0.25 + half, 1e-9);

  results[2].correct.pop_back();
  EXPECT_THAT(error_of([&] { summarize_sweep(plan, results); }), HasSubstr("different numbers"));
}

TEST(ValidationSplit, IsPartOfATrialAndItsDigest) {
  const SweepPlan with = plan_sweep(config(), test::small_data());
  SweepConfig without = config();
  without.validation_split = 0;
  const SweepPlan plain = plan_sweep(without, test::small_data());
  EXPECT_NE(with.trials[0].id, plain.trials[0].id);

  SweepResult result = run_sweep(with);
  const auto digest = results_digest(result);
  result.settings[1].trials[2].test.at("loss") += 1e-9;
  EXPECT_NE(results_digest(result), digest);
}

TEST(ValidationSplit, FilesGiveItBack) {
  const SweepPlan plan = plan_sweep(config(), test::small_data());
  const SweepResult result = run_sweep(plan);
  const std::filesystem::path folder = testing::TempDir();
  write_results_json(folder / "split.json", result);
  const std::vector<TrialResult> read = read_results_json(folder / "split.json");
  ASSERT_EQ(read.size(), 6u);
  EXPECT_EQ(read[0].test, result.settings[0].trials[0].test);
  EXPECT_EQ(read[0].correct, result.settings[0].trials[0].correct);
  EXPECT_EQ(read[4].correct, result.settings[1].trials[1].correct);
  EXPECT_EQ(results_digest(summarize_sweep(plan, read)), results_digest(result));

  const std::string text = sweep_json_text(plan, machine_info());
  EXPECT_EQ(parse_sweep_json(text, "sweep.json").config.validation_split, 0.25);
}

TEST(ValidationSplit, RefusesWhatLeavesNothing) {
  SweepConfig wrong = config();
  for (const double share : {-0.1, 1.0, 1e300}) {
    wrong.validation_split = share;
    EXPECT_THAT(error_of([&] { validate(wrong); }), HasSubstr("validation split")) << share;
  }
  wrong.validation_split = 0.001;  // Keras rounds the training images down: one is left out
  EXPECT_EQ(images_of(wrong, test::small_data()).validation, 1);
  wrong.validation_split = 0.999;
  EXPECT_THAT(error_of([&] { plan_sweep(wrong, test::small_data()); }),
              HasSubstr("leaves none to train on"));
}

// In a grid each activation is compared at the values that suit it.
TEST(BestOfActivations, ComparesEachAtItsOwnBest) {
  SweepConfig grid = test::small_config();
  grid.activations.push_back(Activation::parse("elu"));
  grid.learning_rates = {0.001, 0.01};
  grid.seeds = 3;
  const SweepPlan plan = plan_sweep(grid, test::small_data());
  const double last[6] = {0.80, 0.85, 0.90, 0.70, 0.60, 0.65};  // relu, selu, elu at both rates
  std::vector<TrialResult> results;
  for (const TrialSpec& trial : plan.trials) {
    const double noise =
        0.001 * static_cast<double>(trial.setting + 1) * trial.repeat * trial.repeat;
    results.push_back(finished(trial, {0.5, last[trial.setting] + noise}));
  }
  const SweepResult result = summarize_sweep(plan, results);
  ASSERT_EQ(result.activations.size(), 3u);
  EXPECT_EQ(result.activations[0].setting, 2u);
  EXPECT_EQ(result.activations[1].setting, 1u);
  EXPECT_EQ(result.activations[2].setting, 5u);
  EXPECT_FALSE(result.activations[0].to_best.has_value());
  const PairedComparison& relu = *result.activations[1].to_best;
  const PairedComparison& elu = *result.activations[2].to_best;
  EXPECT_NEAR(relu.difference, -0.05 - 0.001 * 5 / 3, 1e-12);
  // Two comparisons, not the five of the settings.
  EXPECT_EQ(std::max(relu.p, elu.p), std::max(relu.p_holm, elu.p_holm));
  EXPECT_EQ(std::min(relu.p_holm, elu.p_holm), 2 * std::min(relu.p, elu.p));

  EXPECT_THAT(run_sweep(plan_sweep(test::small_config(), test::small_data())).activations,
              IsEmpty());
}

TEST(FewSeeds, HaveNeitherIntervalsNorTests) {
  SweepConfig two = test::small_config();
  two.seeds = 2;
  const SweepResult result = run_sweep(plan_sweep(two, test::small_data()));
  for (const SettingResult& setting : result.settings) {
    EXPECT_FALSE(setting.last.at("val_categorical_accuracy").interval.has_value());
    EXPECT_FALSE(setting.to_best.has_value());
  }
}

}  // namespace
}  // namespace saltus
