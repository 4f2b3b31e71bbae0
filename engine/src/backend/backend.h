// The seam between the engine and what computes: a backend compiles a plan for a table of trials
// into an executable.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <saltus/kernels/activations.h>
#include <saltus/kernels/trial.h>
#include <saltus/libraries.h>
#include <saltus/metric.h>
#include <saltus/optimizer.h>
#include <saltus/samples.h>

#include "plan/plan.h"

namespace saltus::backend {

/// One row of the trial table: all that may differ between models that share a plan.
struct Trial {
  std::uint64_t seed = 0;
  Optimizer optimizer;
  std::vector<kernels::ActivationRef> activations;  ///< one for each activation slot
  std::vector<kernels::DropoutRule> dropouts;       ///< one for each dropout slot
  double ema_momentum = 0;  ///< of the moving averages of its weights; 0: there are none
};

/// How many numbers an optimizer remembers of each trained weight.
int moments_of(const Optimizer& optimizer);

/// The samples that a run is about.
enum class Split : std::uint8_t { train, validation };

/// Sums over the rows of one batch.
struct BatchSums {
  std::int64_t rows = 0;
  double loss = 0;                                         ///< sum of the samples' losses
  std::array<double, ListedMetrics::kCount> metrics = {};  ///< likewise, of each in the list
  /// Gradient elements that clipvalue cut, or tensors that a norm clip scaled.
  std::int64_t clipped = 0;
  std::vector<double> custom = {};  ///< sums over the samples, of each of Options::metrics
};

/// A trial that met a NaN or an infinity: it stopped before any weight changed.
struct NonFinite {
  std::int64_t step = 0;  ///< optimizer steps done before
  std::string tensor;  ///< "loss", the weight whose gradient is not finite, or the moving statistic
                       ///< that would not be
};

/// A compiled plan with the state of its trials: weights, their averages, moments, step counts.
/// Calls may return before their work is done; whatever returns a value waits for it.
class Executable {
 public:
  virtual ~Executable() = default;

  /// Number of trials.
  virtual int trials() const = 0;

  /// Makes samples available to all trials. The buffers must stay valid while the executable uses
  /// them.
  virtual void bind(Split split, const Samples& samples) = 0;

  /// Trains all active trials on batches `first` to `first + count` of an epoch's order; `shuffle`
  /// takes the order from each trial's seed and the epoch.
  virtual void train(std::uint32_t epoch, std::int64_t first, std::int64_t count,
                     std::int64_t batch_size, bool shuffle) = 0;

  /// Runs all active trials over the samples bound, dropout off. This and predict() read the
  /// averages of a trial's trained weights where it has any.
  virtual void evaluate(Split split, std::int64_t batch_size) = 0;

  /// Sums of one trial over a split's samples since the last call, a batch each. Batches that the
  /// trial was left out of are missing.
  virtual std::vector<BatchSums> take_sums(int trial, Split split) = 0;

  /// Seconds that the calls of train() took since this was last asked.
  virtual double training_seconds() = 0;

  /// Whether it is best given an epoch at a time, with the evaluation behind it, before anything is
  /// asked of it; else a few batches at a time cost nothing.
  virtual bool prefers_whole_epochs() const = 0;

  /// Outputs [count][output] of a trial for the samples bound.
  virtual std::vector<float> predict(int trial, Split split, std::int64_t batch_size) = 0;

  /// By sample, the place of the trial's largest output (the first of equal ones) that the last
  /// evaluate() of the split met; nothing where that is not known, or weights or samples changed.
  virtual std::vector<std::int32_t> evaluated_classes(int /*trial*/, Split /*split*/) { return {}; }

  /// Copies a weight tensor (its number in the plan) out or in, as training knows it. Written, it
  /// is its own average.
  virtual void read_weight(int trial, int weight, std::span<float> values) = 0;
  virtual void write_weight(int trial, int weight, std::span<const float> values) = 0;

  /// Copies a weight tensor out as evaluate() and predict() know it: the average, or the weight
  /// where there is none.
  virtual void read_average(int trial, int weight, std::span<float> values) = 0;
  /// Copies the average of a trained weight in, of a trial that has averages.
  virtual void write_average(int trial, int weight, std::span<const float> values) = 0;

  /// Copies out the gradient of the mean loss of the last batch by a trained weight, before
  /// clipping. Throws InvalidArgument where it is no longer there: trials that take turns share
  /// their gradients, and a GPU that makes room for larger batches drops them.
  virtual void read_gradient(int trial, int weight, std::span<float> values) = 0;

  /// Copies what the trial's optimizer remembers of a trained weight out or in: `moment` counts
  /// from 0 to moments_of(optimizer).
  virtual void read_moment(int trial, int weight, int moment, std::span<float> values) = 0;
  virtual void write_moment(int trial, int weight, int moment, std::span<const float> values) = 0;

  /// Optimizer steps that a trial has done; they count in Adam's rate and in dropout's masks.
  virtual std::uint32_t steps(int trial) = 0;
  virtual void set_steps(int trial, std::uint32_t steps) = 0;

  /// Changes a trial's learning rate: the first of `rates` is that of the next step, and so on; the
  /// last that of all steps from there on.
  virtual void set_learning_rates(int trial, std::span<const double> rates) = 0;
  void set_learning_rate(int trial, double learning_rate) {
    set_learning_rates(trial, {&learning_rate, 1});
  }

  /// Trials that are not active are left out by train() and evaluate(). A trial that met a number
  /// that is not finite is no longer active; activating it forgets that.
  virtual void set_active(int trial, bool active) = 0;

  /// Where a trial stopped because a number was not finite, if it did. Only with
  /// Options::stop_on_nonfinite.
  virtual const NonFinite* non_finite(int trial) = 0;
};

/// How an executable is to be made.
struct Options {
  int threads = 0;                 ///< of the CPU; 0: all cores this process may use
  std::int64_t batch_size = 1;     ///< a GPU makes room for so many rows; a larger batch makes more
  bool stop_on_nonfinite = false;  ///< check loss, gradients and statistics before each update
  Libraries libraries = {};        ///< of a GPU's products
  std::vector<Metric> metrics = {};  ///< functions and formulas, on a CPU
};

/// Makes executables for one device.
class Backend {
 public:
  virtual ~Backend() = default;

  /// "cpu"
  virtual std::string_view name() const = 0;

  /// Throws what compile() throws, except where only the device's memory can tell; takes none of
  /// that memory.
  virtual void check(const plan::Plan& plan, std::span<const Trial> trials,
                     const Options& options) const = 0;

  /// Compiles a plan for these trials; weights start from zero. Throws InvalidArgument or
  /// DeviceError if the device cannot run it.
  virtual std::unique_ptr<Executable> compile(std::shared_ptr<const plan::Plan> plan,
                                              std::vector<Trial> trials,
                                              const Options& options) const = 0;

  /// How many trials of this plan, with any of these optimizers, and with averages of their weights
  /// or not, are best trained side by side on these samples, at least one. Results do not depend on
  /// it.
  virtual int side_by_side(const plan::Plan& plan, std::span<const Optimizer> optimizers,
                           bool averages, const Options& options, const Samples& train,
                           const Samples& validation) const = 0;
};

/// The CPU backend: oneDNN for convolutions and matrix products, our own loops for the rest.
const Backend& cpu();

}  // namespace saltus::backend
