// Vertical axes: the height of a value, and the ticks.
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
  /// For accuracies, 0 to 1, shown in percent. If they spread far, the axis is the logarithm
  /// of what is missing to 100 %: 90, 99 and 99.9 % are equally far apart, so that the good ones
  /// are not one line at the top.
  static Axis accuracy(const Range& range);

  /// For losses: logarithmic if all are positive.
  static Axis loss(const Range& range);

  /// For numbers of any sign.
  static Axis plain(const Range& range);

  double place(double value) const;

  bool is_logarithmic() const { return logarithmic_; }

  /// gnuplot's commands for it.
  const std::string& setup() const { return setup_; }

 private:
  enum class Kind { plain, percent, missing_percent };
  Axis(Kind kind, bool logarithmic, std::string setup)
      : kind_(kind), logarithmic_(logarithmic), setup_(std::move(setup)) {}

  Kind kind_;
  bool logarithmic_;
  std::string setup_;
};

}  // namespace saltus
