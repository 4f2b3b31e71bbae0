#pragma once

#include <span>
#include <vector>

#include <saltus/metric.h>

#include "backend/backend.h"
#include "backend/cuda/libraries/linker.h"

namespace saltus::cuda {

/// What of trials, of their plan and of its metrics is compiled at run time, and the numbers by
/// which kernels know it.
class Formulas {
 public:
  Formulas() = default;
  /// Nothing is compiled yet. Throws DeviceError where that could not be done, InvalidArgument
  /// where there are more metrics than the device has room for.
  Formulas(const plan::Plan& plan, std::span<const backend::Trial> trials,
           std::span<const Metric> metrics);

  /// Compiles all, if there is anything, and gives the trials with the ids by which the device
  /// knows activations. Throws DeviceError.
  std::vector<backend::Trial> link(std::span<const backend::Trial> trials);

  /// What launches use in place of the program's own kernels; null where nothing is linked.
  const kernels::LinkedKernels* kernels() const { return linked_.kernels.get(); }

  /// Of an activation with learned parameters that a step of the plan has.
  int number_of(const Activation& learned) const;
  /// Of the plan's loss, which is a formula.
  int loss() const { return linked_.first_loss; }
  /// Of the first metric that is a formula; the others follow it.
  int first_metric() const { return linked_.first_loss + loss_count(); }
  int metric_count() const { return metrics_; }

 private:
  int loss_count() const { return static_cast<int>(formulas_.losses.size()) - metrics_; }

  formula::DeviceFormulas formulas_;
  std::vector<Activation> learned_;  ///< whose formulas are formulas_.learned
  int metrics_ = 0;
  Linked linked_;
};

}  // namespace saltus::cuda
