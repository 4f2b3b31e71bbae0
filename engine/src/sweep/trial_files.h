// The files that a sweep keeps of its trials: models, and the states of those in progress.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <saltus/callbacks.h>
#include <saltus/sweep.h>

#include "sweep/trial_stopping.h"
#include "train/state.h"

namespace saltus {

/// Where a trial stands, and the epochs before.
struct TrialPlace {
  train::Position position;
  History history;
  std::vector<std::vector<float>> best_weights;  ///< so far, where early stopping gives them back
};

/// Whether other programs have trials of the same sweep in progress, in the same folder.
enum class FolderUse : std::uint8_t { alone, shared };

/// The files of trials in a sweep's folder: states/ID.safetensors while a trial is in progress,
/// with states/ID.best.safetensors where early stopping gives the best weights back;
/// models/ID.safetensors of one that is kept. Nothing is there, or goes, before a step is done.
class TrialFiles {
 public:
  /// Looks for the states of these trials if the sweep is resumed. One that cannot be read is
  /// ignored: its trial begins anew.
  TrialFiles(const SweepOptions& options, const SweepPlan& plan, std::span<const TrialSpec> to_run,
             FolderUse use);

  /// Where a trial in progress stands; null if it begins anew.
  const TrialPlace* found(const std::string& id) const;

  /// Stops the trial early, which remembers what it saw before; null if none is to be.
  TrialStoppingPtr stopping(const TrialSpec& trial) const;

  /// Saves the trial while it trains, after restoring its state if there is one; null if
  /// nothing is kept.
  CallbackPtr keeper(const TrialSpec& trial, const TrialStoppingPtr& stopping);

  /// Saves the model that the trial ends with; null if that is not to be kept.
  CallbackPtr last_model(const TrialSpec& trial, int epochs, const TrialStoppingPtr& stopping);

  /// The trial has ended and its result is kept.
  void finish(const std::string& id);

 private:
  class Keeper;
  class LastModel;

  /// Reads where a trial stands. Throws DataError where its files are none to go on from.
  TrialPlace place_of(const std::string& id) const;

  std::filesystem::path state_file(const std::string& id) const;
  std::filesystem::path best_file(const std::string& id) const;
  void save_model(const std::string& id, TrainingControl& control) const;
  /// Removes the files of an earlier sweep that this one does not continue, unless others use them.
  void begin();

  std::optional<EarlyStoppingOptions> early_;
  Score score_;
  std::optional<FeatureMoments> targets_;
  std::filesystem::path folder_;  ///< empty: nothing is kept
  SavedModels save_;
  double interval_;
  bool resume_;
  FolderUse use_;
  std::map<std::string, TrialPlace> found_;
  bool begun_ = false;
};

}  // namespace saltus
