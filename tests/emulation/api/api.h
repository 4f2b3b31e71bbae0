// The CUDA runtime API, as far as the emulation has it. CUDA's documentation holds here, too; what
// is stricter is said at the declaration. One host thread only.
#pragma once

#include <cstddef>

#include "tests/emulation/api/types.h"

// NOLINTBEGIN(readability-identifier-naming): CUDA's names

const char* cudaGetErrorName(cudaError_t error);
const char* cudaGetErrorString(cudaError_t error);
cudaError_t cudaGetLastError();
cudaError_t cudaPeekAtLastError();

/// Memory is filled with 0xFF bytes, NaN for floats, and followed by a red zone.
cudaError_t cudaMalloc(void** pointer, std::size_t bytes);
template <class T>
cudaError_t cudaMalloc(T** pointer, std::size_t bytes) {
  void* memory = nullptr;
  const cudaError_t error = cudaMalloc(&memory, bytes);
  if (error == cudaSuccess) *pointer = static_cast<T*>(memory);
  return error;
}
cudaError_t cudaFree(void* pointer);

/// Copies and sets happen when the stream comes to them, also those of pageable memory.
cudaError_t cudaMemcpyAsync(void* target, const void* source, std::size_t bytes,
                            cudaMemcpyKind kind, cudaStream_t stream);
cudaError_t cudaMemsetAsync(void* target, int value, std::size_t bytes, cudaStream_t stream);

/// The default stream is refused everywhere (cudaErrorInvalidResourceHandle).
cudaError_t cudaStreamCreate(cudaStream_t* stream);
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags);
cudaError_t cudaStreamDestroy(cudaStream_t stream);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);
cudaError_t cudaDeviceSynchronize();

cudaError_t cudaFuncSetAttribute(const void* kernel, cudaFuncAttribute attribute, int value);
template <class... P>
cudaError_t cudaFuncSetAttribute(void (*kernel)(P...), cudaFuncAttribute attribute, int value) {
  return cudaFuncSetAttribute(reinterpret_cast<const void*>(kernel), attribute, value);
}

// NOLINTEND(readability-identifier-naming)
