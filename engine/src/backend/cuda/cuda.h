// The CUDA backend, for those who know nothing of CUDA.
#pragma once

#include <string>

#include "backend/backend.h"

namespace saltus::backend {

const Backend& cuda();

/// Why the CUDA backend cannot be used on this machine, in a sentence that says what to do; empty
/// where it can.
std::string cuda_obstacle();

/// "NVIDIA H100, compute capability 9.0, 79.2 GiB, driver for CUDA 13.0, runtime 13.0". Throws
/// DeviceError where the backend cannot be used.
std::string cuda_description();

}  // namespace saltus::backend
