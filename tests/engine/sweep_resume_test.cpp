// A sweep that is stopped or killed goes on inside its trials, with the bits of one that was not.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <saltus/machine.h>
#include <saltus/model.h>
#include <saltus/report.h>
#include <saltus/sweep.h>

#include "core/file.h"
#include "tests/engine/error_of.h"
#include "tests/engine/sweep_support.h"
#include "train/model_file.h"

namespace saltus {
namespace {

namespace fs = std::filesystem;
using test::small_config;
using test::small_data;

using Figures = std::map<std::string, std::vector<double>>;

/// By the trials' ids, the figures that a clock has no part in.
std::map<std::string, Figures> timeless(const SweepResult& result) {
  std::map<std::string, Figures> all;
  for (const SettingResult& setting : result.settings) {
    for (const TrialResult& trial : setting.trials) {
      Figures figures = trial.history.history;
      figures.erase("seconds");
      figures.erase("images_per_second");
      all[trial.id] = std::move(figures);
    }
  }
  return all;
}

SweepConfig config() {
  SweepConfig config = small_config();
  config.epochs = {6};
  config.batch_sizes = {4};
  config.threads = 1;
  return config;
}

/// Asks for the end after so many calls of on_batches_end().
class Stopper {
 public:
  explicit Stopper(int calls) : left_(calls) {}

  CallbackPtr callback(const TrialSpec& trial) { return std::make_shared<OfTrial>(*this, trial); }

  std::atomic<bool> interrupt = false;
  bool inside = false;  ///< at a batch that did not end an epoch
  std::set<std::string> resumed;

 private:
  class OfTrial : public Callback {
   public:
    OfTrial(Stopper& stopper, const TrialSpec& trial) : stopper_(stopper), id_(trial.id) {}
    void on_train_begin(const FitInfo& info, TrainingControl& control) override {
      steps_ = info.steps_per_epoch;
      epochs_before_ = control.history().epoch.size();
    }
    void on_epoch_begin(int epoch, TrainingControl& /*control*/) override {
      ++epochs_;
      if (epochs_ == 1) {
        EXPECT_EQ(epoch, static_cast<int>(epochs_before_));
      }
    }
    void on_batches_end(std::int64_t steps_done, const Logs& /*logs*/,
                        TrainingControl& /*control*/) override {
      // A training begins with a single batch, to see how long that takes.
      const bool first = std::exchange(first_, false);
      if (first && (epochs_before_ > 0 || steps_done > 1)) stopper_.resumed.insert(id_);
      stopper_.inside = stopper_.inside || steps_done < steps_;
      if (--stopper_.left_ == 0) stopper_.interrupt = true;
    }

   private:
    Stopper& stopper_;
    std::string id_;
    std::int64_t steps_ = 0;
    std::size_t epochs_before_ = 0;
    int epochs_ = 0;
    bool first_ = true;
  };

  int left_;
};

class SweepResume : public testing::Test {
 protected:
  std::vector<fs::path> files(const std::string& folder) const {
    std::vector<fs::path> found;
    std::error_code error;
    for (fs::directory_iterator entry(folder_.path() / folder, error);
         !error && entry != fs::directory_iterator(); entry.increment(error)) {
      found.push_back(entry->path());
    }
    return found;
  }

  /// Runs until it is stopped; the results are those of trials that ended.
  std::vector<TrialResult> stop_after(int calls, bool resume = false) {
    Stopper stopper(calls);
    const SweepResult result =
        run_sweep(plan_sweep(config(), small_data()), options(stopper, {}, resume));
    EXPECT_TRUE(stopper.inside);
    std::vector<TrialResult> done;
    for (const SettingResult& setting : result.settings) {
      for (const TrialResult& trial : setting.trials) done.push_back(trial);
    }
    return done;
  }

  SweepOptions options(Stopper& stopper, std::span<const TrialResult> done, bool resume) const {
    return {
        .callbacks = [&](const TrialSpec& trial) { return std::vector{stopper.callback(trial)}; },
        .done = done,
        .interrupt = &stopper.interrupt,
        .folder = folder_.path(),
        .resume = resume};
  }

  ScratchFolder folder_{testing::TempDir()};
  const std::map<std::string, Figures> whole_ =
      timeless(run_sweep(plan_sweep(config(), small_data())));
};

TEST_F(SweepResume, GoesOnInsideATrialWithTheSameBits) {
  for (const int calls : {1, 2, 5, 9, 14}) {
    SCOPED_TRACE(calls);
    const std::vector<TrialResult> done = stop_after(calls);
    ASSERT_EQ(files("states").size(), 1U);
    Stopper stopper(-1);
    const SweepResult result =
        run_sweep(plan_sweep(config(), small_data()), options(stopper, done, true));
    EXPECT_TRUE(result.complete);
    EXPECT_EQ(timeless(result), whole_);
    EXPECT_EQ(stopper.resumed.size(), 1U);
    EXPECT_TRUE(files("states").empty());
  }
}

TEST_F(SweepResume, DoesNotTrainBesideOthersThatStandElsewhere) {
  stop_after(5);
  Stopper stopper(-1);
  SweepOptions both = options(stopper, {}, true);
  both.side_by_side = 2;
  EXPECT_EQ(timeless(run_sweep(plan_sweep(config(), small_data()), both)), whole_);
  EXPECT_EQ(stopper.resumed.size(), 1U);
}

TEST_F(SweepResume, BeginsAnewWhereItIsNotResumed) {
  stop_after(3);
  Stopper stopper(-1);
  const SweepResult result =
      run_sweep(plan_sweep(config(), small_data()), options(stopper, {}, false));
  EXPECT_EQ(timeless(result), whole_);
  EXPECT_TRUE(stopper.resumed.empty());
  EXPECT_TRUE(files("states").empty());
}

TEST_F(SweepResume, BeginsATrialAnewWhoseStateIsDamaged) {
  stop_after(3);
  const fs::path state = files("states").at(0);
  fs::resize_file(state, fs::file_size(state) / 2);
  Stopper stopper(-1);
  const SweepResult result =
      run_sweep(plan_sweep(config(), small_data()), options(stopper, {}, true));
  EXPECT_EQ(timeless(result), whole_);
  EXPECT_TRUE(stopper.resumed.empty());
}

TEST_F(SweepResume, KeepsTheModelsThatAreAskedFor) {
  for (const SavedModels which : {SavedModels::last, SavedModels::best}) {
    SCOPED_TRACE(to_string(which));
    const SweepResult result =
        run_sweep(plan_sweep(config(), small_data()), {.folder = folder_.path(), .save = which});
    EXPECT_EQ(files("models").size(), whole_.size());
    for (const SettingResult& setting : result.settings) {
      for (const TrialResult& trial : setting.trials) {
        Model model = Model::load(folder_.path() / "models" / (trial.id + ".safetensors"));
        const std::vector<double>& accuracy = trial.history.at(Score{}.val());
        const auto best = std::max_element(accuracy.begin(), accuracy.end()) - accuracy.begin();
        const auto epoch =
            which == SavedModels::last ? accuracy.size() - 1 : static_cast<std::size_t>(best);
        EXPECT_EQ(model.evaluate(small_data().test, 4).at("loss"),
                  trial.history.at("val_loss").at(epoch));
      }
    }
  }
}

TEST_F(SweepResume, RemovesModelsOfAnEarlierSweepUnlessItIsResumed) {
  const fs::path models = folder_.path() / "models";
  for (const bool resume : {true, false}) {
    fs::create_directories(models);
    for (const char* name : {"0123456789abcdef.safetensors", ".0.safetensors.123-0.tmp", "mine"}) {
      std::ofstream(models / name) << "x";
    }
    Stopper stopper(-1);
    run_sweep(plan_sweep(config(), small_data()), options(stopper, {}, resume));
    EXPECT_EQ(fs::exists(models / "0123456789abcdef.safetensors"), resume);
    EXPECT_FALSE(fs::exists(models / ".0.safetensors.123-0.tmp"));
    EXPECT_TRUE(fs::exists(models / "mine"));
  }
}

TEST(SweepOptions, ThatMakeNoSenseAreRefused) {
  using testing::HasSubstr;
  EXPECT_THAT(error_of([] { validate(SweepOptions{.save = SavedModels::last}); }),
              HasSubstr("need a folder"));
  EXPECT_THAT(error_of([] { validate(SweepOptions{.save_interval = -1}); }),
              HasSubstr("0 or more"));
}

/// Batches done, over all trials: what is finished, and what states hold.
std::int64_t batches_done(const fs::path& folder, const SweepPlan& plan, std::int64_t of_epoch) {
  std::map<std::string, std::int64_t> done;
  std::error_code error;
  for (fs::directory_iterator entry(folder / "states", error);
       !error && entry != fs::directory_iterator(); entry.increment(error)) {
    if (entry->path().extension() != ".safetensors") continue;
    if (entry->path().filename().string().starts_with('.')) continue;  // was being written
    const train::Position at = train::read_model(entry->path()).state.position;
    done[entry->path().stem()] = at.epoch * of_epoch + at.batch;
  }
  for (const TrialResult& trial : read_trials(folder)) {
    if (trial.status == TrialStatus::ok) done[trial.id] = 6 * of_epoch;
  }
  std::int64_t all = 0;
  for (const TrialSpec& trial : plan.trials) all += done[trial.id];
  return all;
}

/// SALTUS_KILLS=100 kills it a hundred times.
TEST_F(SweepResume, LosesNothingThatWasSavedWhenItIsKilled) {
  const char* asked = std::getenv("SALTUS_KILLS");  // NOLINT: nobody sets it meanwhile
  const int kills = asked != nullptr ? std::atoi(asked) : 8;
  const ImageDataset data = small_data();
  const SweepPlan plan = plan_sweep(config(), data);
  const auto go_on = [&] {
    std::vector<TrialResult> done = read_trials(folder_.path());
    std::erase_if(done, [](const TrialResult& t) { return t.status == TrialStatus::stopped; });
    SweepWriter writer(folder_.path(), plan, done);
    return run_sweep(
        plan_sweep(config(), data),
        {.callbacks = [&](const TrialSpec& trial) { return std::vector{writer.callback(trial)}; },
         .on_trial_end = [&](const TrialSpec& trial, const TrialResult& result,
                             std::span<const TrialResult> all) { writer.add(trial, result, all); },
         .done = done,
         .folder = folder_.path(),
         .resume = true,
         .save_interval = 0});
  };
  std::minstd_rand random(7);
  std::int64_t before = 0;
  for (int kill_number = 0; kill_number < kills; ++kill_number) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      go_on();
      _exit(0);
    }
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 40'000));
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    const bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    ASSERT_TRUE(killed || status == 0) << status;
    const std::int64_t now = batches_done(folder_.path(), plan, data.train.count / 4);
    EXPECT_GE(now, before) << "after kill " << kill_number;
    before = now;
    if (killed) continue;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder_.path())) {
      fs::remove_all(entry);  // it was faster, and another sweep begins
    }
    before = 0;
  }
  EXPECT_EQ(timeless(go_on()), whole_);
}

}  // namespace
}  // namespace saltus
