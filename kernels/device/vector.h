// Loads of several elements at once, and loads of what no block writes while the kernel runs.
#pragma once

#include <saltus/kernels/bfloat16.h>
#include <saltus/kernels/device/launch.h>

namespace saltus::kernels {

/// Four consecutive elements as floats.
struct Quad {
  float values[4];
};

/// Loads four floats at a multiple of 16 bytes in one access: of shared memory, or of an array in
/// global memory that the kernel changes.
__device__ inline Quad load_quad(const float* first) {
#if defined(__CUDACC__)
  const float4 loaded = *reinterpret_cast<const float4*>(first);
  return {loaded.x, loaded.y, loaded.z, loaded.w};
#else
  const emulation::VectorAccess access(first, 4 * sizeof(float));
  return {first[0], first[1], first[2], first[3]};
#endif
}

/// Stores four floats in one access, at a multiple of 16 bytes.
__device__ inline void store_quad(const Quad& quad, float* first) {
#if defined(__CUDACC__)
  *reinterpret_cast<float4*>(first) =
      make_float4(quad.values[0], quad.values[1], quad.values[2], quad.values[3]);
#else
  const emulation::VectorAccess access(first, 4 * sizeof(float));
  for (int i = 0; i < 4; ++i) first[i] = quad.values[i];
#endif
}

/// Stores two floats in one access, at a multiple of 8 bytes.
__device__ inline void store_pair(float first, float second, float* place) {
#if defined(__CUDACC__)
  *reinterpret_cast<float2*>(place) = make_float2(first, second);
#else
  const emulation::VectorAccess access(place, 2 * sizeof(float));
  place[0] = first;
  place[1] = second;
#endif
}

/// Rounds and stores four elements in one access, at a multiple of 8 bytes.
__device__ inline void store_quad(const Quad& quad, Bf16* first) {
#if defined(__CUDACC__)
  const auto pair = [&quad](int i) {
    return std::uint32_t{to_bf16(quad.values[i]).bits} |
           std::uint32_t{to_bf16(quad.values[i + 1]).bits} << 16;
  };
  *reinterpret_cast<uint2*>(first) = make_uint2(pair(0), pair(2));
#else
  const emulation::VectorAccess access(first, 4 * sizeof(Bf16));
  for (int i = 0; i < 4; ++i) first[i] = to_bf16(quad.values[i]);
#endif
}

/// Loads an element of an input in global memory. Says to the compiler what it cannot find out:
/// that no store of this kernel changes it.
__device__ inline float fetch(const float* place) {
#if defined(__CUDACC__)
  return __ldg(place);
#else
  return *place;
#endif
}
__device__ inline float fetch(const Bf16* place) {
#if defined(__CUDACC__)
  return to_float(Bf16{__ldg(&place->bits)});
#else
  return to_float(*place);
#endif
}

/// The same for four elements at a multiple of their size, in one access.
__device__ inline Quad fetch_quad(const float* first) {
#if defined(__CUDACC__)
  const float4 loaded = __ldg(reinterpret_cast<const float4*>(first));
  return {loaded.x, loaded.y, loaded.z, loaded.w};
#else
  const emulation::VectorAccess access(first, 4 * sizeof(float));
  return {first[0], first[1], first[2], first[3]};
#endif
}
__device__ inline Quad fetch_quad(const Bf16* first) {
#if defined(__CUDACC__)
  const uint2 loaded = __ldg(reinterpret_cast<const uint2*>(first));
  return {float_of(loaded.x << 16), float_of(loaded.x & 0xffff0000u), float_of(loaded.y << 16),
          float_of(loaded.y & 0xffff0000u)};
#else
  const emulation::VectorAccess access(first, 4 * sizeof(Bf16));
  return {to_float(first[0]), to_float(first[1]), to_float(first[2]), to_float(first[3])};
#endif
}

__device__ inline Quad fetch_quad(const std::uint8_t* first) {
#if defined(__CUDACC__)
  const uchar4 loaded = __ldg(reinterpret_cast<const uchar4*>(first));
  return {static_cast<float>(loaded.x), static_cast<float>(loaded.y), static_cast<float>(loaded.z),
          static_cast<float>(loaded.w)};
#else
  const emulation::VectorAccess access(first, 4);
  return {static_cast<float>(first[0]), static_cast<float>(first[1]), static_cast<float>(first[2]),
          static_cast<float>(first[3])};
#endif
}

/// Four consecutive bytes.
struct ByteQuad {
  std::uint8_t values[4];
};

/// Loads a byte as above, or four, at a multiple of 4.
__device__ inline std::uint8_t fetch(const std::uint8_t* place) {
#if defined(__CUDACC__)
  return __ldg(place);
#else
  return *place;
#endif
}
__device__ inline ByteQuad fetch_bytes(const std::uint8_t* first) {
#if defined(__CUDACC__)
  const uchar4 loaded = __ldg(reinterpret_cast<const uchar4*>(first));
  return {{loaded.x, loaded.y, loaded.z, loaded.w}};
#else
  const emulation::VectorAccess access(first, 4);
  return {{first[0], first[1], first[2], first[3]}};
#endif
}
__device__ inline void store_bytes(const ByteQuad& bytes, std::uint8_t* first) {
#if defined(__CUDACC__)
  *reinterpret_cast<uchar4*>(first) =
      make_uchar4(bytes.values[0], bytes.values[1], bytes.values[2], bytes.values[3]);
#else
  const emulation::VectorAccess access(first, 4);
  for (int i = 0; i < 4; ++i) first[i] = bytes.values[i];
#endif
}

}  // namespace saltus::kernels
