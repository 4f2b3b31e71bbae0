// Sweeps that add seeds until they know which setting is best.
#include <algorithm>
#include <atomic>
#include <filesystem>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/error.h>
#include <saltus/machine.h>
#include <saltus/report.h>
#include <saltus/sweep.h>

#include "core/file.h"
#include "report/sweep_texts.h"
#include "sweep/race.h"
#include "tests/engine/error_of.h"
#include "tests/engine/sweep_support.h"

namespace saltus {
namespace {

using test::finished;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

SweepConfig config(std::size_t max_trials = 0) {
  SweepConfig config = test::small_config();  // relu and selu
  config.activations.push_back(Activation::parse("elu"));
  config.seeds = 4;
  config.until_decided = UntilDecided{.epsilon = 1e-4, .max_trials = max_trials};
  return config;
}

SweepPlan plan(std::size_t max_trials = 0) {
  return plan_sweep(config(max_trials), test::small_data());
}

/// What trials come to: selu is far behind, relu a little ahead of elu, with noise.
TrialResult result_of(const TrialSpec& trial) {
  const double means[] = {0.93, 0.5, 0.9};
  const double noise = 0.001 * static_cast<double>((trial.repeat * 7 + trial.setting * 3) % 5);
  return finished(trial, {0.1, means[trial.setting] + noise});
}

/// Setting and repeat of each.
std::vector<std::pair<std::size_t, int>> places_of(const std::vector<TrialSpec>& trials) {
  std::vector<std::pair<std::size_t, int>> places;
  for (const TrialSpec& trial : trials) places.emplace_back(trial.setting, trial.repeat);
  return places;
}

/// Runs a race to its end, the trials of a round in the order that `shuffle` makes; all results.
template <class Shuffle>
std::vector<TrialResult> run(const SweepPlan& plan, std::vector<TrialResult> results,
                             const Shuffle& shuffle) {
  Race race(plan);
  for (auto missing = race.advance(results); !missing.empty(); missing = race.advance(results)) {
    shuffle(missing);
    for (const TrialSpec& trial : missing) results.push_back(result_of(trial));
  }
  return results;
}

const auto kInOrder = [](std::vector<TrialSpec>&) {};

std::set<std::string> ids_of(const std::vector<TrialResult>& results) {
  std::set<std::string> ids;
  for (const TrialResult& result : results) ids.insert(result.id);
  return ids;
}

TEST(SweepRace, BeginsWithTheFirstSeedsOfAllAndGoesOnWithThoseThatMayBeBest) {
  const SweepPlan p = plan();
  Race race(p);
  std::vector<TrialResult> results;
  std::vector<TrialSpec> round = race.advance(results);
  EXPECT_EQ(round.size(), 12u);
  EXPECT_FALSE(race.standings_now().has_value());
  for (const TrialSpec& trial : round) results.push_back(result_of(trial));
  round = race.advance(results);
  // selu is beaten; relu, which leads, and elu get the fifth seed.
  EXPECT_EQ(race.standings_now()->settings[1].standing, Standing::beaten);
  EXPECT_THAT(places_of(round), ElementsAre(std::pair(0, 4), std::pair(2, 4)));
}

// One that rested while it equalled the leader has fewer seeds when it is open again.
TEST(SweepRace, WhatHadRestedCatchesUp) {
  const std::vector<std::vector<double>> values = {std::vector<double>(8), std::vector<double>(6),
                                                   std::vector<double>(4)};
  Verdict standings;
  standings.settings = {{.standing = Standing::leads},
                        {.standing = Standing::open, .difference = 0.1},
                        {.standing = Standing::beaten, .difference = 0.2}};
  EXPECT_THAT(next_round(values, standings), ElementsAre(TrialPlan(1, 6), TrialPlan(1, 7)));
}

TEST(SweepRace, EndsWhenItKnows) {
  const SweepPlan p = plan();
  const SweepResult result = summarize_sweep(p, run(p, {}, kInOrder));
  EXPECT_TRUE(result.complete);
  ASSERT_TRUE(result.verdict.has_value());
  EXPECT_TRUE(result.verdict->decided);
  EXPECT_EQ(result.verdict->leader, 0u);
  EXPECT_EQ(result.verdict->settings[2].standing, Standing::beaten);
  EXPECT_EQ(result.settings[1].trials.size(), 4u);
  EXPECT_GT(result.settings[0].trials.size(), 4u);
  EXPECT_EQ(result.settings[1].status, TrialStatus::ok);
  EXPECT_TRUE(results_digest(result).has_value());
}

// Whatever the order in which trials end, and wherever it was stopped.
TEST(SweepRace, TakesTheSameWay) {
  const SweepPlan p = plan();
  const std::vector<TrialResult> all = run(p, {}, kInOrder);
  const auto backwards = [](std::vector<TrialSpec>& trials) { std::ranges::reverse(trials); };
  EXPECT_EQ(ids_of(run(p, {}, backwards)), ids_of(all));
  for (std::size_t done = 0; done < all.size(); done += 3) {
    const std::vector<TrialResult> earlier(all.begin(),
                                           all.begin() + static_cast<std::ptrdiff_t>(done));
    EXPECT_EQ(ids_of(run(p, earlier, backwards)), ids_of(all)) << done;
  }
}

TEST(SweepRace, StopsAtTheLimitWithAForecast) {
  const SweepPlan p = plan(13);
  const std::vector<TrialResult> all = run(p, {}, kInOrder);
  EXPECT_EQ(all.size(), 12u);  // a round of two more would be 14
  const SweepResult result = summarize_sweep(p, all);
  EXPECT_TRUE(result.complete);
  EXPECT_FALSE(result.verdict->decided);
  EXPECT_GT(result.verdict->seeds_missing.value(), 0u);
}

TEST(SweepRace, BeginsWithMoreSeedsThanTheUsualLimit) {
  SweepConfig many = config();
  many.seeds = 1100;
  const SweepPlan p = plan_sweep(many, test::small_data());
  EXPECT_EQ(p.trials.size(), 3300u);
  EXPECT_EQ(run(p, {}, kInOrder).size(), 3300u);
}

TEST(SweepRace, WhatDivergedIsRunNoMore) {
  const SweepPlan p = plan();
  Race race(p);
  std::vector<TrialResult> results;
  for (const TrialSpec& trial : race.advance(results)) {
    results.push_back(result_of(trial));
    if (trial.setting == 2 && trial.repeat == 1) results.back().status = TrialStatus::diverged;
  }
  EXPECT_THAT(race.advance(results), IsEmpty());
  EXPECT_TRUE(race.verdict()->decided);
  EXPECT_EQ(race.verdict()->settings[2].standing, Standing::diverged);
}

TEST(SweepRace, AFigureThatIsNotFiniteDiverged) {
  const SweepPlan p = plan();
  Race race(p);
  std::vector<TrialResult> results;
  for (const TrialSpec& trial : race.advance(results)) results.push_back(result_of(trial));
  results.front().history.history["val_loss"][1] = std::numeric_limits<double>::quiet_NaN();
  race.advance(results);
  EXPECT_EQ(race.standings_now()->settings[0].standing, Standing::diverged);
}

TEST(SweepRace, StoppedTrialsAreMissing) {
  const SweepPlan p = plan();
  std::vector<TrialResult> results;
  for (const TrialSpec& trial : Race(p).advance(results)) results.push_back(result_of(trial));
  results.back().status = TrialStatus::stopped;
  EXPECT_THAT(places_of(Race(p).advance(results)), ElementsAre(std::pair(2, 3)));
  const SweepResult result = summarize_sweep(p, results);
  EXPECT_FALSE(result.complete);
  EXPECT_FALSE(result.verdict.has_value());
}

TEST(SweepRace, RefusesWhatCannotBeDecided) {
  const auto complaint = [](auto change) {
    SweepConfig wrong = config();
    change(wrong);
    return error_of([&] { validate(wrong); });
  };
  EXPECT_THAT(complaint([](SweepConfig& c) { c.activations.resize(1); }),
              HasSubstr("name another activation"));
  EXPECT_THAT(complaint([](SweepConfig& c) { c.seeds = 2; }), HasSubstr("3 seeds or more"));
  EXPECT_THAT(complaint([](SweepConfig& c) { c.until_decided->error = 1; }),
              HasSubstr("chance of an error"));
  EXPECT_THAT(complaint([](SweepConfig& c) { c.until_decided->epsilon = 0; }),
              HasSubstr("difference that counts as none"));
  EXPECT_THAT(complaint([](SweepConfig& c) { c.until_decided->max_trials = 11; }),
              HasSubstr("3 settings with 4 seeds are 12 trials"));
}

TEST(SweepRace, FilesGiveItBack) {
  const SweepPlan p = plan(40);
  const UntilDecided read =
      *parse_sweep_json(sweep_json_text(p, machine_info()), "sweep.json").config.until_decided;
  EXPECT_EQ(read.error, 0.05);
  EXPECT_EQ(read.epsilon, 1e-4);
  EXPECT_EQ(read.max_trials, 40u);

  const std::filesystem::path file = std::filesystem::path(testing::TempDir()) / "decided.json";
  const SweepResult result = summarize_sweep(p, run(p, {}, kInOrder));
  write_results_json(file, result);
  const auto json = nlohmann::json::parse(read_file(file, 1 << 20)).at("verdict");
  EXPECT_EQ(json.at("decided"), true);
  EXPECT_EQ(json.at("leader"), 0);
  EXPECT_EQ(json.at("epsilon"), 1e-4);
  EXPECT_EQ(json.at("trials"), result.verdict->trials);
  EXPECT_EQ(json.at("kendall_tau"), *result.verdict->tau);
  EXPECT_TRUE(json.at("seeds_missing").is_null());
  const auto& elu = json.at("settings").at(2);
  EXPECT_EQ(elu.at("standing"), "beaten");
  EXPECT_EQ(elu.at("difference"), result.verdict->settings[2].difference);
  EXPECT_EQ(elu.at("interval").at(0), result.verdict->settings[2].interval->low);
  EXPECT_EQ(elu.at("p_first"), result.verdict->settings[2].p_first);
}

// Trained, interrupted in a later round, and resumed from what was measured.
TEST(SweepRace, TrainsUntilDecidedAndResumes) {
  SweepConfig c = test::small_config();
  c.seeds = 3;
  c.until_decided = UntilDecided{.error = 0.3, .max_trials = 14};
  const SweepPlan p = plan_sweep(c, test::small_data());
  std::vector<Verdict> rounds;
  const SweepResult whole = run_sweep(
      p, {.on_round_end = [&](const Verdict& standings) { rounds.push_back(standings); }});
  EXPECT_TRUE(whole.complete);
  ASSERT_TRUE(whole.verdict.has_value());
  ASSERT_GT(rounds.size(), 1u);  // or there is nothing to interrupt
  EXPECT_EQ(rounds.back().trials, whole.verdict->trials);

  std::atomic<bool> interrupt = false;
  std::vector<TrialResult> done;
  run_sweep(p, {.on_trial_end =
                    [&](const TrialSpec&, const TrialResult&, std::span<const TrialResult> all) {
                      done.assign(all.begin(), all.end());
                      if (all.size() == 7) interrupt = true;
                    },
                .interrupt = &interrupt});
  ASSERT_EQ(done.size(), 7u);
  const SweepResult resumed = run_sweep(p, {.done = done});
  EXPECT_EQ(results_digest(resumed), results_digest(whole));
}

}  // namespace
}  // namespace saltus
