#pragma once

#include <memory>
#include <span>
#include <vector>

#include <saltus/kernels/launch_context.h>

#include "backend/backend.h"

namespace saltus::cuda {

/// The formulas among the activations of trials, ready to run on the device.
class Formulas {
 public:
  /// Links them, if there are any. Throws DeviceError where that does not work.
  explicit Formulas(std::span<const backend::Trial> trials);

  /// The trials with the ids by which the device knows activations.
  const std::vector<backend::Trial>& trials() const { return trials_; }

  /// What launches use in place of the program's own kernels; null where there are no formulas.
  const kernels::LinkedKernels* kernels() const { return kernels_.get(); }

 private:
  std::vector<backend::Trial> trials_;
  std::unique_ptr<const kernels::LinkedKernels> kernels_;
};

}  // namespace saltus::cuda
