// Training, evaluation and prediction for models that share a plan: a table of trials on one
// device.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <saltus/model.h>

#include "backend/backend.h"
#include "train/figures.h"

namespace saltus::train {

/// A model of a Trainer.
struct Entry {
  Graph graph;
  Optimizer optimizer;
  std::uint64_t seed = 0;
};

/// Models of one structure that train side by side. A Model is a Trainer with one entry.
class Trainer {
 public:
  /// Plans the network, compiles it for the device that `options` asks for, and draws the initial
  /// weights. Optimizer and seed are those of the entries, not of `options`. Throws InvalidArgument
  /// where the graphs differ in more than activation functions, initializers and dropout, or an
  /// option is out of range, and DeviceError. A GPU makes room for `batch_size` rows at once, and
  /// for more when they come.
  Trainer(std::vector<Entry> entries, const CompileOptions& options, std::int64_t batch_size = 1);

  /// The same on a given backend.
  Trainer(const backend::Backend& backend, std::vector<Entry> entries,
          const CompileOptions& options, std::int64_t batch_size = 1);

  int trials() const { return executable_->trials(); }

  /// The weights of a trial, in the graph's order; initializers and names are those of the first
  /// entry.
  const std::vector<Weight>& weights() const { return plan_->weights; }

  /// Copies of a weight, in or out, by its place in weights(). Throws InvalidArgument for a wrong
  /// size, which can be checked before.
  std::vector<float> get_weight(int trial, std::size_t weight) const;
  void check_weight(std::size_t weight, std::span<const float> values) const;
  void set_weight(int trial, std::size_t weight, std::span<const float> values);

  /// The gradient of the batch that a trial was trained on last, before clipping. Throws
  /// InvalidArgument for a weight that is not trained, and where no batch was.
  std::vector<float> get_gradient(int trial, std::size_t weight) const;

  /// Trains all trials on the same samples, each in its own order. `callbacks` holds those of each
  /// trial, or nothing; options.callbacks are not called. A trial that stops, by a callback or a
  /// number that is not finite, is left out from then on.
  std::vector<History> fit(const Samples& samples, const FitOptions& options,
                           std::span<const std::vector<CallbackPtr>> callbacks);

  /// Loss and metrics of each trial, dropout off. `callbacks` as for fit().
  std::vector<Logs> evaluate(const Samples& samples, std::int64_t batch_size,
                             std::span<const std::vector<CallbackPtr>> callbacks = {});

  /// Outputs [count][output shape] of a trial, dropout off.
  std::vector<float> predict(int trial, const Samples& samples, std::int64_t batch_size);

  /// Where a trial met a number that was not finite in the last fit(), if it did.
  const std::optional<Divergence>& divergence(int trial) const {
    return divergences_[static_cast<std::size_t>(trial)];
  }

  /// Learning rate of a trial, now.
  double learning_rate(int trial) const;
  void set_learning_rate(int trial, double learning_rate);

 private:
  friend class FitRun;

  /// Makes all trials take part again, those too that stopped before.
  void activate_all();

  /// Counts the batches that a trial was trained on since the last call, and adds what they gave.
  void take_training_sums(int trial, backend::BatchSums& sums);

  std::shared_ptr<const plan::Plan> plan_;
  Loss loss_;
  bool terminate_on_nan_;
  Figures figures_;
  std::vector<Optimizer> optimizers_;                   ///< by trial, with the learning rate of now
  std::vector<std::int64_t> steps_;                     ///< by trial: optimizer steps done
  std::vector<std::optional<Divergence>> divergences_;  ///< by trial
  std::unique_ptr<backend::Executable> executable_;
  int epochs_done_ = 0;  ///< over all calls of fit(): each epoch has its own order
};

/// The place of a weight by its name. Throws InvalidArgument where there is none of that name.
std::size_t weight_named(const std::vector<Weight>& weights, std::string_view name);

}  // namespace saltus::train
