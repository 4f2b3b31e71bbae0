// What lets one .cu file compile with nvcc and on the emulation: it has CUDA's words but for the
// two that are no C++, __shared__ and <<<...>>>.
#pragma once

#include <cstddef>

#include <cuda_runtime.h>

#if defined(__CUDACC__)

/// Shared memory of a block: EMULATION_SHARED(float, tile, [16][17]);
#define EMULATION_SHARED(type, name, extents) __shared__ type name extents

/// The dynamic shared memory of a launch, as elements of `type`, aligned to 128 bytes.
#define EMULATION_DYNAMIC_SHARED(type, name)                                 \
  extern __shared__ __align__(128) unsigned char emulation_dynamic_shared[]; \
  type* const name = reinterpret_cast<type*>(emulation_dynamic_shared)

#else

#define EMULATION_SHARED(type, name, extents) \
  using name##_type = type extents;           \
  static const char name##_key = 0;           \
  name##_type& name = ::saltus::emulation::shared_variable<name##_type>(&name##_key)

#define EMULATION_DYNAMIC_SHARED(type, name) \
  type* const name = static_cast<type*>(::saltus::emulation::dynamic_shared())

#endif

namespace saltus::emulation {
namespace detail {

template <class... P, class... A>
cudaError_t launch(void (*kernel)(P...), dim3 grid, dim3 block, std::size_t shared_bytes,
                   cudaStream_t stream, const A&... arguments) {
#if defined(__CUDACC__)
  kernel<<<grid, block, shared_bytes, stream>>>(static_cast<P>(arguments)...);
  return cudaGetLastError();
#else
  return enqueue_kernel(reinterpret_cast<const void*>(kernel), grid, block, shared_bytes, stream,
                        [=] { kernel(static_cast<P>(arguments)...); });
#endif
}

}  // namespace detail

/// kernel<<<grid, block, shared_bytes, stream>>>(arguments...), and its error. The emulation takes
/// no default stream.
template <auto kernel, class... A>
cudaError_t launch(dim3 grid, dim3 block, std::size_t shared_bytes, cudaStream_t stream,
                   const A&... arguments) {
#if !defined(__CUDACC__)
  register_kernel<kernel>();
#endif
  return detail::launch(kernel, grid, block, shared_bytes, stream, arguments...);
}

}  // namespace saltus::emulation
