#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <saltus/history.h>

namespace saltus {

/// What a callback may know and do while fit() runs.
class TrainingControl {
 public:
  virtual ~TrainingControl() = default;

  /// Ends training after the current epoch.
  virtual void stop_training() = 0;

  virtual double learning_rate() const = 0;
  virtual void set_learning_rate(double learning_rate) = 0;

  /// All weights, in the model's order; used to keep the best ones.
  virtual std::vector<std::vector<float>> get_weights() = 0;
  virtual void set_weights(const std::vector<std::vector<float>>& weights) = 0;
};

/// What fit() was asked for.
struct FitInfo {
  int epochs = 0;
  std::int64_t steps_per_epoch = 0;
  std::int64_t samples = 0;
};

/// Called by fit(); a hook that is not overridden does nothing.
class Callback {
 public:
  virtual ~Callback() = default;
  virtual void on_train_begin(const FitInfo& /*info*/, TrainingControl& /*control*/) {}
  virtual void on_epoch_begin(int /*epoch*/, TrainingControl& /*control*/) {}
  /// `steps_done` steps of the epoch are done; `logs` holds the means over them.
  virtual void on_batches_end(std::int64_t /*steps_done*/, const Logs& /*logs*/,
                              TrainingControl& /*control*/) {}
  virtual void on_epoch_end(int /*epoch*/, const Logs& /*logs*/, TrainingControl& /*control*/) {}
  virtual void on_train_end(TrainingControl& /*control*/) {}
};

/// Callbacks are shared: the caller may keep one to ask it afterwards.
using CallbackPtr = std::shared_ptr<Callback>;

/// Whether the figure that is watched should fall or rise; `automatic`: names with "accuracy" rise,
/// all others fall.
enum class Direction { automatic, min, max };

/// Progress on a stream: a bar drawn in place where that is a terminal, one line an epoch
/// otherwise.
CallbackPtr progress_bar(std::ostream& stream, bool in_place);

/// A row an epoch: epoch and all figures, comma separated, with a header. Throws DataError where
/// the file cannot be written.
CallbackPtr csv_logger(std::filesystem::path file, bool append = false);

/// Keras's EarlyStopping.
struct EarlyStoppingOptions {
  std::string monitor = "val_loss";
  double min_delta = 0;
  int patience = 0;
  Direction direction = Direction::automatic;
  std::optional<double> baseline = {};
  bool restore_best_weights = false;
  int start_from_epoch = 0;
};

/// Stops when the figure has not improved for `patience` epochs.
class EarlyStopping : public Callback {
 public:
  explicit EarlyStopping(EarlyStoppingOptions options = {});
  void on_train_begin(const FitInfo& info, TrainingControl& control) override;
  void on_epoch_end(int epoch, const Logs& logs, TrainingControl& control) override;
  void on_train_end(TrainingControl& control) override;

  /// The epoch that stopped training, if one did.
  std::optional<int> stopped_epoch() const { return stopped_epoch_; }

 private:
  EarlyStoppingOptions options_;
  std::optional<double> best_;
  int wait_ = 0;
  std::optional<int> stopped_epoch_;
  std::vector<std::vector<float>> best_weights_;
};

/// Keras's ReduceLROnPlateau.
struct ReduceLROnPlateauOptions {
  std::string monitor = "val_loss";
  double factor = 0.1;
  int patience = 10;
  Direction direction = Direction::automatic;
  double min_delta = 1e-4;
  int cooldown = 0;
  double min_lr = 0;
};

/// Multiplies the learning rate by `factor` when the figure has not improved for `patience` epochs.
CallbackPtr reduce_lr_on_plateau(ReduceLROnPlateauOptions options = {});

}  // namespace saltus
