#include <saltus/kernels/device/async_copy.h>
#include <saltus/kernels/device/mma.h>
#include <saltus/kernels/device/reduce.h>
#include <saltus/kernels/device/vector.h>

#include "tests/kernels/device/device_array.h"
#include "tests/kernels/device/parity.h"

namespace saltus::test {
namespace {

using kernels::Bf16;
using kernels::Fragment;
using kernels::launch;

constexpr int kBlock = 96;

__global__ void convert_kernel(const std::uint32_t* bits, Converted* converted, int count) {
  const auto i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i >= count) return;
  converted[i] = {kernels::round_to_tf32(bits[i]), kernels::to_bf16(kernels::float_of(bits[i]))};
}

__global__ void load_kernel(const std::uint16_t* rows, Fragment* fragments, bool transposed) {
  SALTUS_DYNAMIC_SHARED(std::uint16_t, tile);
  const auto lane = static_cast<int>(threadIdx.x);
  for (int i = 0; i < 8; ++i) tile[lane * 8 + i] = rows[lane * 8 + i];
  __syncthreads();
  fragments[lane] = transposed ? kernels::load_matrices_transposed(tile + lane * 8)
                               : kernels::load_matrices(tile + lane * 8);
}

template <bool halves>
__global__ void multiply_kernel(const std::uint32_t* a, const std::uint32_t* b, float* sums) {
  const auto lane = static_cast<int>(threadIdx.x);
  std::uint32_t a_registers[4];
  std::uint32_t b_registers[2];
  float own[4];
  for (int i = 0; i < 4; ++i) {
    a_registers[i] = a[lane * 4 + i];
    own[i] = sums[lane * 4 + i];
  }
  for (int i = 0; i < 2; ++i) b_registers[i] = b[lane * 2 + i];
  if constexpr (halves)
    kernels::multiply_bf16(own, a_registers, b_registers);
  else
    kernels::multiply_tf32(own, a_registers, b_registers);
  for (int i = 0; i < 4; ++i) sums[lane * 4 + i] = own[i];
}

constexpr int kCopying = 64;

/// A context is started before the one before it is waited for; neighbours read what a thread
/// copied.
__global__ void copy_kernel(const std::uint32_t* source, const std::uint8_t* keep,
                            std::uint32_t* target, int stages) {
  SALTUS_DYNAMIC_SHARED(std::uint32_t, ring);
  const auto thread = static_cast<int>(threadIdx.x);
  const auto start = [&](int context) {
    if (context < stages) {
      const int piece = context * kCopying + thread;
      kernels::copy_async(ring + (context % 2 * kCopying + thread) * 4, source + piece * 4,
                          keep[piece] != 0);
    }
    kernels::close_copies();
  };
  const int read = kCopying - 1 - thread;
  start(0);
  for (int context = 0; context < stages; ++context) {
    start(context + 1);
    kernels::wait_for_copies<1>();
    __syncthreads();
    for (int i = 0; i < 4; ++i)
      target[(context * kCopying + read) * 4 + i] = ring[(context % 2 * kCopying + read) * 4 + i];
    __syncthreads();
  }
}

struct Larger {
  template <class T>
  SALTUS_HD T operator()(T a, T b) const {
    return a < b ? b : a;
  }
};

template <class T>
__global__ void reduce_kernel(const T* values, Reduced<T>* of_lane) {
  const T value = values[threadIdx.x];
  of_lane[threadIdx.x] = {kernels::reduce_warp(value), kernels::reduce_warp(value, Larger{})};
}

template <class T>
__global__ void reduce_block_kernel(const T* values, Reduced<T>* of_thread) {
  const T value = values[threadIdx.x];
  const T sum = kernels::reduce_block<kBlock>(value);
  of_thread[threadIdx.x] = {sum, kernels::reduce_block<kBlock>(value, Larger{})};
}

template <class T>
__global__ void fetch_kernel(const T* elements, float* quads, float* ones) {
  const auto first = static_cast<int>(threadIdx.x) * 4;
  const kernels::Quad quad = kernels::fetch_quad(elements + first);
  for (int i = 0; i < 4; ++i) {
    quads[first + i] = quad.values[i];
    if constexpr (sizeof(T) > 1) ones[first + i] = kernels::fetch(elements + first + i);
  }
}

template <class T>
__global__ void store_kernel(const float* values, T* elements) {
  SALTUS_DYNAMIC_SHARED(float, tile);
  const auto first = static_cast<int>(threadIdx.x) * 4;
  for (int i = 0; i < 4; ++i) tile[first + i] = values[first + i];
  kernels::store_quad(kernels::load_quad(tile + first), elements + first);
}

__global__ void store_pairs_kernel(const float* values, float* elements) {
  const auto first = static_cast<int>(threadIdx.x) * 2;
  kernels::store_pair(values[first], values[first + 1], elements + first);
}

__global__ void atomics_kernel(AtomicPlaces* places) {
  const unsigned thread = blockIdx.x * blockDim.x + threadIdx.x;
  const int value = static_cast<int>(thread * 7 % 101) - 50;
  atomicAdd(&places->sum, value);
  atomicSub(&places->difference, value);
  atomicMin(&places->smallest, value);
  atomicMax(&places->largest, value);
  atomicAnd(&places->all, ~(1U << thread % 31));
  atomicOr(&places->any, 1U << thread % 30);
  atomicXor(&places->odd, thread);
  atomicAdd(&places->exchanged_sum, atomicExch(&places->exchanged, thread + 1));
  unsigned seen = atomicAdd(&places->counted, 0U);
  for (unsigned found = 0; (found = atomicCAS(&places->counted, seen, seen + 1)) != seen;
       seen = found) {
  }
  atomicAdd(&places->wide_sum, (1ULL << 32) + thread);
}

unsigned blocks_of(int count) {
  return static_cast<unsigned>((count + kBlock - 1) / kBlock);
}

}  // namespace

void convert(const std::uint32_t* bits, Converted* converted, int count) {
  launch<convert_kernel>(blocks_of(count), dim3(kBlock), 0, stream(), bits, converted, count);
}

void load_matrices(const std::uint16_t* rows, Fragment* fragments, bool transposed) {
  launch<load_kernel>(1, dim3(kLanes), kLanes * 16, stream(), rows, fragments, transposed);
}

void multiply_tf32(const std::uint32_t* a, const std::uint32_t* b, float* sums) {
  launch<multiply_kernel<false>>(1, dim3(kLanes), 0, stream(), a, b, sums);
}
void multiply_bf16(const std::uint32_t* a, const std::uint32_t* b, float* sums) {
  launch<multiply_kernel<true>>(1, dim3(kLanes), 0, stream(), a, b, sums);
}

void copy_through_shared(const std::uint32_t* source, const std::uint8_t* keep,
                         std::uint32_t* target, int stages) {
  launch<copy_kernel>(1, dim3(kCopying), 2 * kCopying * 16, stream(), source, keep, target, stages);
}

template <class T>
void reduce(const T* values, Reduced<T>* of_lane) {
  launch<reduce_kernel<T>>(1, dim3(kLanes), 0, stream(), values, of_lane);
}
template <class T>
void reduce_of_block(const T* values, Reduced<T>* of_thread) {
  launch<reduce_block_kernel<T>>(1, dim3(kBlock), 0, stream(), values, of_thread);
}

template <class T>
void fetch_all(const T* elements, float* quads, float* ones, int threads) {
  launch<fetch_kernel<T>>(1, dim3(static_cast<unsigned>(threads)), 0, stream(), elements, quads,
                          ones);
}
void fetch_bytes(const std::uint8_t* elements, float* quads, int threads) {
  fetch_all<std::uint8_t>(elements, quads, nullptr, threads);
}

template <class T>
void store_all(const float* values, T* elements, int threads) {
  const auto count = static_cast<unsigned>(threads);
  launch<store_kernel<T>>(1, dim3(count), count * 16, stream(), values, elements);
}

void store_pairs(const float* values, float* elements, int threads) {
  launch<store_pairs_kernel>(1, dim3(static_cast<unsigned>(threads)), 0, stream(), values,
                             elements);
}

void change_atomically(AtomicPlaces* places, int blocks, int threads) {
  launch<atomics_kernel>(blocks, dim3(static_cast<unsigned>(threads)), 0, stream(), places);
}

template void reduce(const float*, Reduced<float>*);
template void reduce(const double*, Reduced<double>*);
template void reduce(const int*, Reduced<int>*);
template void reduce(const unsigned long long*, Reduced<unsigned long long>*);
template void reduce_of_block(const float*, Reduced<float>*);
template void reduce_of_block(const double*, Reduced<double>*);
template void reduce_of_block(const int*, Reduced<int>*);
template void reduce_of_block(const unsigned long long*, Reduced<unsigned long long>*);
template void fetch_all(const float*, float*, float*, int);
template void fetch_all(const Bf16*, float*, float*, int);
template void store_all(const float*, float*, int);
template void store_all(const float*, Bf16*, int);

}  // namespace saltus::test
