// Results of trials in a folder that several programs share.
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/error.h>
#include <saltus/report.h>
#include <saltus/trial_store.h>

#include "core/file.h"
#include "tests/engine/sweep_support.h"

namespace saltus {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class Store : public testing::Test {
 protected:
  SweepPlan plan(int seeds = 2) const {
    SweepConfig config = test::small_config();
    config.activations = {"relu", "selu"};
    config.seeds = seeds;
    return plan_sweep(config, test::small_data());
  }
  std::string text(const fs::path& file) const { return read_file(folder() / file, 1 << 20); }
  const fs::path& folder() const { return scratch_.path(); }

 private:
  ScratchFolder scratch_{fs::temp_directory_path()};
};

TEST_F(Store, KeepsTheFirstResult) {
  const SweepPlan plan = this->plan();
  const TrialStore store(folder(), plan);
  const TrialSpec& trial = plan.trials[1];
  EXPECT_EQ(store.size(), 0u);
  TrialResult result = test::finished(trial, {0.25, 0.5});
  EXPECT_EQ(store.add(trial, result), Kept::first);
  const fs::path file = fs::path("trials") / (trial.id + ".jsonl");
  const std::string first = text(file);

  // Another program was slower, and on another clock: the same result.
  result.seconds += 10;
  result.history.history["seconds"] = {5, 5};
  EXPECT_EQ(store.add(trial, result), Kept::equal);
  EXPECT_EQ(text(file), first);
  EXPECT_EQ(store.size(), 1u);
  const std::vector<TrialResult> read = read_trials(folder());
  ASSERT_EQ(read.size(), 1u);
  EXPECT_EQ(read[0].id, trial.id);
  EXPECT_THAT(read[0].history.history.at("val_categorical_accuracy"), ElementsAre(0.25, 0.5));
}

TEST_F(Store, KeepsBothWhereResultsDiffer) {
  const SweepPlan plan = this->plan();
  const TrialStore store(folder(), plan);
  const TrialSpec& trial = plan.trials[0];
  EXPECT_EQ(store.add(trial, test::finished(trial, {0.25, 0.5})), Kept::first);
  const std::string first = text(fs::path("trials") / (trial.id + ".jsonl"));
  // One bit of one figure.
  const TrialResult other = test::finished(trial, {0.25, std::nextafter(0.5, 1)});
  EXPECT_EQ(store.add(trial, other), Kept::different);
  EXPECT_EQ(store.add(trial, other), Kept::different);
  EXPECT_EQ(text(fs::path("trials") / (trial.id + ".jsonl")), first);
  EXPECT_TRUE(fs::exists(folder() / "trials" / (trial.id + ".2.jsonl")));
  EXPECT_FALSE(fs::exists(folder() / "trials" / (trial.id + ".3.jsonl")));
  EXPECT_EQ(read_trials(folder()).size(), 1u);
}

TEST_F(Store, IsOfOneSweep) {
  const SweepPlan plan = this->plan();
  const TrialStore store(folder(), plan);
  const std::string said = text(kSweepFile);
  const TrialStore again(folder(), plan);
  EXPECT_EQ(text(kSweepFile), said);
  const SweepPlan other = this->plan(3);
  EXPECT_THAT([&] { TrialStore(folder(), other); },
              testing::ThrowsMessage<InvalidArgument>(HasSubstr("holds another sweep")));
}

TEST_F(Store, DividesASweep) {
  const SweepPlan plan = this->plan(5);
  std::vector<std::string> ids;
  for (int part = 1; part <= 3; ++part) {
    for (const TrialSpec& trial : part_of(plan, part, 3).trials) ids.push_back(trial.id);
  }
  std::vector<std::string> all;
  for (const TrialSpec& trial : plan.trials) all.push_back(trial.id);
  EXPECT_THAT(ids, testing::UnorderedElementsAreArray(all));
  EXPECT_EQ(part_of(plan, 1, 3).trials.size(), 4u);
  EXPECT_EQ(part_of(plan, 3, 3).trials.size(), 3u);
  EXPECT_TRUE(part_of(plan, 20, 20).trials.empty());
  EXPECT_THROW(part_of(plan, 0, 3), InvalidArgument);
  EXPECT_THROW(part_of(plan, 4, 3), InvalidArgument);
  SweepPlan race = plan;
  race.config.until_decided = UntilDecided{};
  EXPECT_THROW(part_of(race, 1, 3), InvalidArgument);
}

}  // namespace
}  // namespace saltus
