// A sweep that several programs train, on one machine or on many that share a folder.
#pragma once

#include <saltus/export.h>

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <saltus/sweep.h>

namespace saltus {

/// What became of a result that was given to a TrialStore.
enum class Kept : std::uint8_t {
  first,     ///< nobody else had one: it is there now
  equal,     ///< another program was first, and came to the same
  different  ///< another was first and came to something else: both are kept
};

/// The results of single trials in a sweep's folder: sweep.json, which says what is trained, and
/// trials/ID.jsonl, a history.jsonl of one trial each. Whoever is first with a trial writes its
/// file; nobody replaces or locks one, so that any number of programs may share the folder, and any
/// of them may be killed at any time. read_trials() of report.h reads them.
class SALTUS_API TrialStore {
 public:
  /// Creates what is missing. Throws InvalidArgument if another sweep is in the folder; DataError.
  /// The plan must outlive this.
  TrialStore(std::filesystem::path folder, const SweepPlan& plan);

  /// Keeps a result that is ok or diverged, once its file is on the disk. A result that is not that
  /// of the first is kept beside it, as trials/ID.2.jsonl and so on. Throws DataError.
  Kept add(const TrialSpec& trial, const TrialResult& result) const;

  /// Whether a trial has a result there.
  bool holds(const std::string& id) const;

  /// How many of the plan's trials are there.
  std::size_t size() const;

 private:
  std::filesystem::path file_of(const std::string& id) const;

  std::filesystem::path folder_;
  const SweepPlan& plan_;
  std::vector<std::string> labels_;
};

/// The trials that a sweep needs next, of those that have no result, ok or diverged: all of them,
/// or, until it is decided, those of the present round. None: it is complete.
SALTUS_API std::vector<TrialSpec> next_trials(const SweepPlan& plan,
                                              std::span<const TrialResult> results);

/// Trains some trials of a sweep as run_sweep() does, but as one of several programs that share
/// SweepOptions::folder: files of other trials stay as they are. Nothing is summarized;
/// on_trial_end has the results. Whether all came to their end. Throws what run_sweep() throws.
SALTUS_API bool train_trials(const SweepPlan& plan, std::vector<TrialSpec> trials,
                             const SweepOptions& options = {});

/// The trials of part `part` of `parts`, from 1: of all trials each parts-th. A plan like this one,
/// with these trials alone. Throws InvalidArgument unless 1 <= part <= parts, and where the sweep
/// runs until it is decided, as then its trials depend on results.
SALTUS_API SweepPlan part_of(const SweepPlan& plan, int part, int parts);

}  // namespace saltus
