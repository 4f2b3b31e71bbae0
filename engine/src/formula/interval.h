// What a graph's nodes can be while x is anywhere in an interval.
#pragma once

#include <limits>
#include <span>
#include <vector>

#include "formula/evaluate.h"
#include "formula/graph.h"

namespace saltus::formula {

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Every number from `low` to `high`; NaN is not said, but for what may be undefined the interval
/// is the whole line.
struct Interval {
  double low = 0;
  double high = 0;

  [[nodiscard]] double width() const { return high - low; }
};

/// A graph made ready for it. Activations of the list are taken to be anything.
class IntervalEvaluator {
 public:
  IntervalEvaluator(const Graph& graph, std::span<const Id> roots);

  void run(Interval x, const ParameterValues& parameters);

  const Interval& operator[](Id id) const { return values_[static_cast<std::size_t>(id)]; }

  /// Whether a condition that a root depends on holds at some x of the interval and fails at
  /// others.
  [[nodiscard]] bool is_undecided() const { return is_undecided_; }

 private:
  const Graph& graph_;
  std::vector<Id> order_;
  std::vector<Interval> values_;
  bool is_undecided_ = false;
};

}  // namespace saltus::formula
