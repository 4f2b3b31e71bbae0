// How kernels/device/launch.h gets a kernel to run.
#pragma once

#include <cstddef>
#include <cstring>
#include <type_traits>

#include <emulation/api/types.h>
#include <emulation/device/vector_types.h>

namespace saltus::emulation {

/// A kernel's call: an object's bytes and the function that calls it.
struct KernelCall {
  const void* object;
  std::size_t bytes;
  void (*call)(const void* object);
};

/// Checks a launch's configuration at once and puts the launch into the stream.
cudaError_t enqueue_kernel(const void* kernel, dim3 grid, dim3 block, std::size_t shared_bytes,
                           cudaStream_t stream, KernelCall call);

/// `body()` runs the kernel with its arguments, which it holds by value.
template <class Body>
cudaError_t enqueue_kernel(const void* kernel, dim3 grid, dim3 block, std::size_t shared_bytes,
                           cudaStream_t stream, const Body& body) {
  static_assert(std::is_trivially_copyable_v<Body>, "arguments of kernels are copied as bytes");
  static_assert(sizeof(Body) <= 4096 + sizeof(void*), "arguments of a kernel: at most 4 KiB");
  static_assert(alignof(Body) <= alignof(std::max_align_t));
  return enqueue_kernel(kernel, grid, block, shared_bytes, stream,
                        KernelCall{&body, sizeof(Body), [](const void* object) {
                                     (*static_cast<const Body*>(object))();
                                   }});
}

/// Notes that the program holds a kernel. `signature` contains "[with auto kernel = NAME]".
bool add_kernel(const void* kernel, const char* signature);

/// Makes the kernel known before main(), also where this call is never reached.
template <auto kernel>
struct KernelRegistration {
  static bool add() {
    return add_kernel(reinterpret_cast<const void*>(kernel), __PRETTY_FUNCTION__);
  }
  static inline const bool done = add();
};
template <auto kernel>
void register_kernel() {
  static_cast<void>(&KernelRegistration<kernel>::done);
}

}  // namespace saltus::emulation
