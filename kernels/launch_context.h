#pragma once

#include <cuda_runtime_api.h>

#include <saltus/kernels/trial.h>

namespace saltus::kernels {

/// The kernels that evaluate activations, linked with formulas.
class LinkedKernels {
 public:
  virtual ~LinkedKernels() = default;

  /// What is launched in place of a kernel of the program's. Throws CudaError.
  [[nodiscard]] virtual const void* find(const void* kernel) const = 0;
};

/// For whom and where a launch works: the last argument of every launcher.
struct LaunchContext {
  Trials trials;
  int max_rows = 0;  ///< grids are sized for so many rows; how many there are is read on the device
  cudaStream_t stream = nullptr;
  /// For trials with formulas; null where all activations are of the list.
  const LinkedKernels* linked = nullptr;
};

}  // namespace saltus::kernels
