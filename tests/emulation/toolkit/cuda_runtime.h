// Found before the toolkit's header of this name: what kernels see of CUDA, on the CPU.
#pragma once

#include <emulation/device/arithmetic.h>
#include <emulation/device/async_copy.h>
#include <emulation/device/atomics.h>
#include <emulation/device/builtins.h>
#include <emulation/device/launch.h>
#include <emulation/device/shared_memory.h>
#include <emulation/device/vector_access.h>
#include <emulation/device/warp.h>

#include "cuda_runtime_api.h"
