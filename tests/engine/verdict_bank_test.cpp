// What a verdict is worth, on the accuracies of networks that were really trained: a bank of 200
// seeds of one setting, dealt into six that differ in nothing, and six activations with 30 seeds.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/statistics.h>
#include <saltus/verdict.h>

#include "core/file.h"
#include "sweep/race.h"

namespace saltus {
namespace {

using Values = std::vector<std::vector<double>>;

constexpr std::size_t kImages = 2000;  // that the accuracies are shares of
constexpr std::size_t kSettings = 6;
constexpr std::size_t kFirst = 6;
constexpr int kDeals = 1000;

/// A line of shares for each setting.
Values bank(const std::string& name) {
  const std::string text = read_file(std::string(SALTUS_BANKS) + "/" + name, 1 << 20);
  Values bank;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    std::vector<double>& line = bank.emplace_back();
    while (at < end) {
      const std::size_t comma = std::min(text.find(',', at), end);
      line.push_back(std::stod(text.substr(at, comma - at)));
      at = comma + 1;
    }
    at = end + 1;
  }
  return bank;
}

/// How a race over given values went.
struct Course {
  bool ever_beaten = false;  ///< a setting, in any round
  Verdict last;
  std::size_t trials = 0;
};

/// Values are revealed seed by seed, until all is decided or the seeds are at an end.
Course race(const Values& all, const UntilDecided& rules) {
  Values seen;
  for (const std::vector<double>& of_setting : all)
    seen.emplace_back(of_setting.begin(), of_setting.begin() + kFirst);
  const std::vector<bool> diverged(all.size());
  Course course;
  while (true) {
    course.last = standings(seen, diverged, kImages, rules);
    course.trials = course.last.trials;
    course.ever_beaten =
        course.ever_beaten ||
        std::ranges::count(course.last.settings, Standing::beaten, &VerdictEntry::standing) > 0;
    const std::vector<TrialPlan> round = next_round(seen, course.last);
    if (round.empty()) return course;
    for (const auto& [setting, repeat] : round) {
      if (repeat == all[setting].size()) return course;
      seen[setting].push_back(all[setting][repeat]);
    }
  }
}

/// Deals the bank into settings of so many seeds, each time otherwise.
class Dealer {
 public:
  Dealer() : values_(bank("selu.csv").front()) {}

  Values deal() {
    for (std::size_t i = values_.size() - 1; i > 0; --i)
      std::swap(values_[i], values_[(words_() >> 11) % (i + 1)]);
    const std::size_t seeds = values_.size() / kSettings;
    Values settings;
    for (std::size_t i = 0; i < kSettings; ++i) {
      const auto first = values_.begin() + static_cast<std::ptrdiff_t>(i * seeds);
      settings.emplace_back(first, first + static_cast<std::ptrdiff_t>(seeds));
    }
    return settings;
  }

  double sd() const { return summarize(values_).sd; }

 private:
  std::vector<double> values_;
  std::mt19937_64 words_{1};
};

/// "selu: 3 of 1000"
void tell(const char* what, int count, int of) {
  std::printf("%s: %d of %d (%.1f %%)\n", what, count, of, 100.0 * count / of);
}

// One setting beats another, at any look, in at most 5 % of sweeps of settings that are the same.
TEST(VerdictBank, SeldomFindsADifferenceWhereThereIsNone) {
  Dealer dealer;
  int beaten = 0;
  for (int deal = 0; deal < kDeals; ++deal)
    beaten += race(dealer.deal(), {.epsilon = 1e-9}).ever_beaten ? 1 : 0;
  tell("sweeps that found a difference where there is none", beaten, kDeals);
  EXPECT_LE(beaten, kDeals / 20);
}

// Both kinds of intervals, of the difference of two settings that are the same, at 20 seeds.
TEST(VerdictBank, IntervalsHoldWhatTheyPromise) {
  Dealer dealer;
  int student = 0;
  int anytime = 0;
  for (int deal = 0; deal < kDeals; ++deal) {
    const Values settings = dealer.deal();
    std::vector<double> differences;
    for (std::size_t i = 0; i < 20; ++i) differences.push_back(settings[0][i] - settings[1][i]);
    const Interval of_student = *summarize(differences).interval;
    const Interval of_any_time = *anytime_interval(differences, 0.05);
    student += of_student.low <= 0 && 0 <= of_student.high ? 1 : 0;
    anytime += of_any_time.low <= 0 && 0 <= of_any_time.high ? 1 : 0;
  }
  tell("Student's 95 % intervals that hold the difference", student, kDeals);
  tell("intervals for all looks that hold it", anytime, kDeals);
  EXPECT_GE(student, kDeals * 93 / 100);
  EXPECT_LE(student, kDeals * 97 / 100);
  EXPECT_GE(anytime, student);
}

// A setting that is better by so many standard deviations is found, and only it.
TEST(VerdictBank, FindsDifferencesThatThereAre) {
  for (const double deviations : {2.0, 1.75}) {
    Dealer dealer;
    int right = 0;
    int wrong = 0;
    double trials = 0;
    for (int deal = 0; deal < kDeals; ++deal) {
      Values settings = dealer.deal();
      for (double& value : settings[3]) value += deviations * dealer.sd();
      const Course course = race(settings, {.epsilon = 1e-9});
      const bool decided = course.last.decided;
      right += decided && course.last.leader == 3u ? 1 : 0;
      wrong += course.last.settings[3].standing == Standing::beaten ? 1 : 0;
      trials += static_cast<double>(course.trials) / kDeals;
    }
    std::printf("better by %.2f deviations, %.0f trials in the mean; ", deviations, trials);
    tell("found", right, kDeals);
    EXPECT_GE(right, kDeals * 8 / 10) << deviations;
    EXPECT_LE(wrong, kDeals / 20) << deviations;
  }
}

// The forecast of a sweep that stops at six seeds a setting, kept to: it decides in four of five.
TEST(VerdictBank, ForecastsHold) {
  Dealer dealer;
  int forecasts = 0;
  int kept = 0;
  for (int deal = 0; deal < kDeals; ++deal) {
    Values settings = dealer.deal();
    settings.resize(2);
    for (double& value : settings[0]) value += 2 * dealer.sd();
    Values first;
    for (const auto& of_setting : settings)
      first.emplace_back(of_setting.begin(), of_setting.begin() + kFirst);
    const UntilDecided rules = {.epsilon = 1e-9};
    const std::vector<bool> diverged(2);
    const Verdict early = standings(first, diverged, kImages, rules);
    if (early.decided || !early.seeds_missing) continue;
    const std::size_t seeds = kFirst + *early.seeds_missing;
    if (seeds > settings[0].size()) continue;
    for (auto& of_setting : settings) of_setting.resize(seeds);
    ++forecasts;
    kept += race(settings, rules).last.decided ? 1 : 0;
  }
  tell("forecasts that held", kept, forecasts);
  EXPECT_GE(forecasts, 100);
  EXPECT_GE(kept, forecasts * 8 / 10);
}

// The tutorial's six: half as many trials as 20 seeds of each, and how much pairs are worth.
TEST(VerdictBank, TakesHalfOfTheTrialsOfTwentySeeds) {
  const Values six = bank("six.csv");
  std::vector<std::size_t> order(six.front().size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::mt19937_64 words(2);
  constexpr int kOrders = 200;
  double trials = 0;
  int decided = 0;
  for (int turn = 0; turn < kOrders; ++turn) {
    for (std::size_t i = order.size() - 1; i > 0; --i)
      std::swap(order[i], order[(words() >> 11) % (i + 1)]);
    Values shuffled = six;
    for (std::size_t setting = 0; setting < six.size(); ++setting) {
      for (std::size_t i = 0; i < order.size(); ++i) shuffled[setting][i] = six[setting][order[i]];
    }
    const Course course = race(shuffled, {});
    trials += static_cast<double>(course.trials) / kOrders;
    decided += course.last.decided ? 1 : 0;
  }
  std::printf("six activations: %.1f trials in the mean; ", trials);
  tell("decided", decided, kOrders);
  EXPECT_EQ(decided, kOrders);
  EXPECT_LE(trials, 20 * 6 / 2.0);
}

}  // namespace
}  // namespace saltus
