#pragma once

#include <cuda_runtime_api.h>

#include <saltus/kernels/trial.h>

namespace saltus::kernels {

/// For whom and where a launch works: the last argument of every launcher.
struct LaunchContext {
  Trials trials;
  int max_rows = 0;  ///< grids are sized for so many rows; how many there are is read on the device
  cudaStream_t stream = nullptr;
};

}  // namespace saltus::kernels
