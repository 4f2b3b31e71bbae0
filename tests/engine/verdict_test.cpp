// When a sweep knows which setting is best: intervals that hold at every look, and what is said of
// them.
#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/error.h>
#include <saltus/statistics.h>
#include <saltus/verdict.h>

namespace saltus {
namespace {

using testing::HasSubstr;
using Values = std::vector<std::vector<double>>;

/// Of a normal distribution: the same everywhere.
class Normal {
 public:
  explicit Normal(std::uint64_t seed) : words_(seed) {}
  double operator()() {
    const auto uniform = [&] { return (static_cast<double>(words_() >> 11) + 0.5) * 0x1p-53; };
    return std::sqrt(-2 * std::log(uniform())) * std::cos(6.283185307179586 * uniform());
  }

 private:
  std::mt19937_64 words_;
};

// Where the mixture of noncentral t densities over effects of variance 4, integrated by SciPy's
// quad, is 1 / error times the central density: t sqrt(n) / n.
TEST(AnytimeInterval, IsWhereTheMixtureIsThatMuchMoreLikely) {
  EXPECT_NEAR(*anytime_half_width(6, 1, 0.05 / 15), 4.007400073810842, 1e-12);
  EXPECT_NEAR(*anytime_half_width(10, 1, 0.05 / 15), 1.8917248867871341, 1e-12);
  EXPECT_NEAR(*anytime_half_width(20, 1, 0.05), 0.8127161328418038, 1e-12);
  EXPECT_NEAR(*anytime_half_width(3, 2, 0.2), 2 * 2.88337992341678, 1e-12);
  EXPECT_NEAR(*anytime_half_width(100, 1, 0.01), 0.4037840604541083, 1e-12);
  EXPECT_FALSE(anytime_half_width(1, 1, 0.05).has_value());
  EXPECT_FALSE(anytime_half_width(2, 1, 0.001).has_value());  // no difference is large enough
}

TEST(AnytimeInterval, IsThatOfAKnownDeviationWhereValuesAreMany) {
  // normal_mixture_bound() of confseq 0.0.11 (Howard et al. 2021) by the number of values, with the
  // v_opt at which its mixture has variance 4. What is left is the doubt about the deviation: t^2 /
  // n, which is 2.1e-5 and 2.9e-5, and half of it in the width.
  EXPECT_NEAR(*anytime_half_width(1'000'000, 1, 0.05) / 4603.61542861e-6, 1, 2e-5);
  EXPECT_NEAR(*anytime_half_width(1'000'000, 1, 0.001) / 5386.77296546e-6, 1, 2e-5);
}

TEST(AnytimeInterval, TakesTheDeviationThatTheValuesHaveAtLeast) {
  const std::vector<double> same(10, 0.5);
  const auto interval = anytime_interval(same, 0.05, 0.01);
  EXPECT_DOUBLE_EQ(interval->high, 0.5 + *anytime_half_width(10, 0.01, 0.05));
  EXPECT_EQ(anytime_interval(same, 0.05)->low, 0.5);
}

TEST(AnytimeInterval, RefusesWhatIsNoChanceOrNoNumber) {
  const std::vector<double> values = {0.1, NAN, 0.2};
  EXPECT_THROW(anytime_interval(values, 0.05), InvalidArgument);
  EXPECT_THROW(anytime_half_width(5, 1, 0), InvalidArgument);
  EXPECT_THROW(anytime_half_width(5, 1, 1), InvalidArgument);
}

// Looked at after each of 200 repeats. Student's interval, which is for one look, misses the mean
// at some time in about half of the runs.
TEST(AnytimeInterval, HoldsTheMeanAtAllLooksTogether) {
  constexpr int kRuns = 2000;
  constexpr double kError = 0.05;
  Normal normal(7);
  int missed = 0;
  int student_missed = 0;
  for (int run = 0; run < kRuns; ++run) {
    std::vector<double> values = {normal()};
    bool ever = false;
    bool student_ever = false;
    while (values.size() < 200) {
      values.push_back(normal());
      const auto interval = anytime_interval(values, kError);
      ever = ever || (interval && (interval->low > 0 || interval->high < 0));
      const Interval student = *summarize(values).interval;
      student_ever = student_ever || student.low > 0 || student.high < 0;
    }
    missed += ever ? 1 : 0;
    student_missed += student_ever ? 1 : 0;
  }
  // Three standard errors of a share of 5 % in so many runs.
  EXPECT_LE(missed, kRuns * (kError + 3 * std::sqrt(kError * (1 - kError) / kRuns)));
  EXPECT_GT(missed, 0);
  EXPECT_GT(student_missed, kRuns / 4);
}

/// Settings with these means, and noise of a thousandth.
Values around(const std::vector<double>& means, std::size_t seeds) {
  Normal normal(3);
  Values values;
  for (const double mean : means) {
    std::vector<double>& of_setting = values.emplace_back();
    for (std::size_t i = 0; i < seeds; ++i) of_setting.push_back(mean + 0.001 * normal());
  }
  return values;
}

TEST(Judge, FindsTheBest) {
  const Values values = around({0.90, 0.95, 0.93}, 12);
  const Verdict verdict = judge(values, {false, false, false}, 10'000, {});
  ASSERT_EQ(verdict.leader, 1u);
  EXPECT_TRUE(verdict.decided);
  EXPECT_EQ(verdict.settings[0].standing, Standing::beaten);
  EXPECT_EQ(verdict.settings[1].standing, Standing::leads);
  EXPECT_EQ(verdict.settings[2].standing, Standing::beaten);
  EXPECT_EQ(verdict.trials, 36u);
  EXPECT_NEAR(verdict.settings[2].difference, 0.02, 0.001);
  // An error of 5 % over three pairs.
  std::vector<double> differences;
  for (std::size_t i = 0; i < 12; ++i) differences.push_back(values[1][i] - values[2][i]);
  const auto interval = anytime_interval(differences, 0.05 / 3);
  EXPECT_DOUBLE_EQ(verdict.settings[2].interval->low, interval->low);
  EXPECT_DOUBLE_EQ(verdict.settings[2].interval->high, interval->high);
  EXPECT_EQ(verdict.settings[1].p_first, 1);
  EXPECT_EQ(verdict.tau, 1);
  EXPECT_FALSE(verdict.seeds_missing.has_value());
  EXPECT_THAT(
      text_of(verdict, std::vector<std::string>{"relu", "selu", "elu"}),
      HasSubstr("selu is best; it is 1.92 points (1.73 to 2.11) ahead of elu, the next, and "
                "further ahead of 1 other. 36 trials; the chance that any of this is wrong"));
}

TEST(Judge, CallsSmallDifferencesEqual) {
  const Values values = around({0.95, 0.95, 0.80}, 30);
  const Verdict verdict = judge(values, {false, false, false}, 10'000, {.epsilon = 0.01});
  EXPECT_TRUE(verdict.decided);
  const std::size_t leader = *verdict.leader;
  ASSERT_LT(leader, 2u);
  EXPECT_EQ(verdict.settings[1 - leader].standing, Standing::equal);
  EXPECT_THAT(text_of(verdict, std::vector<std::string>{"a", "a", "c"}),
              HasSubstr("a is best, and a is practically equal to it (within 1.00 points)"));
  // One standard error of an accuracy of 95 % on 10,000 images.
  EXPECT_NEAR(judge(values, {false, false, false}, 10'000, {}).epsilon, 0.00218, 1e-5);
}

TEST(Judge, SaysHowManySeedsAreMissing) {
  const Values values = around({0.9500, 0.9495}, 6);
  const Verdict verdict = judge(values, {false, false}, 10'000, {.epsilon = 1e-6});
  EXPECT_FALSE(verdict.decided);
  EXPECT_EQ(verdict.settings[1 - *verdict.leader].standing, Standing::open);
  std::vector<double> differences;
  for (std::size_t i = 0; i < 6; ++i) differences.push_back(values[0][i] - values[1][i]);
  const Summary seen = summarize(differences);
  // Below the distance even where chance takes 0.84 standard errors, as in one of five cases.
  const auto needed = [&](std::size_t count) {
    return *anytime_half_width(count, seen.sd, 0.05) +
           0.8416 * seen.sd / std::sqrt(static_cast<double>(count));
  };
  const std::size_t count = 6 + verdict.seeds_missing.value();
  EXPECT_LT(needed(count), std::abs(seen.mean));
  EXPECT_GE(needed(count - 1), std::abs(seen.mean));
  EXPECT_THAT(text_of(verdict, std::vector<std::string>{"relu", "elu"}),
              HasSubstr("not decided: "));
}

TEST(Judge, LeavesOutWhatDiverged) {
  Values values = around({0.90, 0.95, 0.99}, 12);
  values[2].resize(1);
  const Verdict verdict = judge(values, {false, false, true}, 10'000, {});
  EXPECT_EQ(verdict.leader, 1u);
  EXPECT_EQ(verdict.settings[2].standing, Standing::diverged);
  EXPECT_EQ(verdict.settings[2].p_first, 0);
  EXPECT_TRUE(verdict.decided);
  const Verdict none = judge(values, {true, true, true}, 10'000, {});
  EXPECT_FALSE(none.leader.has_value());
  EXPECT_EQ(text_of(none, std::vector<std::string>{"a", "b", "c"}),
            "every setting diverged: none is best.");
}

// b beats a, c does not; so a is not best though its interval with the leader c is open.
TEST(Judge, WhatAnyoneBeatsIsBeaten) {
  Values values = around({0.900, 0.906, 0.907}, 12);
  Normal normal(11);
  for (double& value : values[2]) value += 0.05 * normal();
  const double mean = summarize(values[2]).mean;
  for (double& value : values[2]) value += 0.907 - mean;
  const Verdict verdict = judge(values, {false, false, false}, 10'000, {});
  ASSERT_EQ(verdict.leader, 2u);
  EXPECT_LT(verdict.settings[0].interval->low, 0);
  EXPECT_EQ(verdict.settings[0].standing, Standing::beaten);
  EXPECT_EQ(verdict.settings[1].standing, Standing::open);
}

// By its mean it is ahead, but of the seeds that both have it loses each.
TEST(Judge, WhatIsBeatenDoesNotLead) {
  Values values = around({0.95, 0.97}, 6);
  for (int more = 0; more < 20; ++more) values[1].push_back(0.90);  // by seeds the other lacks
  ASSERT_LT(summarize(values[1]).mean, summarize(values[0]).mean);
  const Verdict verdict = judge(values, {false, false}, 10'000, {});
  EXPECT_EQ(verdict.leader, 1u);
  EXPECT_EQ(verdict.settings[0].standing, Standing::beaten);
}

// Differences that are all alike on 100 images may differ by what rounding hides.
TEST(Judge, ForecastsWithTheDeviationThatRoundingMakes) {
  const Values values = {{0.50, 0.60, 0.55}, {0.51, 0.61, 0.56}};
  const Verdict verdict = judge(values, {false, false}, 100, {.epsilon = 1e-6});
  ASSERT_FALSE(verdict.decided);
  const double sd = 1 / (std::sqrt(6.0) * 100);
  const auto needed = [&](std::size_t count) {
    return *anytime_half_width(count, sd, 0.05) +
           0.8416 * sd / std::sqrt(static_cast<double>(count));
  };
  const std::size_t count = 3 + verdict.seeds_missing.value();
  EXPECT_LT(needed(count), 0.01);
  EXPECT_GE(needed(count - 1), 0.01);
}

// By hand: seed 1 ranks a < b < c as all do, seed 2 b < a < c: one of three pairs is turned.
TEST(Judge, SeedsThatRankDifferentlyHaveALowerTau) {
  const Values values = {{0.1, 0.3}, {0.2, 0.25}, {0.5, 0.6}};
  const Verdict verdict = judge(values, {false, false, false}, 100, {});
  // Means 0.2, 0.225, 0.55: seed 1 agrees (tau 1), seed 2 turns the first pair (tau 1/3).
  EXPECT_NEAR(*verdict.tau, (1 + 1.0 / 3) / 2, 1e-12);
}

TEST(Judge, NeedsTwoSettingsAndTwoSeeds) {
  EXPECT_THROW(judge(around({0.9}, 6), {false}, 100, {}), InvalidArgument);
  EXPECT_THROW(judge(around({0.9, 0.8}, 1), {false, false}, 100, {}), InvalidArgument);
}

}  // namespace
}  // namespace saltus
