#pragma once

#include <saltus/export.h>

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace saltus {

/// A confidence interval.
struct Interval {
  double low = 0;
  double high = 0;
};

/// Repeats of one measurement.
struct Summary {
  std::size_t count = 0;
  double mean = 0;                   ///< NaN without values
  double sd = 0;                     ///< sample standard deviation, n - 1 below; 0 for one value
  std::optional<Interval> interval;  ///< 95 % for the mean, Student's t; none for one value
};

/// Mean, standard deviation and 95 % interval.
SALTUS_API Summary summarize(std::span<const double> values);

/// An interval of the mean that holds at every number of repeats at once: the chance that it ever
/// leaves the mean out, looked at after each repeat, is at most `error`. Of normal values whose
/// deviation is unknown, by a mixture over effects (Lai 1976; Wang and Ramdas, "Anytime-valid
/// t-tests", arXiv 2310.03722). `least_sd` is the deviation that the values have at least. None
/// while they are too few to say anything. Throws InvalidArgument unless 0 < error < 1 and all
/// values are finite.
SALTUS_API std::optional<Interval> anytime_interval(std::span<const double> values, double error,
                                                    double least_sd = 0);

/// Half the width of that interval, for so many values with that deviation.
SALTUS_API std::optional<double> anytime_half_width(std::size_t count, double sd, double error);

/// What is known of a difference of two means.
struct Comparison {
  double difference = 0;       ///< mean of a minus mean of b
  Interval interval;           ///< 95 %, Student's t
  double t = 0;                ///< difference in standard errors
  double degrees_freedom = 0;  ///< of t
  double p = 1;                ///< two-sided: chance of so large a t were the means equal
  double cohens_d = 0;         ///< the difference in standard deviations
};

/// Compares a[i] with b[i], pair by pair: what the pairs share (a seed: shuffles, initial draws)
/// cancels out. cohens_d is in standard deviations of the differences. Throws InvalidArgument
/// unless there are two pairs, and all finite.
SALTUS_API Comparison compare_paired(std::span<const double> a, std::span<const double> b);

/// 95 % for the mean over new rows and new columns of a table: that of its columns' means by
/// Student's t, that of its rows' means by the normal distribution, their half widths added as
/// squares. The noise of single entries counts twice, so it is rather too wide (Owen, "The
/// pigeonhole bootstrap", 2007). Throws InvalidArgument unless both have two values, and all are
/// finite.
SALTUS_API Interval crossed_interval(std::span<const double> means_of_columns,
                                     std::span<const double> means_of_rows);

/// Student's test of two independent samples with a pooled variance; cohens_d is in pooled standard
/// deviations. Throws InvalidArgument unless each has two values, and a finite mean and deviation.
SALTUS_API Comparison compare_independent(const Summary& a, const Summary& b);

/// Holm's correction (1979): p-values of several comparisons, raised so that a limit on each is a
/// limit on the chance that any of them misleads. Throws InvalidArgument for a NaN.
SALTUS_API std::vector<double> holm(std::span<const double> p);

/// What the ranks of treatments within blocks say.
struct RankTest {
  std::vector<double> mean_ranks;  ///< of each treatment over the blocks; 1 is best
  double chi_squared = 0;          ///< Friedman's, corrected for ties; 0 if all is tied
  double p = 1;                    ///< by the chi-squared distribution
  /// Nemenyi's: mean ranks that are further apart differ at the level 0.05.
  double critical_difference = 0;
};

/// Friedman's test, and Nemenyi's behind it, as Demsar (2006) uses them. values[block][treatment],
/// higher is better, equal values share the mean of their ranks. Throws InvalidArgument unless
/// there are two blocks and two treatments, each block has all treatments, and no value is NaN.
SALTUS_API RankTest compare_ranks(std::span<const std::vector<double>> values);

}  // namespace saltus
