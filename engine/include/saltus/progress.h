#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>

namespace saltus {

/// Told how far a long job is: `done` of `total` units, `total` 0 while it is not known.
using Progress = std::function<void(std::int64_t done, std::int64_t total)>;

/// What a progress bar counts; decides how numbers and speed are written.
enum class ProgressUnit {
  steps,  ///< 169/469 ... 12ms/step
  bytes,  ///< 3.2/9.9 MB ... 4.1 MB/s
};

struct ProgressBarOptions {
  ProgressUnit unit = ProgressUnit::steps;
  std::string label;  ///< stands before the numbers
  int bar_width = 20;
  int columns = 0;  ///< a line in place is cut here; 0: as wide as the terminal
  std::function<std::chrono::steady_clock::time_point()> now = std::chrono::steady_clock::now;
};

/// How far a job is, as a line of text:
///
///     169/469 ━━━━━━━───────────── eta 3s 12ms/step  loss: 0.0312
///
/// In place, the line is redrawn up to ten times a second, with the time that is left; finish()
/// ends it with the time that passed. Otherwise only finish() writes, one line. Writes to the
/// stream it was given and nowhere else.
class ProgressBar {
 public:
  ProgressBar(std::ostream& stream, bool in_place, ProgressBarOptions options = {});
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  /// Ends a line that was begun in place and never finished.
  ~ProgressBar();

  /// `done` of `total` units are done; total 0: unknown. `text` follows the bar.
  void update(std::int64_t done, std::int64_t total, std::string_view text = {});

  /// The job ended where the last update() left it.
  void finish(std::string_view text = {});

 private:
  using TimePoint = std::chrono::steady_clock::time_point;

  std::string numbers() const;
  std::string bar() const;
  std::string pace(double seconds) const;
  std::string line(double seconds, bool finished, std::string_view text) const;

  std::ostream& stream_;
  bool in_place_;
  ProgressBarOptions options_;
  TimePoint start_;
  TimePoint last_draw_;
  bool drawn_ = false;
  std::int64_t done_ = 0;
  std::int64_t total_ = 0;
};

}  // namespace saltus
