// Training, evaluation and prediction for models that share a plan: a table of trials on one
// device.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <saltus/model.h>

#include "backend/backend.h"
#include "train/epoch_diagnoses.h"
#include "train/figures.h"
#include "train/state.h"

namespace saltus::train {

struct CompiledWith;
struct ModelFile;

/// The values with which the weight at this place begins. They are the same whether parameters of
/// activations are learned, too, or not.
std::vector<float> initial_values(std::span<const Weight> weights, std::uint64_t seed,
                                  std::size_t place);

/// Throws InvalidArgument unless these are as many as the weight has.
void check_values(const Weight& weight, std::span<const float> values);

/// Throws InvalidArgument unless it is 0 to below 1.
void check_ema_momentum(double momentum);

/// A model of a Trainer.
struct Entry {
  Graph graph;
  Optimizer optimizer;
  std::uint64_t seed = 0;
  LearningRateSchedule schedule = schedules::Constant{};
  double ema_momentum = 0;
};

/// The row of the trial table that an entry is: its activations and dropouts by slot.
backend::Trial trial_of(const Entry& entry);

/// A network, lowered: what models that train side by side have in common. They differ in
/// activation functions, initializers and dropout only.
struct Network {
  Graph graph;
  plan::Plan plan;
};

/// Throws InvalidArgument if the output of a layer is not used, or the loss does not fit the
/// network's end.
std::shared_ptr<const Network> lower(const Graph& graph, const Loss& loss, Precision precision);

/// Models of one structure that train side by side. A Model is a Trainer with one entry.
///
/// A training can be stopped and continued elsewhere, with the same bits as if it had not been.
/// For each trial: state(trial), also from a callback of fit(), whose trials all stand at the same
/// batch then; write_model() of train/model_file.h with it. Later: a Trainer of the same entries
/// and options, without those that had ended, restore(trial, read_model(...).state) for each, and
/// fit() of the same samples with initial_epoch = state.position.epoch, which goes on inside the
/// epoch where the state was taken there. The device may be another, with its own rounding. Where
/// the entries are to be checked against the files: file(trial) and restore(trial, path).
class Trainer {
 public:
  /// Plans the network, compiles it for the device that `options` asks for, and draws the initial
  /// weights. Optimizer, seed and ema_momentum are those of the entries, not of `options`. Throws
  /// InvalidArgument where the graphs differ in more than activation functions, initializers and
  /// dropout, or an option is out of range, and DeviceError. A GPU makes room for `batch_size` rows
  /// at once, and for more when they come.
  Trainer(std::vector<Entry> entries, const CompileOptions& options, std::int64_t batch_size = 1);

  /// The same on a given backend, of a network that was lowered before with the loss and precision
  /// of `options`; null: here.
  Trainer(const backend::Backend& backend, std::vector<Entry> entries,
          const CompileOptions& options, std::int64_t batch_size = 1,
          std::shared_ptr<const Network> network = nullptr);

  /// Throws what making a Trainer of these throws, except where only the device's memory can tell;
  /// takes none of that memory.
  static void check(const backend::Backend& backend, const Network& network,
                    std::span<const Entry> entries, const CompileOptions& options,
                    std::int64_t batch_size);

  int trials() const { return executable_->trials(); }

  /// See Figures::report_errors_in().
  void report_errors_in(double unit, std::string mean_squared_error) {
    figures_.report_errors_in(unit, std::move(mean_squared_error));
  }

  /// The weights of a trial, in the graph's order; names and initializers are those of the network
  /// that was lowered.
  const std::vector<Weight>& weights() const { return plan().weights; }

  /// Copies of a weight, in or out, by its place in weights(): its average is read, where there is
  /// one, and both are set. Throws InvalidArgument for a wrong size, which can be checked before.
  std::vector<float> get_weight(int trial, std::size_t weight) const;
  void check_weight(std::size_t weight, std::span<const float> values) const;
  void set_weight(int trial, std::size_t weight, std::span<const float> values);

  /// By weight of a trial, as training knows it, its weight_digest().
  std::vector<std::uint64_t> weight_digests(int trial) const;

  /// The gradient of the batch that a trial was trained on last, before clipping. Throws
  /// InvalidArgument for a weight that is not trained, and where no batch was.
  std::vector<float> get_gradient(int trial, std::size_t weight) const;

  /// Trains all trials on the same samples, each in its own order. `callbacks` holds those of each
  /// trial, or nothing; options.callbacks are not called. A trial that stops, by a callback or a
  /// number that is not finite, is left out from then on.
  std::vector<History> fit(const Samples& samples, const FitOptions& options,
                           std::span<const std::vector<CallbackPtr>> callbacks);

  /// Adds to the figures of each epoch of fit() what the layers of each trial do with some of the
  /// training samples: layer_diagnostics(). `diagnosis` is of this network, with room for
  /// diagnosed_samples() of them.
  void diagnose_epochs(std::shared_ptr<diagnostics::Diagnosis> diagnosis) {
    diagnoses_.emplace(std::move(diagnosis));
  }

  /// Callbacks see each batch of an epoch whose number is a multiple of this, whatever number of
  /// batches the device is best given at a time.
  void pause_every(std::int64_t batches) { pause_ = batches; }

  /// What the layers of a trial do with these samples, with the weights that get_weight() gives.
  std::vector<LayerDiagnostics> diagnose(int trial, const Samples& samples);

  /// Loss and metrics of each trial, dropout off. `callbacks` as for fit().
  std::vector<Logs> evaluate(const Samples& samples, std::int64_t batch_size,
                             std::span<const std::vector<CallbackPtr>> callbacks = {});

  /// Outputs [count][output shape] of a trial, dropout off.
  std::vector<float> predict(int trial, const Samples& samples, std::int64_t batch_size);

  /// By sample, the place of the largest output of a trial, the first of equal ones; of a single
  /// output 1 where it is above 0.5, else 0; dropout off.
  /// `samples` are those that fit() validated on, or evaluate() was given, last: where a device
  /// knows what it met there, this takes no other pass over them.
  std::vector<std::int32_t> evaluated_classes(int trial, const Samples& samples,
                                              std::int64_t batch_size);

  /// Where the training of a trial stands, or begins to.
  TrainingState state(int trial);
  void restore(int trial, const TrainingState& state);  ///< throws InvalidArgument, changes nothing

  /// The same with the network and the options: what a file takes. The second throws
  /// InvalidArgument where those in the file are others, and DataError.
  ModelFile file(int trial);
  void restore(int trial, const std::filesystem::path& path);

  /// What a trial was compiled with.
  CompiledWith compiled_with(int trial) const;

  /// What a trial was made of.
  const Entry& entry(int trial) const { return entries_[static_cast<std::size_t>(trial)]; }
  const CompileOptions& options() const { return options_; }

  /// Epochs of a trial over all calls of fit().
  const History& history(int trial) const { return histories_[static_cast<std::size_t>(trial)]; }

  /// Where a trial met a number that was not finite in the last fit(), if it did.
  const std::optional<Divergence>& divergence(int trial) const {
    return divergences_[static_cast<std::size_t>(trial)];
  }

  /// Learning rate of a trial in its next step. It cannot be set where it follows a schedule:
  /// InvalidArgument.
  double learning_rate(int trial) const;
  void set_learning_rate(int trial, double learning_rate);

 private:
  friend class FitRun;

  /// Makes all trials take part again, those too that stopped before.
  void activate_all();

  /// Adds what the batches gave that a trial was trained on since the last call.
  void take_training_sums(int trial);

  /// Adds what training took since this was last asked to the time of all trials' epochs.
  void take_training_seconds();

  /// The learning rate that a schedule begins with, or the one of now.
  void set_initial_rate(int trial, double learning_rate);

  /// The learned parameters of a trial's activations, each as the mean over its channels.
  void log_learned(int trial, Logs& logs);

  /// Adds what is diagnosed of a trial, if it is.
  void log_diagnoses(int trial, const Samples& samples, Logs& logs);

  /// For the schedule of a trial.
  ScheduledStep next_step(int trial) const;

  /// Tells a trial whose learning rate follows a schedule those of its next steps.
  void schedule_rates(int trial, std::int64_t steps);

  /// Over all calls of fit(): each epoch has its own order.
  int epochs_done() const;

  const plan::Plan& plan() const { return network_->plan; }

  std::shared_ptr<const Network> network_;
  std::vector<Entry> entries_;
  CompileOptions options_;
  Figures figures_;
  std::vector<Optimizer> optimizers_;                   ///< by trial, with the learning rate of now
  std::vector<double> all_steps_;                       ///< by trial: see ScheduledStep::all
  std::vector<std::uint32_t> restored_steps_;           ///< by trial: done when it began here
  std::vector<Position> positions_;                     ///< by trial
  std::vector<History> histories_;                      ///< by trial
  std::vector<std::optional<Divergence>> divergences_;  ///< by trial
  std::unique_ptr<backend::Executable> executable_;
  std::optional<EpochDiagnoses> diagnoses_;
  std::int64_t pause_ = 0;  ///< 0: anywhere
};

/// The place of a weight by its name. Throws InvalidArgument where there is none of that name.
std::size_t weight_named(const std::vector<Weight>& weights, std::string_view name);

}  // namespace saltus::train
