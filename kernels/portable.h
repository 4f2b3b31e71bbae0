#pragma once

#include <saltus/export.h>

#include <cstdint>

/// Marks a function for host and device. Always inlined: the CPU's loops are compiled once for each
/// instruction set, and an out-of-line copy would be shared between them by the linker.
#if defined(__CUDACC__)
#define SALTUS_HD __host__ __device__ __forceinline__
#else
#define SALTUS_HD inline __attribute__((always_inline))
#endif

namespace saltus::kernels {

/// The bits of x.
SALTUS_HD std::uint32_t bits_of(float x) {
#if defined(__CUDA_ARCH__)
  return __float_as_uint(x);
#else
  return __builtin_bit_cast(std::uint32_t, x);
#endif
}

/// The float with these bits.
SALTUS_HD float float_of(std::uint32_t bits) {
#if defined(__CUDA_ARCH__)
  return __uint_as_float(bits);
#else
  return __builtin_bit_cast(float, bits);
#endif
}

}  // namespace saltus::kernels
