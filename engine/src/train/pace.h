#pragma once

#include <algorithm>
#include <cstdint>

namespace saltus::train {

/// How many batches to run before looking up to draw progress and see whether to stop: so many that
/// they take about a sixth of a second, by the time that the last ones took.
class Pace {
 public:
  /// Batches to run now.
  std::int64_t next() const { return next_; }

  /// So many batches took so long.
  void measure(std::int64_t batches, double seconds) {
    const double ideal = kSeconds * static_cast<double>(batches) / std::max(seconds, 1e-9);
    // The first batch may be slow, for much is made ready in it, and times vary: grow by steps.
    const double most = static_cast<double>(batches) * kGrowth;
    next_ = std::max<std::int64_t>(1, static_cast<std::int64_t>(std::min(ideal, most)));
  }

 private:
  static constexpr double kSeconds = 0.15;
  static constexpr double kGrowth = 8;
  std::int64_t next_ = 1;
};

}  // namespace saltus::train
