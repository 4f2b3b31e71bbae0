#pragma once

#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "backend/backend.h"
#include "backend/cpu/program.h"

namespace saltus::cpu {

/// Trials on the CPU: they take turns, batch by batch, in one set of buffers.
class CpuExecutable : public backend::Executable {
 public:
  /// `workers` are in place of options.threads.
  CpuExecutable(std::shared_ptr<const plan::Plan> plan, std::vector<backend::Trial> trials,
                const backend::Options& options, std::unique_ptr<const Workers> workers);

  int trials() const override { return static_cast<int>(trials_.size()); }
  void bind(backend::Split split, const Samples& samples) override;
  void train(std::uint32_t epoch, std::int64_t first, std::int64_t count, std::int64_t batch_size,
             bool shuffle) override;
  void evaluate(backend::Split split, std::int64_t batch_size) override;
  std::vector<backend::BatchSums> take_sums(int trial, backend::Split split) override;
  double training_seconds() override { return std::exchange(training_seconds_, 0); }
  bool prefers_whole_epochs() const override { return false; }
  std::vector<float> predict(int trial, backend::Split split, std::int64_t batch_size) override;
  std::vector<std::int32_t> evaluated_classes(int trial, backend::Split split) override {
    return state(trial).classes[static_cast<std::size_t>(split)];
  }
  void read_weight(int trial, int weight, std::span<float> values) override;
  void write_weight(int trial, int weight, std::span<const float> values) override;
  void read_average(int trial, int weight, std::span<float> values) override;
  void write_average(int trial, int weight, std::span<const float> values) override;
  void read_gradient(int trial, int weight, std::span<float> values) override;
  void read_moment(int trial, int weight, int moment, std::span<float> values) override;
  void write_moment(int trial, int weight, int moment, std::span<const float> values) override;
  std::uint32_t steps(int trial) override { return state(trial).step; }
  void set_steps(int trial, std::uint32_t steps) override { state(trial).step = steps; }
  void set_learning_rates(int trial, std::span<const double> rates) override;
  void set_active(int trial, bool active) override;
  const backend::NonFinite* non_finite(int trial) override;

 private:
  TrialState& state(int trial) { return trials_[static_cast<std::size_t>(trial)]; }
  const Samples& samples(backend::Split split) const {
    return splits_[static_cast<std::size_t>(split)];
  }
  const plan::Tensor& tensor(int weight) const {
    return plan_->train.tensors[static_cast<std::size_t>(weight)];
  }
  /// A weight among these parameters, or among the trial's statistics.
  static float* weight_data(const TrialState& trial, const Parameters& parameters,
                            const plan::Tensor& tensor);
  static void write(const TrialState& trial, const Parameters& parameters,
                    const plan::Tensor& tensor, std::span<const float> values);
  float* moment_data(int trial, int weight, int moment);

  /// The rows of batch number `batch`, in the data's own order, for a program that reads these
  /// parameters.
  Run make_run(TrialState& trial, const Parameters& parameters, const Samples& samples,
               std::int64_t batch, std::int64_t batch_size) const;

  /// Programs are compiled when first needed, with buffers for so many rows, and anew for a larger
  /// batch: a model that only predicts needs no buffers to train.
  CompiledProgram& compiled(std::unique_ptr<CompiledProgram>& program, const plan::Program& source,
                            std::int64_t rows);

  std::shared_ptr<const plan::Plan> plan_;
  bool stop_on_nonfinite_;
  std::vector<Metric> metrics_;
  std::unique_ptr<const Workers> workers_;
  std::vector<TrialState> trials_;
  std::array<Samples, 2> splits_;
  Buffer gradients_;
  const TrialState* trained_ = nullptr;  ///< whose gradients they are
  double training_seconds_ = 0;
  std::unique_ptr<CompiledProgram> train_, evaluate_, predict_;
};

}  // namespace saltus::cpu
