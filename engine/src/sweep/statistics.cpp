#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>
#include <numeric>

#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/statistics.h>

#include "core/boundary.h"

namespace saltus {
namespace {

using StudentsT = boost::math::students_t_distribution<double>;

/// Half the width of a 95 % interval, in standard errors.
double half_width(double degrees_freedom) {
  return quantile(complement(StudentsT(degrees_freedom), 0.025));
}

Comparison compare(double difference, double standard_error, double degrees_freedom,
                   double deviation) {
  if (!std::isfinite(difference) || !std::isfinite(deviation)) {
    throw InvalidArgument(
        "only finite numbers can be compared, and such as have finite squares; leave the others "
        "out");
  }
  Comparison result;
  result.difference = difference;
  result.degrees_freedom = degrees_freedom;
  const double half = half_width(degrees_freedom) * standard_error;
  result.interval = {difference - half, difference + half};
  if (difference == 0) return result;  // also if nothing varies: t would be 0 / 0
  result.t = difference / standard_error;
  result.cohens_d = difference / deviation;
  result.p = std::isinf(result.t)
                 ? 0
                 : 2 * cdf(complement(StudentsT(degrees_freedom), std::abs(result.t)));
  return result;
}

}  // namespace

Summary summarize(std::span<const double> values) try {
  Summary summary;
  summary.count = values.size();
  const auto n = static_cast<double>(values.size());
  if (values.empty()) {
    summary.mean = std::numeric_limits<double>::quiet_NaN();
    return summary;
  }
  summary.mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  if (values.size() == 1) return summary;
  double squares = 0;
  for (const double value : values) squares += (value - summary.mean) * (value - summary.mean);
  summary.sd = std::sqrt(squares / (n - 1));
  const double half = half_width(n - 1) * summary.sd / std::sqrt(n);
  summary.interval = Interval{summary.mean - half, summary.mean + half};
  return summary;
} catch (...) {
  throw_as_promised();
}

std::optional<double> anytime_half_width(std::size_t count, double sd, double error) try {
  if (!(error > 0 && error < 1)) {
    throw InvalidArgument(
        fmt::format("the chance of an error is more than 0 and less than 1, not {}", error));
  }
  if (count < 2) return std::nullopt;
  // The effect, in standard deviations, is mixed over a normal distribution with this variance. The
  // mixture of the t statistic's densities over that at 0 is a martingale, which exceeds 1 / error
  // with a chance of at most that (Ville):
  //   ((1 + t^2 / (n - 1)) / (1 + t^2 / (k (n - 1))))^(n / 2) / sqrt(k) < 1 / error
  // is solved for t. A larger variance decides large effects sooner and small ones hardly later.
  constexpr double kVarianceOfEffects = 4;
  const auto n = static_cast<double>(count);
  const double k = 1 + n * kVarianceOfEffects;
  const double r = std::exp(2 / n * (std::log(k) / 2 - std::log(error)));
  if (r >= k) return std::nullopt;
  return sd / std::sqrt(n) * std::sqrt((n - 1) * (r - 1) / (1 - r / k));
} catch (...) {
  throw_as_promised();
}

std::optional<Interval> anytime_interval(std::span<const double> values, double error,
                                         double least_sd) try {
  const Summary summary = summarize(values);
  if (!values.empty() && !(std::isfinite(summary.mean) && std::isfinite(summary.sd))) {
    throw InvalidArgument("an interval needs finite numbers; leave the others out");
  }
  const auto half = anytime_half_width(values.size(), std::max(summary.sd, least_sd), error);
  if (!half) return std::nullopt;
  return Interval{summary.mean - *half, summary.mean + *half};
} catch (...) {
  throw_as_promised();
}

Comparison compare_paired(std::span<const double> a, std::span<const double> b) try {
  if (a.size() != b.size() || a.size() < 2) {
    throw InvalidArgument("a paired comparison needs two samples of one size, two values or more");
  }
  std::vector<double> differences(a.size());
  std::transform(a.begin(), a.end(), b.begin(), differences.begin(), std::minus<>{});
  const Summary summary = summarize(differences);
  const auto n = static_cast<double>(a.size());
  return compare(summary.mean, summary.sd / std::sqrt(n), n - 1, summary.sd);
} catch (...) {
  throw_as_promised();
}

Interval crossed_interval(std::span<const double> means_of_columns,
                          std::span<const double> means_of_rows) try {
  const Summary columns = summarize(means_of_columns);
  const Summary rows = summarize(means_of_rows);
  if (columns.count < 2 || rows.count < 2 || !std::isfinite(columns.sd) ||
      !std::isfinite(rows.sd)) {
    throw InvalidArgument(
        "an interval over rows and columns needs two finite means or more of each");
  }
  constexpr double kNormal = 1.959963984540054;  // 2.5 % are above
  const double of_columns = columns.interval->high - columns.mean;
  const double of_rows = kNormal * rows.sd / std::sqrt(static_cast<double>(rows.count));
  const double half = std::hypot(of_columns, of_rows);
  return {columns.mean - half, columns.mean + half};
} catch (...) {
  throw_as_promised();
}

Comparison compare_independent(const Summary& a, const Summary& b) try {
  if (a.count < 2 || b.count < 2) {
    throw InvalidArgument("a comparison of two samples needs two values or more in each");
  }
  const auto n = static_cast<double>(a.count);
  const auto m = static_cast<double>(b.count);
  const double pooled = std::sqrt(((n - 1) * a.sd * a.sd + (m - 1) * b.sd * b.sd) / (n + m - 2));
  return compare(a.mean - b.mean, pooled * std::sqrt(1 / n + 1 / m), n + m - 2, pooled);
} catch (...) {
  throw_as_promised();
}

std::vector<double> holm(std::span<const double> p) try {
  if (std::any_of(p.begin(), p.end(), [](double value) { return std::isnan(value); })) {
    throw InvalidArgument("a p-value that is not a number cannot be corrected; leave it out");
  }
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) { return p[i] < p[j]; });
  std::vector<double> corrected(p.size());
  double largest = 0;
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    const auto remaining = static_cast<double>(p.size() - rank);
    largest = std::max(largest, std::min(1.0, remaining * p[order[rank]]));
    corrected[order[rank]] = largest;
  }
  return corrected;
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
