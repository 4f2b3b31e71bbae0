#include "formula/describe.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "formula/extremes.h"
#include "formula/wide.h"

namespace saltus::formula {
namespace {

/// The least and the greatest value on a fine grid, and what f comes to beyond it.
class ValueRange {
 public:
  void take(double value) {
    if (std::isnan(value)) return;
    low_ = std::min(low_, value);
    high_ = std::max(high_, value);
  }
  /// A limit that f reaches nowhere is written with a round bracket.
  void approach(double limit, bool is_reached) {
    if (std::isnan(limit)) return;
    take(limit);
    if (is_reached || std::isinf(limit)) return;
    const auto is_limit = [&](double end) {
      return std::abs(end - limit) <= 1e-9 * (1 + std::abs(limit));
    };
    low_is_open_ = low_is_open_ || is_limit(low_);
    high_is_open_ = high_is_open_ || is_limit(high_);
  }
  [[nodiscard]] std::string text() const {
    const bool low_is_open = low_is_open_ || std::isinf(low_);
    const bool high_is_open = high_is_open_ || std::isinf(high_);
    return fmt::format("{}{}, {}{}", low_is_open ? '(' : '[', number(low_), number(high_),
                       high_is_open ? ')' : ']');
  }

 private:
  static std::string number(double value) {
    return std::abs(value) < 1e-6 ? "0" : fmt::format("{:.4g}", value);
  }

  double low_ = std::numeric_limits<double>::infinity();
  double high_ = -std::numeric_limits<double>::infinity();
  bool low_is_open_ = false;
  bool high_is_open_ = false;
};

std::string range_of(const Formula& formula, const ParameterValues& parameters, Limit left,
                     Limit right) {
  constexpr int kPoints = 12000;
  constexpr double kEnd = 60;
  const std::array<Id, 1> roots = {formula.value()};
  Evaluator<double> evaluator(formula.graph(), roots);
  std::vector<std::pair<double, double>> points;
  points.reserve(2 * kPoints + 1);
  ValueRange range;
  for (int i = -kPoints; i <= kPoints; ++i) {
    const double x = kEnd * i / kPoints;
    evaluator.run(x, parameters);
    points.emplace_back(x, evaluator[roots[0]]);
    range.take(evaluator[roots[0]]);
  }
  // In 50 digits at the first of neighbors where it is so in double: that may be rounding.
  Evaluator<Wide> exact(formula.graph(), roots);
  const auto reaches = [&](double limit) {
    constexpr double kFar = 8;
    bool was_there = false;
    for (const auto& [x, value] : points) {
      if (std::abs(x) > kFar) continue;
      const bool is_there = value == limit;
      if (is_there && !was_there) {
        exact.run(Wide(x), parameters);
        if (exact[roots[0]] == Wide(limit)) return true;
      }
      was_there = is_there;
    }
    return false;
  };
  range.approach(left.value, reaches(left.value));
  range.approach(right.value, reaches(right.value));
  return range.text();
}

}  // namespace

Description describe(const Formula& formula, const ParameterValues& parameters) {
  const Limit left = limit_at(formula, parameters, false);
  const Limit right = limit_at(formula, parameters, true);
  const bool is_left = std::isfinite(left.value);
  const bool is_right = std::isfinite(right.value);
  using kernels::Saturation;
  return {.formula = formula.definition().formula(),
          .derivative = formula.slope_text(),
          .range = range_of(formula, parameters, left, right),
          .saturation = is_left    ? is_right ? Saturation::both : Saturation::left
                        : is_right ? Saturation::right
                                   : Saturation::none,
          .course = course_of(formula, parameters)};
}

}  // namespace saltus::formula
