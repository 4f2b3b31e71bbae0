#include <array>
#include <cmath>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/error.h>
#include <saltus/statistics.h>

namespace saltus {
namespace {

TEST(Summarize, MeanDeviationAndInterval) {
  const std::array values{2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0};
  const Summary summary = summarize(values);
  EXPECT_EQ(summary.count, 8u);
  EXPECT_DOUBLE_EQ(summary.mean, 5.0);
  EXPECT_DOUBLE_EQ(summary.sd, std::sqrt(32.0 / 7.0));
  // t(0.975, 7) = 2.3646242515927844, from printed tables and any statistics package.
  const double half = 2.3646242515927844 * std::sqrt(32.0 / 7.0 / 8.0);
  ASSERT_TRUE(summary.interval.has_value());
  EXPECT_NEAR(summary.interval->low, 5.0 - half, 1e-12);
  EXPECT_NEAR(summary.interval->high, 5.0 + half, 1e-12);
}

TEST(Summarize, OneValueHasNoInterval) {
  const std::array values{0.98};
  const Summary summary = summarize(values);
  EXPECT_EQ(summary.mean, 0.98);
  EXPECT_EQ(summary.sd, 0);
  EXPECT_FALSE(summary.interval.has_value());
}

TEST(Summarize, NothingIsNotANumber) {
  const Summary summary = summarize({});
  EXPECT_EQ(summary.count, 0u);
  EXPECT_TRUE(std::isnan(summary.mean));
}

TEST(ComparePaired, StudentsSleepData) {
  // Student (1908), hours of sleep gained by ten patients under two drugs; the published result of
  // the paired test is t = -4.0621, 9 degrees of freedom, p = 0.002833, interval -2.4599 to
  // -0.7001.
  const std::array drug1{0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0};
  const std::array drug2{1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4};
  const Comparison paired = compare_paired(drug1, drug2);
  EXPECT_NEAR(paired.difference, -1.58, 1e-12);
  EXPECT_NEAR(paired.t, -4.0621, 5e-5);
  EXPECT_EQ(paired.degrees_freedom, 9);
  EXPECT_NEAR(paired.p, 0.002833, 5e-7);
  EXPECT_NEAR(paired.interval.low, -2.4598858, 5e-8);
  EXPECT_NEAR(paired.interval.high, -0.7001142, 5e-8);
  EXPECT_NEAR(paired.cohens_d, paired.t / std::sqrt(10.0), 1e-12);

  // The same data as independent samples: t = -1.8608, 18 degrees of freedom, p = 0.07919.
  const Comparison independent = compare_independent(summarize(drug1), summarize(drug2));
  EXPECT_NEAR(independent.t, -1.8608, 5e-5);
  EXPECT_EQ(independent.degrees_freedom, 18);
  EXPECT_NEAR(independent.p, 0.07919, 5e-6);
}

TEST(ComparePaired, EqualSamplesDoNotDiffer) {
  const std::array values{0.1, 0.2, 0.4};
  const Comparison same = compare_paired(values, values);
  EXPECT_EQ(same.difference, 0);
  EXPECT_EQ(same.p, 1);
}

TEST(ComparePaired, AConstantDifferenceIsCertain) {
  const std::array a{2.0, 3.0, 5.0};
  const std::array b{1.0, 2.0, 4.0};
  const Comparison comparison = compare_paired(a, b);
  EXPECT_EQ(comparison.p, 0);
  EXPECT_EQ(comparison.interval.low, 1);
  EXPECT_EQ(comparison.interval.high, 1);
}

TEST(ComparePaired, NeedsTwoPairs) {
  const std::array one{1.0};
  const std::array two{1.0, 2.0};
  EXPECT_THROW(compare_paired(one, one), InvalidArgument);
  EXPECT_THROW(compare_paired(one, two), InvalidArgument);
  EXPECT_THROW(compare_independent(summarize(one), summarize(two)), InvalidArgument);
}

TEST(Holm, RaisesAndKeepsTheOrder) {
  // Sorted: 0.005 x 4, 0.01 x 3, 0.03 x 2, 0.04 x 1, each at least as large as the one before.
  const std::array p{0.01, 0.04, 0.03, 0.005};
  EXPECT_THAT(holm(p),
              testing::Pointwise(testing::DoubleNear(1e-15), std::vector{0.03, 0.06, 0.06, 0.02}));
  EXPECT_THAT(holm(std::array{0.6, 0.9}), testing::ElementsAre(1, 1)) << "2 x 0.6 is no p";
  EXPECT_TRUE(holm({}).empty());
}

/// A row of the significance table in the Mish repository (digantamisra98/Mish, README.md):
/// SqueezeNet on CIFAR-10, 23 runs, test accuracy in percent against Mish's 87.48 (sd 0.3967).
struct PublishedRow {
  std::string name;
  double mean;
  double sd;
  double cohens_d;
  Interval interval;
};

const std::vector<PublishedRow> kMishTable = {
    {"swish", 87.32347, 0.414, 0.386, {-0.3975, 0.0844}},
    {"e_swish", 87.49391, 0.411, 0.034444, {-0.2261, 0.2539}},
    {"gelu", 87.37083, 0.472, 0.250468, {-0.3682, 0.1499}},
    {"relu", 86.65869, 0.584, 1.645536, {-1.1179, -0.5247}},
    {"elu", 86.40565, 0.3371, 2.918232, {-1.2931, -0.8556}},
    {"leaky_relu", 86.84826, 0.4569, 1.47632, {-0.8860, -0.3774}},
    {"rrelu", 86.86913, 0.4478, 1.444091, {-0.8623, -0.3595}},
    {"selu", 83.91086, 0.5995, 7.020812, {-3.8713, -3.2670}},
    {"hard_shrink", 75.03086, 0.98345, 16.601747, {-12.8948, -12.0035}},
    {"hard_tanh", 82.77956, 0.4491, 11.093842, {-4.9522, -4.4486}},
    {"log_sigmoid", 81.9813, 1.6751, 4.517156, {-6.2221, -4.7753}},
    {"prelu", 85.66478, 2.2406, 1.128135, {-2.7715, -0.8590}},
    {"relu6", 86.75391, 0.4501, 1.711482, {-0.9782, -0.4740}},
    {"celu", 86.22826, 0.50941, 2.741669, {-1.5231, -0.9804}},
    {"sigmoid", 74.81739, 5.7662, 3.098289, {-15.0915, -10.2337}},
    {"soft_shrink", 82.34913, 0.71959, 8.830541, {-5.4762, -4.7856}},
    {"tanh_shrink", 82.34608, 0.94508, 7.083564, {-5.5646, -4.7032}},
    {"tanh", 83.15217, 0.6887, 7.700198, {-4.6618, -3.9938}},
    {"softsign", 82.65782, 0.6697, 8.761157, {-5.1493, -4.4951}},
    {"aria2", 81.30782, 2.35475, 3.655362, {-7.1757, -5.1687}},
    {"bent_identity", 85.02608, 0.60404, 4.80211, {-2.7576, -2.1502}},
    {"sqnl", 83.43695, 0.46819, 9.317237, {-4.3009, -3.7852}},
    {"elish", 87.37652, 0.47731, 0.235784, {-0.3643, 0.1573}},
    {"hard_elish", 85.88869, 0.62245, 3.048849, {-1.9015, -1.2811}},
    {"srelu", 85.04565, 0.5826, 4.883831, {-2.7306, -2.1381}},
    {"ftswish", 86.93043, 0.40047, 1.378742, {-0.7865, -0.3127}},
    {"sine_relu", 86.48173, 0.88062, 1.461675, {-1.4041, -0.5924}},
    {"weighted_tanh", 80.66043, 1.19868, 7.638298, {-7.3502, -6.2890}},
    {"lecun_tanh", 82.71956, 0.58256, 9.551812, {-5.0566, -4.4642}},
    {"soft_clipping", 55.20956, 10.831994, 4.210373, {-36.8255, -27.7154}},
    {"isrlu", 86.69956, 0.5788, 1.572874, {-1.0753, -0.4856}},
    {"softplus", 83.00434, 1.4015, 4.345453, {-4.7778, -4.1735}},
    {"isru", 86.85, 0.1106, 5.302987, {-4.4855, -3.5815}},
};

Comparison against_mish(double mean, double sd) {
  return compare_independent({.count = 23, .mean = mean, .sd = sd, .interval = {}},
                             {.count = 23, .mean = 87.48, .sd = 0.3967, .interval = {}});
}

/// The table rounds the means to 5e-6 and the deviations to 5e-5 of their values or less, and its
/// own figures to 5e-5: a deviation wrong by 5e-5 / 0.4 moves d = 7 by 9e-4.
constexpr double kTableTolerance = 1e-3;

bool agrees(const PublishedRow& row) {
  const Comparison comparison = against_mish(row.mean, row.sd);
  return std::abs(std::abs(comparison.cohens_d) - row.cohens_d) < kTableTolerance &&
         std::abs(comparison.interval.low - row.interval.low) < kTableTolerance &&
         std::abs(comparison.interval.high - row.interval.high) < kTableTolerance;
}

TEST(CompareIndependent, ReproducesTheMishTable) {
  for (const PublishedRow& row : kMishTable) {
    const bool known_bad = row.name == "isru" || row.name == "softplus";
    EXPECT_EQ(agrees(row), !known_bad) << row.name;
  }
  EXPECT_NEAR(against_mish(87.32347, 0.414).p, 0.1973, 5e-5);
  EXPECT_NEAR(against_mish(87.49391, 0.411).p, 0.9075, 5e-4);
  EXPECT_NEAR(against_mish(87.37083, 0.472).p, 0.4003, 5e-4);
  EXPECT_NEAR(against_mish(85.66478, 2.2406).p, 0.0004, 5e-5);
  EXPECT_LT(against_mish(86.65869, 0.584).p, 1e-4);
}

TEST(CompareIndependent, FindsTheBadRowsOfTheMishTable) {
  // isru: d and the interval belong to the mean and deviation (83.44652 +- 0.4323568, 95 %) that
  // the page gives in its second table, not to those of the row.
  const double sd = 0.4323568 * std::sqrt(23.0) / 2.0738731;  // t(0.975, 22)
  EXPECT_NEAR(against_mish(83.44652, sd).cohens_d, -5.302987, kTableTolerance);
  EXPECT_NEAR(against_mish(86.85, 0.1106).cohens_d, -2.1634, kTableTolerance);
  EXPECT_NEAR(against_mish(86.85, 0.1106).interval.low, -0.8031, kTableTolerance);
  EXPECT_NEAR(against_mish(86.85, 0.1106).interval.high, -0.4569, kTableTolerance);
  // softplus: d is right, the interval has the width of selu's.
  EXPECT_NEAR(against_mish(83.00434, 1.4015).cohens_d, -4.345453, kTableTolerance);
  EXPECT_GT(against_mish(83.00434, 1.4015).interval.high - -4.1735, 0.3);
}

TEST(CompareRanks, FriedmansTestOfPulses) {
  // Pulses of seven people at rest, after exercise and five minutes later, an example of SciPy's
  // manual; chi-squared is 12 / (7 * 3 * 4) * (10^2 + 21^2 + 11^2) - 3 * 7 * 4, and p, with two
  // degrees of freedom, exp(-chi-squared / 2). Here the highest has rank 1.
  const std::vector<std::vector<double>> pulses = {{72, 120, 76}, {96, 120, 95}, {88, 132, 104},
                                                   {92, 120, 96}, {74, 101, 84}, {76, 96, 72},
                                                   {82, 112, 76}};
  const RankTest test = compare_ranks(pulses);
  EXPECT_NEAR(test.chi_squared, 10.571428571428571, 1e-12);
  EXPECT_NEAR(test.p, 0.005063414171757498, 1e-12);
  EXPECT_THAT(test.mean_ranks, testing::ElementsAre(testing::DoubleNear(18.0 / 7, 1e-12),
                                                    testing::DoubleNear(1, 1e-12),
                                                    testing::DoubleNear(17.0 / 7, 1e-12)));
}

TEST(CompareRanks, TiesShareRanks) {
  // By hand: ranks 2.5 2.5 1 and 3 2 1, so 2 * 4 * (0.75^2 + 0.25^2 + 1) / (13.5 + 14 - 24).
  const RankTest test = compare_ranks(std::vector<std::vector<double>>{{1, 1, 2}, {1, 2, 3}});
  EXPECT_THAT(test.mean_ranks, testing::ElementsAre(2.75, 2.25, 1));
  EXPECT_NEAR(test.chi_squared, 13 / 3.5, 1e-12);
  const RankTest tied = compare_ranks(std::vector<std::vector<double>>{{1, 1}, {2, 2}});
  EXPECT_EQ(tied.chi_squared, 0);
  EXPECT_EQ(tied.p, 1);
}

TEST(CompareRanks, CriticalDifferencesAreThoseOfTheTable) {
  // Demsar (2006), table 5a: the critical value q for 2 to 10 classifiers, in four digits.
  const std::array q{1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164};
  for (std::size_t i = 0; i < q.size(); ++i) {
    const std::size_t k = i + 2;
    const std::vector<std::vector<double>> values(14, std::vector<double>(k, 1));
    const auto count = static_cast<double>(k);
    EXPECT_NEAR(compare_ranks(values).critical_difference / std::sqrt(count * (count + 1) / 84),
                q[i], 0.001)
        << k;
  }
}

TEST(CompareRanks, RefusesWhatCannotBeRanked) {
  const double nan = std::nan("");
  using Values = std::vector<std::vector<double>>;
  for (const Values& values : {Values{}, Values{{1, 2}}, Values{{1}, {2}}, Values{{1, 2}, {1}},
                               Values{{1, 2}, {1, nan}}}) {
    EXPECT_THROW(compare_ranks(values), InvalidArgument);
  }
}

}  // namespace
}  // namespace saltus
