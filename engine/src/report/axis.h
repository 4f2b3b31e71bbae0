// Axes: the place of a value, and the ticks.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace saltus {

/// Smallest and largest of some values.
struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  /// Numbers that are not finite are left out.
  void include(double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  bool empty() const { return low > high; }
};

/// A place on an axis with a number or name beside it.
struct Tick {
  double place = 0;
  std::string label;
};

/// An axis of values. The data blocks of gnuplot's pictures hold place(value).
class Axis {
 public:
  /// For accuracies, 0 to 1, shown in percent. If they spread far, the axis is the logarithm
  /// of what is missing to 100 %: 90, 99 and 99.9 % are equally far apart, so that the good ones
  /// are not one line at the top.
  static Axis accuracy(const Range& range);

  /// For losses: logarithmic if all are positive.
  static Axis loss(const Range& range);

  /// For numbers of any sign.
  static Axis plain(const Range& range);

  /// For differences of accuracies, -1 to 1, shown in percentage points; 0 is on it. With `spread`
  /// it is logarithmic on both sides of 0, but for what is next to it.
  static Axis difference(const Range& range, bool spread);

  double place(double value) const;

  /// Where a value is between the ends of the axis, 0 to 1; what is beyond them is at them.
  double share(double value) const { return share_of_place(place(value)); }
  double share_of_place(double place) const;

  /// Whether a value is between the ends.
  bool shows(double value) const;

  const std::vector<Tick>& ticks() const { return ticks_; }

  bool is_logarithmic() const { return logarithmic_; }

  /// What to write behind the name of a nonlinear axis; empty for one that is linear.
  std::string_view remark() const { return logarithmic_ ? " (log scale)" : ""; }

  /// gnuplot's commands for it.
  std::string setup() const;

 private:
  enum class Kind { plain, percent, missing_percent, points, logarithmic_points };
  /// Takes those of the ticks that do not stand in each other, short labels first.
  Axis(Kind kind, bool logarithmic, Range ends, std::vector<Tick> ticks);

  Kind kind_;
  bool logarithmic_;
  Range ends_;  ///< places; of missing percents the upper end is the smaller one
  std::vector<Tick> ticks_;
};

}  // namespace saltus
