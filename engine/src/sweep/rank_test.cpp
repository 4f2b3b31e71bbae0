// Friedman's and Nemenyi's tests. Demsar, "Statistical Comparisons of Classifiers over Multiple
// Data Sets", JMLR 7 (2006), section 3.2.2; the correction for ties is Conover's, "Practical
// Nonparametric Statistics" (1999), section 5.8.
#include <algorithm>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/quadrature/gauss_kronrod.hpp>
#include <cmath>
#include <numbers>

#include <saltus/error.h>
#include <saltus/statistics.h>

#include "core/boundary.h"
#include "core/ranks.h"

namespace saltus {
namespace {

constexpr double kLevel = 0.05;

/// The chance that so many normal numbers lie within a range of this width: the studentized range
/// with infinite degrees of freedom.
double chance_of_range(double width, double count) {
  const boost::math::normal normal;
  const auto density = [&](double least) {
    const double between = cdf(normal, least + width) - cdf(normal, least);
    return count * pdf(normal, least) * std::pow(between, count - 1);
  };
  return boost::math::quadrature::gauss_kronrod<double, 61>::integrate(density, -9.0, 9.0, 5,
                                                                       1e-10);
}

/// The width that is exceeded with the chance kLevel.
double critical_range(double count) {
  double low = 0;
  double high = 20;
  while (high - low > 1e-9) {
    const double middle = (low + high) / 2;
    (chance_of_range(middle, count) < 1 - kLevel ? low : high) = middle;
  }
  return low;
}

void check(std::span<const std::vector<double>> values) {
  const auto is_bad = [&](const std::vector<double>& block) {
    return block.size() != values[0].size() || block.size() < 2 ||
           std::ranges::any_of(block, [](double value) { return std::isnan(value); });
  };
  if (values.size() >= 2 && std::ranges::none_of(values, is_bad)) return;
  throw InvalidArgument(
      "ranks are compared in two blocks or more, each with a number for the same treatments, of "
      "which there are two or more");
}

}  // namespace

RankTest compare_ranks(std::span<const std::vector<double>> values) try {
  check(values);
  const auto blocks = static_cast<double>(values.size());
  const auto treatments = static_cast<double>(values[0].size());
  RankTest test;
  test.mean_ranks.assign(values[0].size(), 0);
  double squares = 0;  // of all ranks
  for (const std::vector<double>& block : values) {
    const std::vector<double> ranks = mean_ranks(block);
    for (std::size_t i = 0; i < ranks.size(); ++i) {
      test.mean_ranks[i] += ranks[i] / blocks;
      squares += ranks[i] * ranks[i];
    }
  }
  const double middle = (treatments + 1) / 2;
  double between = 0;
  for (const double rank : test.mean_ranks) between += (rank - middle) * (rank - middle);
  const double all = squares - blocks * treatments * middle * middle;
  if (all > 0) {
    test.chi_squared = (treatments - 1) * blocks * blocks * between / all;
    test.p = cdf(complement(boost::math::chi_squared(treatments - 1), test.chi_squared));
  }
  test.critical_difference = critical_range(treatments) / std::numbers::sqrt2 *
                             std::sqrt(treatments * (treatments + 1) / (6 * blocks));
  return test;
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
