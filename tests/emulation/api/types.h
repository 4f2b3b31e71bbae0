// Types of the CUDA runtime API. Numbers are the toolkit's.
#pragma once

#include <cstddef>

#include "tests/emulation/api/errors.h"

// NOLINTBEGIN(readability-identifier-naming): CUDA's names

enum cudaError {
#define SALTUS_EMULATED_ERROR(name, number, text) name = number,
  SALTUS_EMULATED_ERRORS(SALTUS_EMULATED_ERROR)
#undef SALTUS_EMULATED_ERROR
};
using cudaError_t = cudaError;

using cudaStream_t = struct CUstream_st*;
using cudaEvent_t = struct CUevent_st*;
using cudaGraph_t = struct CUgraph_st*;
using cudaGraphExec_t = struct CUgraphExec_st*;

enum cudaMemcpyKind {
  cudaMemcpyHostToHost = 0,
  cudaMemcpyHostToDevice = 1,
  cudaMemcpyDeviceToHost = 2,
  cudaMemcpyDeviceToDevice = 3,
  cudaMemcpyDefault = 4
};

enum cudaFuncAttribute {
  cudaFuncAttributeMaxDynamicSharedMemorySize = 8,
  cudaFuncAttributePreferredSharedMemoryCarveout = 9
};

struct cudaFuncAttributes {
  std::size_t sharedSizeBytes;
  int maxThreadsPerBlock;
  int maxDynamicSharedSizeBytes;
};

inline constexpr unsigned cudaStreamDefault = 0;
inline constexpr unsigned cudaStreamNonBlocking = 1;

// NOLINTEND(readability-identifier-naming)
