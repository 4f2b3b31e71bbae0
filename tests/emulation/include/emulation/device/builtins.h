// CUDA's words, the built-in variables of a thread, and the barriers of its block.
#pragma once

#include <emulation/device/site.h>
#include <emulation/device/vector_types.h>

// NOLINTBEGIN(readability-identifier-naming,bugprone-reserved-identifier): CUDA's names

#define __global__
#define __device__
#define __host__
#define __constant__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __align__(bytes) __attribute__((aligned(bytes)))
// __shared__ is missing: such a variable would be each thread's own. SALTUS_SHARED declares it.

/// Of the thread that runs.
extern uint3 threadIdx;
extern uint3 blockIdx;
extern dim3 blockDim;
extern dim3 gridDim;
inline constexpr int warpSize = 32;

namespace saltus::emulation {

/// Waits until all threads of the block are here. Returns how many of them brought true.
int block_barrier(const char* name, bool vote, Site site);

/// How many threads the block has.
int block_threads();

/// Of the device, 86 for 8.6: what code for a device knows by __CUDA_ARCH__.
int compute_capability();

/// A thread gives up: the launch fails.
[[noreturn]] void trap(Site site);

}  // namespace saltus::emulation

inline void __syncthreads(saltus::emulation::Site site = saltus::emulation::Site::current()) {
  saltus::emulation::block_barrier("__syncthreads", false, site);
}
inline int __syncthreads_count(int vote,
                               saltus::emulation::Site site = saltus::emulation::Site::current()) {
  return saltus::emulation::block_barrier("__syncthreads_count", vote != 0, site);
}
inline int __syncthreads_or(int vote,
                            saltus::emulation::Site site = saltus::emulation::Site::current()) {
  return saltus::emulation::block_barrier("__syncthreads_or", vote != 0, site) != 0 ? 1 : 0;
}
inline int __syncthreads_and(int vote,
                             saltus::emulation::Site site = saltus::emulation::Site::current()) {
  return saltus::emulation::block_barrier("__syncthreads_and", vote != 0, site) ==
                 saltus::emulation::block_threads()
             ? 1
             : 0;
}

/// Threads take turns only where they wait: their writes are never out of order.
inline void __threadfence_block() {}
inline void __threadfence() {}

[[noreturn]] inline void __trap(saltus::emulation::Site site = saltus::emulation::Site::current()) {
  saltus::emulation::trap(site);
}

// NOLINTEND(readability-identifier-naming,bugprone-reserved-identifier)
