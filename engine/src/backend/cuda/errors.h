// Errors of CUDA and of the kernels' launchers as the library's own.
#pragma once

#include <stdexcept>

#include <cuda_runtime_api.h>

#include <saltus/error.h>
#include <saltus/kernels/device/check.h>

namespace saltus::cuda {

/// Does `work` and returns what it returns. Throws DeviceError where a call of CUDA fails, and
/// InvalidArgument where a launcher refuses what it is given.
template <class Work>
auto guarded(Work work) {
  try {
    return work();
  } catch (const kernels::CudaError& error) {
    cudaGetLastError();  // or the next launch would report it again
    if (error.code() == cudaErrorMemoryAllocation) throw OutOfMemory(error.what());
    throw DeviceError(error.what());
  } catch (const DeviceError&) {
    cudaGetLastError();  // of a library's own launches
    throw;
  } catch (const std::invalid_argument& error) {
    throw InvalidArgument(error.what());
  }
}

}  // namespace saltus::cuda

/// Makes a CUDA call and throws DeviceError where it fails.
#define SALTUS_CUDA_CHECK(call) ::saltus::cuda::guarded([&] { SALTUS_CHECK(call); })
