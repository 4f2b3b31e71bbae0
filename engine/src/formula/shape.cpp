#include "formula/shape.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>

#include <fmt/format.h>

#include "formula/extremes.h"
#include "formula/interval.h"
#include "formula/listed.h"

namespace saltus::formula {
namespace {

/// Walks all floats from left to right in intervals, each halved until f' keeps its sign in it or f
/// hardly changes.
class Proof {
 public:
  Proof(const Formula& formula, const ParameterValues& parameters)
      : formula_(formula),
        parameters_(parameters),
        expanded_(expanded(formula.definition())),
        roots_{expanded_.root,
               derivative(expanded_.graph, expanded_.root, expanded_.graph.variable())},
        evaluator_(expanded_.graph, roots_) {}

  Course run() {
    constexpr int kSmallest = -20;
    constexpr int kLargest = 127;
    for (int power = kLargest; power >= kSmallest && !failed_; --power)
      walk({-std::ldexp(2.0, power), -std::ldexp(1.0, power)});
    walk({-std::ldexp(1.0, kSmallest), std::ldexp(1.0, kSmallest)});
    for (int power = kSmallest; power <= kLargest && !failed_; ++power)
      walk({std::ldexp(1.0, power), std::ldexp(2.0, power)});
    Course course{.kinks = std::move(kinks_)};
    if (!failed_) course.shape = falls_ ? kernels::Shape::one_minimum : kernels::Shape::monotone;
    return course;
  }

 private:
  void walk(Interval x) {
    constexpr int kMostSteps = 20000;
    if (failed_) return;
    if (++steps_ > kMostSteps) {
      failed_ = true;
      return;
    }
    evaluator_.run(x, parameters_);
    const Interval slope = evaluator_[roots_[1]];
    const bool undecided = evaluator_.is_undecided();
    if (!undecided && slope.low >= 0) {
      rises_ = rises_ || slope.high > 0;
    } else if (!undecided && slope.high <= 0) {
      falls_ = true;
      failed_ = rises_;
    } else if ((!undecided || is_narrow(x)) && hardly_changes(x, evaluator_[roots_[0]])) {
      if (undecided) look_for_kink(x);
    } else {
      const double middle = x.low + x.width() / 2;
      if (middle <= x.low || middle >= x.high) {
        failed_ = true;
        return;
      }
      walk({x.low, middle});
      walk({middle, x.high});
    }
  }

  /// By less than floats tell apart. A jump of f does not pass.
  static bool hardly_changes(Interval x, Interval f) {
    constexpr double kNothing = 1e-30;
    constexpr double kUnit = 0x1p-24;
    const double size = std::max(std::abs(f.low), std::abs(f.high));
    if (!std::isfinite(size)) return false;
    if (f.width() <= std::max(kNothing, kUnit * size)) return true;
    return is_narrow(x) && f.width() <= kUnit * 1e-3;
  }
  static bool is_narrow(Interval x) { return x.width() <= 1e-9 * std::max(std::abs(x.low), 1e-3); }

  double slope_at(double x) {
    evaluator_.run({x, x}, parameters_);
    const Interval slope = evaluator_[roots_[1]];
    return slope.low + slope.width() / 2;
  }

  void look_for_kink(Interval x) {
    constexpr double kDifference = 1e-5;
    const double left = slope_at(x.low - x.width());
    const double right = slope_at(x.high + x.width());
    const double size = std::max({std::abs(left), std::abs(right), 1e-3});
    if (std::abs(left - right) <= kDifference * size) return;
    const float at = nearest_written(x);
    if (!kinks_.empty() && kinks_.back().x == at) return;
    kinks_.push_back({at, point_at(formula_, parameters_, at).slope + 0.0F});
  }

  /// What a person would have written for a number in a narrow interval: few digits.
  static float nearest_written(Interval x) {
    const double middle = x.low + x.width() / 2;
    const std::string text = fmt::format("{:.5g}", middle);
    double rounded = middle;
    std::from_chars(text.data(), text.data() + text.size(), rounded);
    for (const double written : {0.0, rounded})
      if (std::abs(written - middle) <= 4 * x.width()) return static_cast<float>(written);
    return static_cast<float>(middle);
  }

  const Formula& formula_;
  const ParameterValues& parameters_;
  Expanded expanded_;
  std::array<Id, 2> roots_;
  IntervalEvaluator evaluator_;
  std::vector<kernels::Kink> kinks_;
  int steps_ = 0;
  bool rises_ = false;
  bool falls_ = false;
  bool failed_ = false;
};

}  // namespace

Course course_of(const Formula& formula, const ParameterValues& parameters) {
  return Proof(formula, parameters).run();
}

}  // namespace saltus::formula
