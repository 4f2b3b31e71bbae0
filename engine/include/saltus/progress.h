#pragma once

#include <saltus/export.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

namespace saltus {

/// Told how far a long job is: `done` of `total` units, `total` 0 while it is not known.
using Progress = std::function<void(std::int64_t done, std::int64_t total)>;

/// What a progress bar counts; decides how numbers and speed are written.
enum class ProgressUnit {
  steps,  ///< 169/469 ... 12ms/step
  bytes,  ///< 3.2/9.9 MB ... 4.1 MB/s
  none,   ///< neither, nor the time that is left: the fields say what there is to say
};

struct ProgressBarOptions {
  ProgressUnit unit = ProgressUnit::steps;
  std::string label;   ///< begins the line; shortened where there is little room
  int bar_width = 20;  ///< at most
  int columns = 0;     ///< of a line in place; 0: as wide as the terminal
  bool ascii = false;  ///< draws with # and - instead of lines
  std::function<std::chrono::steady_clock::time_point()> now = std::chrono::steady_clock::now;
};

/// How far a job is, as a line of text:
///
///     Epoch 3/20  loss: 0.0312  169/469  eta 3s  12ms/step  ━━━━━━━─────────────
///
/// In place, the line is redrawn up to ten times a second and never wraps: what matters most comes
/// first, what does not fit is left out from the end, and the bar has what is left. finish() ends
/// it with the time that passed instead of the bar. Otherwise only finish() writes, one line.
/// Writes to the stream it was given and nowhere else, and no control character but the carriage
/// return.
class SALTUS_API ProgressBar {
 public:
  ProgressBar(std::ostream& stream, bool in_place, ProgressBarOptions options = {});
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  /// Ends a line that was begun in place and never finished.
  ~ProgressBar();

  /// `done` of `total` units are done; total 0: unknown. `fields` ("loss: 0.25") follow the label,
  /// the most important one first.
  void update(std::int64_t done, std::int64_t total, const std::vector<std::string>& fields = {});

  /// The job ended where the last update() left it.
  void finish(const std::vector<std::string>& fields = {});

 private:
  using TimePoint = std::chrono::steady_clock::time_point;

  std::string numbers() const;
  std::string pace(double seconds) const;
  std::string bar(int width) const;
  std::vector<std::string> pieces(const std::vector<std::string>& fields, double seconds,
                                  bool finished) const;
  std::string fitted(const std::vector<std::string>& pieces, int columns) const;
  void draw(const std::string& line);

  std::ostream& stream_;
  bool in_place_;
  ProgressBarOptions options_;
  TimePoint start_;
  TimePoint last_draw_;
  int drawn_ = 0;  ///< columns that are on the screen
  bool begun_ = false;
  std::int64_t done_ = 0;
  std::int64_t total_ = 0;
};

/// A time as short as it goes: 7s, 1:07, 1:02:07.
SALTUS_API std::string short_duration(double seconds);

/// A count, its thousands apart: 60,000.
SALTUS_API std::string grouped(std::int64_t count);

}  // namespace saltus
