// One vector register of floats, for loops whose accumulators must stay in registers.
#pragma once

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#include "backend/cpu/loops/isa.h"

namespace saltus::cpu::SALTUS_ISA {

#if defined(__AVX512F__)
inline constexpr int kLanes = 16;
inline constexpr int kVectorRegisters = 32;
#elif defined(__AVX2__)
inline constexpr int kLanes = 8;
inline constexpr int kVectorRegisters = 16;
#else
inline constexpr int kLanes = 4;
inline constexpr int kVectorRegisters = 16;
#endif

/// Whether a fused multiply-add is an instruction, and not a call.
#if defined(__FP_FAST_FMAF)
inline constexpr bool kFastFma = true;
#else
inline constexpr bool kFastFma = false;
#endif

using Vector = float __attribute__((vector_size(sizeof(float) * kLanes)));

SALTUS_HD Vector load_vector(const float* source) {
  Vector v;
  __builtin_memcpy(&v, source, sizeof v);
  return v;
}
SALTUS_HD void store_vector(Vector v, float* target) {
  __builtin_memcpy(target, &v, sizeof v);
}
SALTUS_HD Vector broadcast(float x) {
  return x - Vector{};
}

/// a * b + c with one rounding.
SALTUS_HD Vector fma(Vector a, Vector b, Vector c) {
#if defined(__AVX512F__)
  return _mm512_fmadd_ps(a, b, c);
#elif defined(__AVX2__)
  return _mm256_fmadd_ps(a, b, c);
#else
  for (int i = 0; i < kLanes; ++i) c[i] = __builtin_fmaf(a[i], b[i], c[i]);
  return c;
#endif
}

}  // namespace saltus::cpu::SALTUS_ISA
