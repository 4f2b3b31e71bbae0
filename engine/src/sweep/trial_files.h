// What a sweep keeps of its trials in files: models, and where those stand that are in progress.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>

#include <saltus/callbacks.h>
#include <saltus/sweep.h>

#include "train/state.h"

namespace saltus {

/// Where a trial stands, and what it came through.
struct TrialPlace {
  train::Position position;
  History history;
};

/// The files of trials in a sweep's folder: states/ID.safetensors while a trial is in progress,
/// models/ID.safetensors of one that is kept. Nothing is there, or goes, before a step is done.
class TrialFiles {
 public:
  /// Looks for the states of these trials where the sweep is resumed. One that cannot be read
  /// counts for nothing: its trial begins anew.
  TrialFiles(const SweepOptions& options, std::span<const TrialSpec> to_run);

  /// Where a trial stands that was in progress; none where it begins.
  const TrialPlace* found(const std::string& id) const;

  /// Saves the trial while it trains, after its state was restored where there is one; null where
  /// nothing is kept.
  CallbackPtr keeper(const TrialSpec& trial, int epochs);

  /// The trial has ended and its result is kept.
  void finish(const std::string& id);

 private:
  class Keeper;

  std::filesystem::path state_file(const std::string& id) const;
  /// Removes what an earlier sweep left that this one does not go on with.
  void begin();

  std::filesystem::path folder_;  ///< empty: nothing is kept
  SavedModels save_;
  double interval_;
  bool resume_;
  std::map<std::string, TrialPlace> found_;
  bool begun_ = false;
};

}  // namespace saltus
