// history.jsonl while a sweep writes it.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <saltus/sweep.h>

#include "core/file.h"

namespace saltus {

/// A history.jsonl of one trial. `labels` are those of the settings.
std::string history_text(const TrialSpec& trial, const std::vector<std::string>& labels,
                         const TrialResult& result);

/// A line for each epoch and each trial that ends, added when it does: whatever stops the program,
/// what was measured before is in the file. All throw DataError if it cannot be written.
class HistoryLog {
 public:
  /// Writes the beginning, with trials that ended in an earlier run, beside the file. The plan must
  /// outlive this.
  HistoryLog(const std::filesystem::path& file, const SweepPlan& plan,
             std::span<const TrialResult> done);

  /// Replaces the file by this one, which grows from now on.
  void begin();

  void add_epoch(const TrialSpec& trial, int epoch, const Logs& logs);

  /// The end of a trial, on the disk when this returns.
  void add_end(const TrialSpec& trial, const TrialResult& result);

 private:
  std::filesystem::path file_;
  std::vector<std::string> labels_;  ///< of the settings
  std::optional<PendingFile> beginning_;
  std::optional<LineFile> lines_;
  std::chrono::steady_clock::time_point synced_;
};

}  // namespace saltus
