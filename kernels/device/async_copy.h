// Copies from global to shared memory that go on while the thread works (cp.async).
#pragma once

#include <saltus/kernels/device/launch.h>

namespace saltus::kernels {

/// Starts a copy of 16 bytes, or of zeros unless `stored`: then nothing is read. Both at multiples
/// of 16 bytes. No store of the same launch may change the source. It belongs to the thread's open
/// group. Goes through the first-level cache: neighbouring taps of a convolution read the same
/// pixels.
__device__ inline void copy_async(void* shared, const void* source, bool stored = true) {
#if defined(__CUDACC__)
  asm volatile(
      "{\n"
      "  .reg .pred nothing;\n"
      "  setp.eq.u32 nothing, %2, 0;\n"
      "  cp.async.ca.shared.global [%0], [%1], 16, nothing;\n"
      "}"
      :
      : "r"(static_cast<unsigned>(__cvta_generic_to_shared(shared))), "l"(source),
        "r"(static_cast<unsigned>(stored))
      : "memory");
#else
  emulation::async_copy(shared, source, 16, stored ? 16 : 0);
#endif
}

/// Closes the thread's group of copies; it may be empty.
__device__ inline void close_copies() {
#if defined(__CUDACC__)
  asm volatile("cp.async.commit_group;" ::: "memory");
#else
  emulation::async_commit();
#endif
}

/// Waits until at most the newest `kLeft` of the thread's groups are under way. What other threads
/// copied needs a barrier after their waits.
template <int kLeft>
__device__ void wait_for_copies() {
#if defined(__CUDACC__)
  asm volatile("cp.async.wait_group %0;" ::"n"(kLeft) : "memory");
#else
  emulation::async_wait(kLeft);
#endif
}

}  // namespace saltus::kernels
