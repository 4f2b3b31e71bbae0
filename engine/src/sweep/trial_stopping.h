// Early stopping of a sweep's trial, which may be interrupted itself and go on elsewhere.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include <saltus/callbacks.h>
#include <saltus/history.h>

namespace saltus {

/// The library's EarlyStopping, which is shown the epochs of an earlier run first.
class TrialStopping : public Callback {
 public:
  /// `best_weights` are those of the best epoch of an earlier run, where they are to be given back.
  TrialStopping(const EarlyStoppingOptions& options, std::vector<std::vector<float>> best_weights);

  void on_train_begin(const FitInfo& info, TrainingControl& control) override;
  void on_epoch_end(int epoch, const Logs& logs, TrainingControl& control) override;
  void on_train_end(TrainingControl& control) override;

  bool has_stopped() const { return stopping_.stopped_epoch().has_value(); }

  /// The epoch whose weights the trial has behind on_train_end(), if they were given back.
  std::optional<int> restored_epoch() const { return best_epoch_; }

  /// Writes the best weights so far, unless there are none or they were written before.
  void save_best(const std::filesystem::path& file);

  /// What these epochs come to.
  struct Past {
    bool stopped = false;
    std::optional<int> best_epoch = {};  ///< whose weights are to be given back
  };
  static Past replay(const EarlyStoppingOptions& options, const History& history);

 private:
  class Watched;

  EarlyStopping stopping_;
  std::vector<std::vector<float>> best_weights_;
  std::optional<int> best_epoch_;
  std::optional<int> saved_epoch_;
};

using TrialStoppingPtr = std::shared_ptr<TrialStopping>;

/// The weights that save_best() wrote. Throws DataError where they are of another epoch.
std::vector<std::vector<float>> read_best_weights(const std::filesystem::path& file, int epoch);

}  // namespace saltus
