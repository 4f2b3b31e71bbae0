#pragma once

#include <cuda_runtime_api.h>

#include "kernels/trial.h"

namespace saltus::kernels {

/// For whom and where a launch works: the last argument of every launcher.
struct Stage {
  Trials trials;
  int max_rows = 0;  ///< grids are sized for so many rows; how many there are is read on the device
  cudaStream_t stream = nullptr;
};

/// Blocks of `size` that cover `count` elements.
constexpr unsigned blocks_for(long long count, int size) {
  return static_cast<unsigned>((count + size - 1) / size);
}

}  // namespace saltus::kernels
