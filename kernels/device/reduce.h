// Combines a value of each thread of a warp or block into one, in an order that is always the same.
#pragma once

#include <saltus/kernels/device/launch.h>
#include <saltus/kernels/portable.h>

namespace saltus::kernels {

inline constexpr unsigned kWholeWarp = 0xffffffffU;
inline constexpr int kWarpLanes = 32;

/// For reduce: a + b.
struct Add {
  template <class T>
  SALTUS_HD T operator()(T a, T b) const {
    return a + b;
  }
};

/// The values of a warp's 32 lanes, combined; every lane gets the same. `combine` must be
/// commutative: then all lanes have the same tree of operations, and the same bits. All lanes must
/// come here. T: float, double or an integer of 4 or 8 bytes.
template <class T, class Combine = Add>
__device__ inline T reduce_warp(T value, Combine combine = {}) {
#pragma unroll
  for (int distance = kWarpLanes / 2; distance > 0; distance /= 2)
    value = combine(value, __shfl_xor_sync(kWholeWarp, value, distance));
  return value;
}

/// The values of a block's kThreads threads, combined: in each warp as above, then warp after warp.
/// Every thread gets the result, and all threads must come here. Has a barrier at its beginning and
/// one inside, so that calls may follow each other.
template <int kThreads, class T, class Combine = Add>
__device__ inline T reduce_block(T value, Combine combine = {}) {
  static_assert(kThreads % kWarpLanes == 0 && kThreads <= 1024, "whole warps");
  constexpr int kWarps = kThreads / kWarpLanes;
  SALTUS_SHARED(T, of_warps, [kWarps]);
  value = reduce_warp(value, combine);
  __syncthreads();  // a call before this one may still be read
  if (threadIdx.x % kWarpLanes == 0) of_warps[threadIdx.x / kWarpLanes] = value;
  __syncthreads();
  T all = of_warps[0];
  for (int warp = 1; warp < kWarps; ++warp) all = combine(all, of_warps[warp]);
  return all;
}

}  // namespace saltus::kernels
