// Errors of CUDA as exceptions.
#pragma once

#include <stdexcept>
#include <string>

#include <cuda_runtime_api.h>

namespace saltus::kernels {

/// A CUDA call failed. what() names the call, its place, the error and what to do about it.
class CudaError : public std::runtime_error {
 public:
  CudaError(cudaError_t code, const std::string& message)
      : std::runtime_error(message), code_(code) {}
  [[nodiscard]] cudaError_t code() const { return code_; }

 private:
  cudaError_t code_;
};

/// Throws CudaError unless `code` is cudaSuccess.
void check(cudaError_t code, const char* call, const char* file, int line);

}  // namespace saltus::kernels

/// Makes a CUDA call and throws CudaError where it fails.
#define SALTUS_CHECK(call) ::saltus::kernels::check((call), #call, __FILE__, __LINE__)
