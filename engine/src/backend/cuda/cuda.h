// The CUDA backend, for those who know nothing of CUDA.
#pragma once

#include <string>

#include "backend/backend.h"

namespace saltus::backend {

const Backend& cuda();

/// Why the CUDA backend cannot be used on this machine, in a sentence that says what to do; empty
/// where it can.
std::string cuda_obstacle();

}  // namespace saltus::backend
