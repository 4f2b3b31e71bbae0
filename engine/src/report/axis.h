// Vertical axes: where a value lies, and which ticks stand beside it.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

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

/// A vertical axis. The data blocks of a picture hold place(value).
class Axis {
 public:
  /// For accuracies, 0 to 1, shown in percent. Where they spread far, heights go by the logarithm
  /// of what is missing to 100 %: 90, 99 and 99.9 % are equally far apart, so that the good ones
  /// are not one line at the top.
  static Axis accuracy(const Range& range);

  /// For losses: logarithmic, where all are positive.
  static Axis loss(const Range& range);

  double place(double value) const;

  /// gnuplot's commands for it.
  const std::string& setup() const { return setup_; }

 private:
  enum class Kind { plain, percent, missing_percent };
  Axis(Kind kind, std::string setup) : kind_(kind), setup_(std::move(setup)) {}

  Kind kind_;
  std::string setup_;
};

}  // namespace saltus
