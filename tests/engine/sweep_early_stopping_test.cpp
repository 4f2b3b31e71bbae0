// Sweeps whose trials stop early: each has as many epochs as it needs.
#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/model.h>
#include <saltus/report.h>
#include <saltus/sweep.h>

#include "core/file.h"
#include "report/series.h"
#include "tests/engine/error_of.h"
#include "tests/engine/sweep_support.h"

namespace saltus {
namespace {

namespace fs = std::filesystem;
using test::finished;
using test::small_config;
using test::small_data;

/// Trials on images in which there is nothing to be learnt, so that they stop at different epochs.
SweepConfig config(const std::string& early) {
  SweepConfig config = small_config();
  config.epochs = {12};
  config.seeds = 3;
  config.batch_sizes = {8};
  config.early_stopping = parse_early_stopping(early);
  return config;
}

/// Without what a clock has part in.
std::map<std::string, std::vector<double>> figures(const TrialResult& trial) {
  auto all = trial.history.history;
  all.erase("seconds");
  all.erase("images_per_second");
  return all;
}

std::map<std::string, TrialResult> by_id(const SweepResult& result) {
  std::map<std::string, TrialResult> trials;
  for (const SettingResult& setting : result.settings) {
    for (const TrialResult& trial : setting.trials) trials[trial.id] = trial;
  }
  return trials;
}

void expect_equal(const SweepResult& one, const SweepResult& other) {
  const auto others = by_id(other);
  ASSERT_EQ(by_id(one).size(), others.size());
  for (const auto& [id, trial] : by_id(one)) {
    SCOPED_TRACE(id);
    const TrialResult& same = others.at(id);
    EXPECT_EQ(trial.status, same.status);
    EXPECT_EQ(figures(trial), figures(same));
    EXPECT_EQ(trial.restored_epoch, same.restored_epoch);
    EXPECT_EQ(trial.test, same.test);
    EXPECT_EQ(trial.correct, same.correct);
    EXPECT_EQ(trial.confusion.counts, same.confusion.counts);
  }
  EXPECT_EQ(results_digest(one), results_digest(other));
}

TEST(EarlyStoppingText, GoesBothWays) {
  for (const char* text :
       {"patience=0", "patience=3", "patience=3:min_delta=0.01",
        "patience=2:min_delta=0.5:monitor=loss:restore_best_weights:start_from_epoch=4"}) {
    EXPECT_EQ(text_of(parse_early_stopping(text)), text);
  }
  EXPECT_EQ(text_of(parse_early_stopping("restore_best_weights=true:patience=1")),
            "patience=1:restore_best_weights");
  EXPECT_EQ(text_of(parse_early_stopping("restore_best_weights=false")), "patience=0");
  const EarlyStoppingOptions usual;
  EXPECT_EQ(parse_early_stopping("patience=3").monitor, usual.monitor);
}

TEST(EarlyStoppingText, RefusesWhatMakesNoSense) {
  for (const auto& [text, words] :
       std::map<std::string, std::string>{{"", "not of the form"},
                                          {"patience", "not of the form"},
                                          {"patience=-1", "number of epochs"},
                                          {"patience=1.5", "number of epochs"},
                                          {"patience=x", "is a number"},
                                          {"min_delta=-1", "not negative"},
                                          {"min_delta=nan", "not negative"},
                                          {"monitor=val_los", "val_loss"},
                                          {"pacience=3", "patience"},
                                          {"restore_best_weights=yes", "true or false"}}) {
    EXPECT_THAT(error_of<InvalidArgument>([&] { parse_early_stopping(text); }),
                testing::HasSubstr(words))
        << text;
  }
}

TEST(EarlyStoppingSweep, EndsTrialsThatAreComplete) {
  SweepConfig stopping = config("patience=2:min_delta=1000");
  const SweepResult result = run_sweep(plan_sweep(stopping, small_data()));
  EXPECT_TRUE(result.complete);
  stopping.early_stopping.reset();
  const SweepResult whole = run_sweep(plan_sweep(stopping, small_data()));
  for (std::size_t i = 0; i < result.settings.size(); ++i) {
    EXPECT_EQ(result.settings[i].ok, 3u);
    for (std::size_t seed = 0; seed < 3; ++seed) {
      const TrialResult& trial = result.settings[i].trials[seed];
      EXPECT_EQ(trial.status, TrialStatus::ok);
      // The first epoch is better than none, the next two are not better than it.
      ASSERT_EQ(trial.history.epoch.size(), 3u);
      auto expected = figures(whole.settings[i].trials[seed]);
      for (auto& [name, values] : expected) values.resize(3);
      EXPECT_EQ(figures(trial), expected) << "stopping changed the training";
      EXPECT_NE(trial.id, whole.settings[i].trials[seed].id);
    }
  }
}

TEST(EarlyStoppingSweep, UnequalTrialsAreTheSameAloneAndBesideOthers) {
  const SweepPlan plan = plan_sweep(config("patience=1:restore_best_weights"), test::random_data());
  const SweepResult alone = run_sweep(plan, {.side_by_side = 1});
  expect_equal(alone, run_sweep(plan, {.side_by_side = 4}));
  std::set<std::size_t> lengths;
  for (const auto& [id, trial] : by_id(alone)) {
    EXPECT_EQ(trial.status, TrialStatus::ok);
    lengths.insert(trial.history.epoch.size());
  }
  EXPECT_GT(lengths.size(), 1u) << "the test has nothing to tell";
}

TEST(EarlyStoppingSweep, GivesTheBestWeightsBack) {
  const ScratchFolder folder{testing::TempDir()};
  const ImageDataset data = test::random_data();
  const SweepResult result = run_sweep(plan_sweep(config("patience=2:restore_best_weights"), data),
                                       {.folder = folder.path(), .save = SavedModels::last});
  bool earlier = false;
  for (const SettingResult& setting : result.settings) {
    std::vector<double> losses;
    for (const TrialResult& trial : setting.trials) {
      const std::vector<double>& loss = trial.history.at("val_loss");
      const auto best = std::min_element(loss.begin(), loss.end()) - loss.begin();
      ASSERT_EQ(trial.restored_epoch, std::optional(static_cast<int>(best)));
      earlier = earlier || trial.final_epoch() + 1 < loss.size();
      Model model = Model::load(folder.path() / "models" / (trial.id + ".safetensors"));
      EXPECT_EQ(model.evaluate(data.test, 8).at("loss"), loss[trial.final_epoch()]);
      losses.push_back(loss[trial.final_epoch()]);
      double right = 0;
      for (std::size_t i = 0; i < 10; ++i) right += trial.confusion.at(i, i);
      EXPECT_EQ(right / 32, trial.history.at("val_categorical_accuracy")[trial.final_epoch()]);
    }
    EXPECT_EQ(setting.last.at("val_loss").mean, summarize(losses).mean);
  }
  EXPECT_TRUE(earlier) << "the test has nothing to tell";
}

TEST(EarlyStoppingSweep, GoesOnWhereItWasInterrupted) {
  SweepConfig asked = config("patience=2:restore_best_weights");
  asked.seeds = 2;
  asked.validation_split = 0.25;
  const SweepPlan plan = plan_sweep(asked, test::random_data());
  const SweepResult whole = run_sweep(plan);
  for (const int side_by_side : {1, 2}) {
    const ScratchFolder folder{testing::TempDir()};
    std::vector<TrialResult> done;
    SweepResult result;
    int runs = 0;
    do {
      ASSERT_LT(++runs, 200);
      std::atomic<bool> interrupt = false;
      int left = 11;  // so that it ends in all places of an epoch
      const auto count = [&](std::int64_t, const Logs&, TrainingControl&) {
        if (--left == 0) interrupt = true;
      };
      result = run_sweep(plan, {.callbacks = [&](const TrialSpec&) -> std::vector<CallbackPtr> {
                                  return {LambdaCallback{.on_train_batch_end = count}};
                                },
                                .done = done,
                                .interrupt = &interrupt,
                                .side_by_side = side_by_side,
                                .folder = folder.path(),
                                .resume = true});
      done.clear();
      for (const auto& [id, trial] : by_id(result)) done.push_back(trial);
    } while (!result.complete);
    EXPECT_GT(runs, 4) << "the test has nothing to tell";
    expect_equal(result, whole);
    EXPECT_FALSE(fs::exists(folder.path() / "states")) << "files of trials that ended are left";
  }
}

TEST(EarlyStoppingSweep, ReadsItsFilesBack) {
  const ScratchFolder folder{testing::TempDir()};
  SweepConfig asked = config("patience=1:restore_best_weights");
  const SweepPlan plan = plan_sweep(asked, test::random_data());
  SweepWriter writer(folder.path(), plan, {});
  const SweepResult result = run_sweep(
      plan, {.callbacks = [&](const TrialSpec& t) { return std::vector{writer.callback(t)}; },
             .on_trial_end = [&](const TrialSpec& t, const TrialResult& r,
                                 std::span<const TrialResult> all) { writer.add(t, r, all); }});
  writer.write(result);
  const StoredSweep stored = read_sweep(folder.path());
  EXPECT_EQ(text_of(stored.plan.config.early_stopping.value()), "patience=1:restore_best_weights");
  expect_equal(result, stored.result);
  EXPECT_EQ(result.settings[0].confusion.counts, stored.result.settings[0].confusion.counts);
  expect_equal(result, summarize_sweep(plan, read_results_json(folder.path() / "results.json")));
  EXPECT_THAT(report_html(stored),
              testing::HasSubstr("patience=1:restore_best_weights on the test images; the last "
                                 "epoch of a trial is the one whose weights it was given back; "));
}

class UnequalTrials : public testing::Test {
 protected:
  UnequalTrials() {
    SweepConfig asked = small_config();
    asked.activations.resize(1);
    asked.epochs = {5};
    asked.seeds = 2;
    asked.early_stopping = EarlyStoppingOptions{.patience = 1};
    plan_ = plan_sweep(asked, small_data());
  }

  SweepPlan plan_;
};

TEST_F(UnequalTrials, CountOnWithWhatTheyEndedWith) {
  const std::vector<TrialResult> trials = {finished(plan_.trials[0], {0.5, 0.75, 0.625}),
                                           finished(plan_.trials[1], {0.25, 0.5, 0.5, 0.875})};
  const SweepResult result = summarize_sweep(plan_, trials);
  const SettingResult& setting = result.settings[0];
  EXPECT_TRUE(result.complete);
  EXPECT_EQ(setting.last.at("val_categorical_accuracy").mean, (0.625 + 0.875) / 2);
  EXPECT_EQ(setting.best_epoch, 4);
  EXPECT_EQ(setting.best, (0.625 + 0.875) / 2);
  const std::vector<Point> points = points_of(setting, "val_categorical_accuracy");
  ASSERT_EQ(points.size(), 4u);
  EXPECT_EQ(points[3].mean, (0.625 + 0.875) / 2);
  EXPECT_EQ(points[3].range.low, 0.625);
  EXPECT_EQ(epochs_shown(setting), 4);
}

TEST_F(UnequalTrials, EndWithTheEpochThatWasGivenBack) {
  std::vector<TrialResult> trials = {finished(plan_.trials[0], {0.5, 0.75, 0.625}),
                                     finished(plan_.trials[1], {0.25, 0.5, 0.5, 0.875})};
  trials[0].restored_epoch = 1;
  const SettingResult setting = summarize_sweep(plan_, trials).settings[0];
  EXPECT_EQ(setting.last.at("val_categorical_accuracy").mean, (0.75 + 0.875) / 2);
  EXPECT_EQ(points_of(setting, "val_categorical_accuracy")[3].mean, (0.75 + 0.875) / 2);
}

TEST_F(UnequalTrials, ThatWereInterruptedDoNotCountOn) {
  std::vector<TrialResult> trials = {finished(plan_.trials[0], {0.5}),
                                     finished(plan_.trials[1], {0.25, 0.5})};
  trials[0].status = TrialStatus::stopped;
  const SettingResult setting = summarize_sweep(plan_, trials).settings[0];
  EXPECT_EQ(points_of(setting, "val_categorical_accuracy")[1].mean, 0.5);
  EXPECT_EQ(epochs_shown(setting), 5);
}

TEST_F(UnequalTrials, WithNoEpochOrTooManyAreRefused) {
  for (const std::size_t epochs : {0U, 6U}) {
    const std::vector<TrialResult> trials = {
        finished(plan_.trials[0], std::vector<double>(epochs, 0.5))};
    EXPECT_THROW(summarize_sweep(plan_, trials), InvalidArgument);
  }
}

}  // namespace
}  // namespace saltus
