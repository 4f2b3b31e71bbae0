#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>
#include <numeric>

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
