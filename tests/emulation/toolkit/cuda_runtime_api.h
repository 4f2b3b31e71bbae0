// Found before the toolkit's header of this name: the CUDA runtime API on the CPU.
#pragma once

#define SALTUS_EMULATED_CUDA 1

#include <emulation/api/api.h>
#include <emulation/api/types.h>
#include <emulation/device/vector_types.h>
