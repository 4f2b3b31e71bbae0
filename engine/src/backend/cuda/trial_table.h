#pragma once

#include <span>

#include <saltus/kernels/update/update.h>

#include "backend/backend.h"
#include "backend/cuda/handles.h"
#include "backend/cuda/layout.h"

namespace saltus::cuda {

/// The table of trials on the device. What changes is copied there in the stream's order, so that
/// work put in before sees what was, and captured launches see what is.
class TrialTable {
 public:
  TrialTable(const plan::Plan& plan, std::span<const backend::Trial> trials, cudaStream_t stream);

  int count() const { return static_cast<int>(rules_.size()); }

  /// What the optimizers of all trials together want.
  int moments() const { return moments_; }
  bool clips_by_norm() const { return clips_by_norm_; }
  std::uint32_t optimizers() const { return optimizer_bits_; }  ///< kernels::Update::optimizers
  bool averages() const { return average_rates_.size() > 0; }

  kernels::Trials all(const kernels::BatchRange* batch) const;
  /// One trial as a table of its own, active whether or not it is.
  kernels::Trials only(int trial, const kernels::BatchRange* batch) const;

  const kernels::UpdateRule* rules() const { return rules_.device(); }
  kernels::NonFinite* non_finite() const { return non_finite_.device(); }
  const float* average_rates() const { return average_rates_.device(); }

  void set_active(int trial, bool active, cudaStream_t stream);
  void set_steps(int trial, std::uint32_t steps, cudaStream_t stream);
  /// Puts a copy of the optimizer steps that a trial has done into the stream.
  void fetch_steps(int trial, std::uint32_t& steps, cudaStream_t stream) const {
    copy(&steps, &states_.device()[trial].step, 1, cudaMemcpyDeviceToHost, stream);
  }
  /// The same as Executable::set_learning_rates(), with `done` steps before them where they are
  /// several.
  void set_learning_rates(int trial, std::span<const double> rates, std::uint32_t done,
                          cudaStream_t stream);

  /// Puts a copy of what trials met into the stream; found() has it once that is done.
  void fetch_non_finite(cudaStream_t stream) const { non_finite_.download(stream); }
  const kernels::NonFinite& found(int trial) const { return non_finite_.host()[trial]; }

 private:
  kernels::Trials table(std::size_t first, int count, kernels::TrialState* states,
                        const kernels::BatchRange* batch) const;

  int activation_slots_;
  int dropout_slots_;
  int moments_ = 0;
  bool clips_by_norm_ = false;
  std::uint32_t optimizer_bits_ = 0;
  std::vector<Optimizer> optimizers_;      ///< [trials]
  std::vector<Mirror<double>> rates_;      ///< [trials]: learning rates, where there are several
  Mirror<kernels::TrialState> states_;     ///< [trials], then as many that are always active
  Mirror<kernels::UpdateRule> rules_;      ///< [trials]
  Mirror<kernels::NonFinite> non_finite_;  ///< [trials]
  Mirror<float> average_rates_;            ///< [trials], where any has averages
  Mirror<kernels::ActivationRef> activations_;  ///< [trials][activation_slots]
  Mirror<kernels::DropoutRule> dropouts_;       ///< [trials][dropout_slots]
};

}  // namespace saltus::cuda
