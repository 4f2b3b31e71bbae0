#pragma once

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include <cuda_runtime_api.h>

#include "backend/cuda/errors.h"

namespace saltus::cuda {

/// The compute capability of the device in use, 90 for 9.0. Throws DeviceError.
inline int current_architecture() {
  int device = 0;
  int major = 0;
  int minor = 0;
  SALTUS_CUDA_CHECK(cudaGetDevice(&device));
  SALTUS_CUDA_CHECK(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device));
  SALTUS_CUDA_CHECK(cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device));
  return major * 10 + minor;
}

/// Bytes of shared memory that a block may have on the device in use; at most SALTUS_SHARED_BYTES,
/// by which scripts/gpu_verify measures what devices with less would run. Throws DeviceError.
inline int shared_bytes_of_block() {
  int device = 0;
  int bytes = 0;
  SALTUS_CUDA_CHECK(cudaGetDevice(&device));
  SALTUS_CUDA_CHECK(
      cudaDeviceGetAttribute(&bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, device));
  int most = bytes;
  if (const char* const text = std::getenv("SALTUS_SHARED_BYTES"))
    std::from_chars(text, text + std::strlen(text), most);
  return std::min(bytes, most);
}

}  // namespace saltus::cuda
