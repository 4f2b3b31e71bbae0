#pragma once

#include <saltus/export.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <saltus/history.h>

namespace saltus {

/// What a callback may know and do while fit() runs.
class SALTUS_API TrainingControl {
 public:
  virtual ~TrainingControl() = default;

  /// Ends training after the current epoch.
  virtual void stop_training() = 0;

  /// All epochs that are done, those before a restore() and of earlier calls of fit() included.
  virtual const History& history() const = 0;

  virtual double learning_rate() const = 0;
  virtual void set_learning_rate(double learning_rate) = 0;

  /// All weights, in the model's order, as Model::get_weights() has them; used to keep the best
  /// ones.
  virtual std::vector<std::vector<float>> get_weights() = 0;
  virtual void set_weights(const std::vector<std::vector<float>>& weights) = 0;

  /// The gradient of the loss of the batch trained last by a weight ("dense/kernel"), before
  /// clipping, in the weight's layout. Throws InvalidArgument for a name that is no trainable
  /// weight's, and before the first batch; on a GPU also behind a prediction or evaluation in
  /// larger batches than any before.
  virtual std::vector<float> gradients(std::string_view name) = 0;

  /// Writes the model as Model::save() and Model::save_weights() do; inside an epoch, too, where a
  /// training that goes on from the file has the rest of the epoch before it.
  virtual void save(const std::filesystem::path& file) = 0;
  virtual void save_weights(const std::filesystem::path& file) = 0;

  /// Goes on where the training stood when save() wrote the file, also inside an epoch:
  /// FitOptions::initial_epoch does not count. For on_train_begin(). Throws InvalidArgument where
  /// the file's network, or what it was compiled with, is another, DataError where it is no model.
  virtual void restore(const std::filesystem::path& file) = 0;

  /// Whether FitOptions::interrupt ends the training.
  virtual bool interrupted() const = 0;
};

/// What fit() was asked for.
struct FitInfo {
  int epochs = 0;                    ///< number of the last epoch, plus one
  std::int64_t steps_per_epoch = 0;  ///< batches
  std::int64_t samples = 0;          ///< of training data
  /// What the logs of an epoch hold, in the order in which to show it: loss, the metrics, clipped
  /// (gradient elements that clipvalue cut, or tensors that a norm clip scaled; only with
  /// clipping), and those with val_ before. Beside these they hold learning_rate, seconds (of the
  /// epoch, validation included) and images_per_second (while training).
  std::vector<std::string> figures = {};
};

/// Called by fit(); a hook that is not overridden does nothing.
class SALTUS_API Callback {
 public:
  virtual ~Callback() = default;
  virtual void on_train_begin(const FitInfo& /*info*/, TrainingControl& /*control*/) {}
  virtual void on_epoch_begin(int /*epoch*/, TrainingControl& /*control*/) {}
  /// Whether the next two are to be called. Training then goes a batch at a time: a GPU is waited
  /// for after each.
  virtual bool wants_batches() const { return false; }
  /// Before batch number `batch` of the epoch, from 0; and behind it, with the means so far.
  virtual void on_train_batch_begin(std::int64_t /*batch*/, TrainingControl& /*control*/) {}
  virtual void on_train_batch_end(std::int64_t /*batch*/, const Logs& /*logs*/,
                                  TrainingControl& /*control*/) {}
  /// `steps_done` steps of the epoch are done; `logs` holds the means over them.
  virtual void on_batches_end(std::int64_t /*steps_done*/, const Logs& /*logs*/,
                              TrainingControl& /*control*/) {}
  /// Around the validation of an epoch, and around evaluate(); the names in `logs` have no val_.
  virtual void on_test_begin(TrainingControl& /*control*/) {}
  virtual void on_test_end(const Logs& /*logs*/, TrainingControl& /*control*/) {}
  virtual void on_epoch_end(int /*epoch*/, const Logs& /*logs*/, TrainingControl& /*control*/) {}
  /// Also where training was interrupted, or met a number that was not finite; an epoch that was
  /// not finished has no on_epoch_end().
  virtual void on_train_end(TrainingControl& /*control*/) {}
};

/// Callbacks are shared: the caller may keep one to ask it afterwards.
using CallbackPtr = std::shared_ptr<Callback>;

/// Keras's LambdaCallback: hooks as functions, those that are given, where callbacks are listed:
///
///     model.fit(data, {.callbacks = {LambdaCallback{.on_epoch_end = print_accuracy}}});
struct SALTUS_API LambdaCallback {
  std::function<void(const FitInfo&, TrainingControl&)> on_train_begin = {};
  std::function<void(int epoch, TrainingControl&)> on_epoch_begin = {};
  std::function<void(std::int64_t batch, TrainingControl&)> on_train_batch_begin = {};
  std::function<void(std::int64_t batch, const Logs&, TrainingControl&)> on_train_batch_end = {};
  std::function<void(TrainingControl&)> on_test_begin = {};
  std::function<void(const Logs&, TrainingControl&)> on_test_end = {};
  std::function<void(int epoch, const Logs&, TrainingControl&)> on_epoch_end = {};
  std::function<void(TrainingControl&)> on_train_end = {};

  /// A callback that calls copies of these.
  operator CallbackPtr() const;  // NOLINT: implicit on purpose
};

/// Whether the figure that is watched should fall or rise; `automatic`: names with "accuracy" rise,
/// all others fall.
enum class Direction { automatic, min, max };

/// Progress on a stream: a bar drawn in place, or one line an epoch. Where it is not said which, a
/// bar where the stream is std::cout, std::cerr or std::clog and that is a terminal.
SALTUS_API CallbackPtr progress_bar(std::ostream& stream, std::optional<bool> in_place = {});

/// A row an epoch: epoch and all that its logs hold, in alphabetical order, comma separated, with a
/// header. A file that is appended to must have the same columns. While fit() runs, throws
/// DataError where the file cannot be written.
SALTUS_API CallbackPtr csv_logger(std::filesystem::path file, bool append = false);

/// A line an epoch: a JSON object of epoch and all that its logs hold, where null stands for what
/// is not finite. While fit() runs, throws DataError where the file cannot be written.
SALTUS_API CallbackPtr json_lines_logger(std::filesystem::path file, bool append = false);

/// Keras's TensorBoard: event files under `log_dir`, which `tensorboard --logdir` shows. The
/// folders train and validation hold the figures of each epoch, named epoch_loss and so on. While
/// fit() runs, throws DataError where a file cannot be written.
struct SALTUS_API TensorBoard {
  std::filesystem::path log_dir = "logs";

  operator CallbackPtr() const;  // NOLINT: implicit on purpose
};

/// Keras's EarlyStopping: what to watch, and for how long.
struct EarlyStoppingOptions {
  std::string monitor = "val_loss";
  double min_delta = 0;  ///< a smaller change is no improvement
  int patience = 0;
  Direction direction = Direction::automatic;
  std::optional<double> baseline = {};  ///< what is no better does not restart the patience
  bool restore_best_weights = false;    ///< at the end, whatever ended training
  int start_from_epoch = 0;             ///< epochs before it do not count
};

/// Stops when the figure has not improved for `patience` epochs. Throws InvalidArgument at the
/// beginning of a training that does not give the figure.
class SALTUS_API EarlyStopping : public Callback {
 public:
  explicit EarlyStopping(EarlyStoppingOptions options = {});
  void on_train_begin(const FitInfo& info, TrainingControl& control) override;
  void on_epoch_end(int epoch, const Logs& logs, TrainingControl& control) override;
  void on_train_end(TrainingControl& control) override;

  /// The epoch that stopped training, if one did.
  std::optional<int> stopped_epoch() const { return stopped_epoch_; }

 private:
  bool improves(double value, double reference) const;

  EarlyStoppingOptions options_;
  double best_ = 0;
  int wait_ = 0;
  std::optional<int> stopped_epoch_;
  std::vector<std::vector<float>> best_weights_;
};

/// Keras's ReduceLROnPlateau: what to watch, and what to do.
struct ReduceLROnPlateauOptions {
  std::string monitor = "val_loss";
  double factor = 0.1;
  int patience = 10;
  Direction direction = Direction::automatic;
  double min_delta = 1e-4;  ///< a smaller change is no improvement
  /// Epochs after a reduction until one counts again. As in Keras the last of them counts, so 1
  /// waits no longer than 0 does, and 3 leaves out two.
  int cooldown = 0;
  double min_lr = 0;  ///< the learning rate falls no lower
};

/// Multiplies the learning rate by `factor` when the figure has not improved for `patience` epochs.
/// Throws InvalidArgument where the factor is not at least 0 and less than 1, and at the beginning
/// of a training that does not give the figure.
SALTUS_API CallbackPtr reduce_lr_on_plateau(ReduceLROnPlateauOptions options = {});

/// Keras's LearningRateScheduler: sets the learning rate at the beginning of each epoch. Where it
/// is to change with each step, there is CompileOptions::schedule.
///
///     model.fit(data, {.callbacks = {LearningRateScheduler{
///                          [](int epoch, double rate) { return epoch < 10 ? rate : rate / 2;
///                          }}}});
struct SALTUS_API LearningRateScheduler {
  /// The rate of an epoch, counted from 0, given that of before.
  std::function<double(int epoch, double learning_rate)> schedule;

  /// A callback. Throws InvalidArgument where there is no function, and while fit() runs for a rate
  /// that is not legal.
  operator CallbackPtr() const;  // NOLINT: implicit on purpose
};

/// How often something is saved; one of the three is above 0.
struct SaveFrequency {
  int epochs = 0;
  std::int64_t batches = 0;  ///< counted over epochs
  double seconds = 0;        ///< on a GPU at the end of an epoch, where no callback wants batches
};

/// Keras's ModelCheckpoint: saves the model, or its weights, as training goes on.
///
///     model.fit(data, {.callbacks = {ModelCheckpoint{.filepath = "best.safetensors",
///                                                    .save_best_only = true}}});
struct SALTUS_API ModelCheckpoint {
  /// The name of each file; {epoch} (from 1), {batch} (from 1) and {val_loss} or another figure
  /// stand for their values, with a format behind a colon, as in
  /// "{epoch:02d}-{val_loss:.2f}.safetensors". Folders are created.
  std::string filepath;
  std::string monitor = "val_loss";
  bool save_best_only = false;     ///< where `monitor` is better than at all saves before
  bool save_weights_only = false;  ///< as save_weights(): .npz or safetensors
  Direction mode = Direction::automatic;
  SaveFrequency save_freq = {.epochs = 1};
  std::optional<double> initial_value_threshold = {};  ///< that the first is to be better than

  /// A callback. Throws InvalidArgument for a frequency or a filepath that makes no sense, and at
  /// the beginning of a training that does not give a figure.
  operator CallbackPtr() const;  // NOLINT: implicit on purpose
};

/// Keras's BackupAndRestore: a training that was killed goes on where its last backup was when the
/// program runs again, with the same bits as if it had not been. What callbacks remember is not in
/// the backup. fit() returns the epochs that it ran itself, Model::history() has all.
struct SALTUS_API BackupAndRestore {
  std::filesystem::path backup_dir;  ///< of this training alone; created
  SaveFrequency save_freq = {.epochs = 1};
  bool delete_checkpoint = true;  ///< at the end of a training that was not interrupted

  /// A callback. Throws InvalidArgument for a frequency that makes no sense, and at the beginning
  /// of a training that is not that of the backup.
  operator CallbackPtr() const;  // NOLINT: implicit on purpose
};

}  // namespace saltus
