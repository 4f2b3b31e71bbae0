// How kernels are launched and declare shared memory. The same source compiles with nvcc and, for
// tests on machines without a GPU, as plain C++ against tests/emulation, whose cuda_runtime.h then
// stands in for the toolkit's.
#pragma once

#include <cstddef>
#include <type_traits>

#include <cuda_runtime.h>

#include <saltus/kernels/device/check.h>
#include <saltus/kernels/device/grid.h>
#include <saltus/kernels/launch_context.h>

#if defined(__CUDACC__)

/// Shared memory of a block: SALTUS_SHARED(float, tile, [16][17]);
#define SALTUS_SHARED(type, name, extents) __shared__ type name extents

/// The dynamic shared memory of a launch, as elements of `type`, aligned to 128 bytes.
#define SALTUS_DYNAMIC_SHARED(type, name)                                 \
  extern __shared__ __align__(128) unsigned char saltus_dynamic_shared[]; \
  type* const name = reinterpret_cast<type*>(saltus_dynamic_shared)

#elif defined(SALTUS_EMULATED_CUDA)

#define SALTUS_SHARED(type, name, extents) \
  using name##_type = type extents;        \
  static const char name##_key = 0;        \
  name##_type& name = ::saltus::emulation::shared_variable<name##_type>(&name##_key)

#define SALTUS_DYNAMIC_SHARED(type, name) \
  type* const name = static_cast<type*>(::saltus::emulation::dynamic_shared())

#else
#error \
    "Kernels compile with nvcc, or against tests/emulation; a toolkit's header alone would make shared memory local"
#endif

namespace saltus::kernels {

namespace detail {

constexpr std::size_t kFreeShared = 48 * 1024;  // more shared memory has to be asked for

template <class... P, class... A>
void launch(void (*kernel)(P...), dim3 grid, dim3 block, std::size_t shared_bytes,
            cudaStream_t stream, const A&... arguments) {
  if (shared_bytes > kFreeShared)
    SALTUS_CHECK(cudaFuncSetAttribute(reinterpret_cast<const void*>(kernel),
                                      cudaFuncAttributeMaxDynamicSharedMemorySize,
                                      static_cast<int>(shared_bytes)));
#if defined(__CUDACC__)
  kernel<<<grid, block, shared_bytes, stream>>>(static_cast<P>(arguments)...);
  SALTUS_CHECK(cudaGetLastError());
#else
  SALTUS_CHECK(::saltus::emulation::enqueue_kernel(reinterpret_cast<const void*>(kernel), grid,
                                                   block, shared_bytes, stream,
                                                   [=] { kernel(static_cast<P>(arguments)...); }));
#endif
}

#if defined(__CUDACC__)
template <class... P>
void launch_linked(void (*kernel)(P...), const LinkedKernels& linked, dim3 grid, dim3 block,
                   std::size_t shared_bytes, cudaStream_t stream,
                   std::type_identity_t<P>... arguments) {
  const void* const found = linked.find(reinterpret_cast<const void*>(kernel));
  if (shared_bytes > kFreeShared)
    SALTUS_CHECK(cudaFuncSetAttribute(found, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                      static_cast<int>(shared_bytes)));
  void* pointers[] = {&arguments...};
  SALTUS_CHECK(cudaLaunchKernel(found, grid, block, pointers, shared_bytes, stream));
}
#endif

}  // namespace detail

/// Launches kernel(arguments...): `launch<scale_kernel<float>>(grid, block, 0, stream, x, n)`. An
/// empty grid is no launch. Throws CudaError.
template <auto kernel, class... A>
void launch(const Grid& grid, dim3 block, std::size_t shared_bytes, cudaStream_t stream,
            const A&... arguments) {
#if defined(SALTUS_EMULATED_CUDA)
  ::saltus::emulation::register_kernel<kernel>();
#endif
  if (grid.empty()) return;
  detail::launch(kernel, grid.extent(), block, shared_bytes, stream, arguments...);
}

/// The same for a kernel that evaluates activations: where there are formulas, the one that is
/// linked with them. It is found by its name, so it must not be in an anonymous namespace.
template <auto kernel, class... A>
void launch_evaluating(const Grid& grid, dim3 block, std::size_t shared_bytes,
                       const LaunchContext& context, const A&... arguments) {
#if defined(__CUDACC__)
  if (context.linked != nullptr) {
    if (grid.empty()) return;
    detail::launch_linked(kernel, *context.linked, grid.extent(), block, shared_bytes,
                          context.stream, arguments...);
    return;
  }
#endif
  launch<kernel>(grid, block, shared_bytes, context.stream, arguments...);
}

}  // namespace saltus::kernels
