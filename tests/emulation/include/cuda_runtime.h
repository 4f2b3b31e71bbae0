// Found before the toolkit's header of this name: what kernels see of CUDA, on the CPU.
#pragma once

#include "cuda_runtime_api.h"
#include "tests/emulation/device/arithmetic.h"
#include "tests/emulation/device/async_copy.h"
#include "tests/emulation/device/atomics.h"
#include "tests/emulation/device/builtins.h"
#include "tests/emulation/device/launch.h"
#include "tests/emulation/device/shared_memory.h"
#include "tests/emulation/device/vector_access.h"
#include "tests/emulation/device/warp.h"
