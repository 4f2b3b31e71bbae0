// One vector register, for the few loops that compilers do not vectorise well by themselves: those
// whose accumulators must stay in registers, and 32-bit products of which both halves are wanted.
#pragma once

#if defined(__SSE2__)
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

/// One vector register of 64-bit numbers.
inline constexpr int kQuads = kLanes / 2;
using Quads = std::uint64_t __attribute__((vector_size(sizeof(std::uint64_t) * kQuads)));

/// Products of the lower halves, which are all that is read of a and b. (Compilers do not see that
/// the general product is not needed.)
SALTUS_HD Quads multiply_low_halves(Quads a, Quads b) {
#if defined(__AVX512F__)
  // The form without a mask makes GCC 12 warn of an uninitialised variable in its own header.
  return reinterpret_cast<Quads>(
      _mm512_maskz_mul_epu32(0xff, reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
#elif defined(__AVX2__)
  return reinterpret_cast<Quads>(
      _mm256_mul_epu32(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
#elif defined(__SSE2__)
  return reinterpret_cast<Quads>(
      _mm_mul_epu32(reinterpret_cast<__m128i>(a), reinterpret_cast<__m128i>(b)));
#else
  return (a & 0xffffffffu) * (b & 0xffffffffu);
#endif
}

}  // namespace saltus::cpu::SALTUS_ISA
