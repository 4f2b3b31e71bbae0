#include <cmath>

#include <saltus/kernels/device/mma.h>

#include "roofs.h"

namespace saltus::bench {
namespace {

using kernels::launch;
using kernels::Quad;

constexpr int kCopiers = 256;
constexpr int kQuadsOfCopier = 4;

__global__ void copy_kernel(const float* source, float* target, std::int64_t quads) {
  const std::int64_t first =
      std::int64_t{blockIdx.x} * kCopiers * kQuadsOfCopier + std::int64_t{threadIdx.x};
  Quad held[kQuadsOfCopier];
#pragma unroll
  for (int i = 0; i < kQuadsOfCopier; ++i) {
    const std::int64_t quad = first + i * kCopiers;
    if (quad < quads) held[i] = kernels::fetch_quad(source + quad * 4);
  }
#pragma unroll
  for (int i = 0; i < kQuadsOfCopier; ++i) {
    const std::int64_t quad = first + i * kCopiers;
    if (quad < quads) kernels::store_quad(held[i], target + quad * 4);
  }
}

__global__ void read_kernel(const float* data, int quads_of_block, int turns, float* sums) {
  float sum = 0;
  for (int turn = 0; turn < turns; ++turn) {
    // What another block read before: the own first-level cache does not hold it.
    const std::int64_t part =
        (std::int64_t{blockIdx.x} + turn) % std::int64_t{gridDim.x} * quads_of_block;
#pragma unroll 4
    for (int i = static_cast<int>(threadIdx.x); i < quads_of_block; i += kReaders) {
      const Quad quad = kernels::fetch_quad(data + (part + i) * 4);
      sum += (quad.values[0] + quad.values[1]) + (quad.values[2] + quad.values[3]);
    }
  }
  sums[blockIdx.x * kReaders + threadIdx.x] = sum;
}

__global__ void nothing_kernel() {}

template <bool halves>
__global__ void multiply_kernel(const std::uint32_t* a, const std::uint32_t* b, float* sums,
                                int turns) {
  const auto lane = static_cast<int>(threadIdx.x % 32);
  std::uint32_t left[4];
  std::uint32_t right[kRoofChains][2];
  float own[kRoofChains][4] = {};
  for (int i = 0; i < 4; ++i) left[i] = a[lane * 4 + i];
#pragma unroll
  for (int chain = 0; chain < kRoofChains; ++chain)
    for (int i = 0; i < 2; ++i) right[chain][i] = b[(chain * 32 + lane) * 2 + i];
  for (int turn = 0; turn < turns; ++turn) {
#pragma unroll
    for (int chain = 0; chain < kRoofChains; ++chain) {
      if constexpr (halves)
        kernels::multiply_bf16(own[chain], left, right[chain]);
      else
        kernels::multiply_tf32(own[chain], left, right[chain]);
    }
  }
  const auto warp = static_cast<int>((blockIdx.x * blockDim.x + threadIdx.x) / 32);
#pragma unroll
  for (int chain = 0; chain < kRoofChains; ++chain)
    for (int i = 0; i < 4; ++i)
      sums[((warp * kRoofChains + chain) * 32 + lane) * 4 + i] = own[chain][i];
}

__global__ void load_kernel(const std::uint32_t* words, int turns, std::uint32_t* sums) {
  SALTUS_DYNAMIC_SHARED(std::uint32_t, tile);
  for (auto i = static_cast<int>(threadIdx.x); i < kLoadedWords; i += kLoaders) tile[i] = words[i];
  __syncthreads();
  const std::uint32_t* const row = tile + threadIdx.x % 32 * 4;
  std::uint32_t sum = 0;
  for (int turn = 0; turn < turns; ++turn) {
#pragma unroll
    for (int chain = 0; chain < kRoofChains; ++chain) {
      const kernels::Fragment fragment = kernels::load_matrices(row + chain * 128);
      sum += (fragment.registers[0] + fragment.registers[1]) +
             (fragment.registers[2] + fragment.registers[3]);
    }
  }
  sums[blockIdx.x * kLoaders + threadIdx.x] = sum;
}

__device__ inline float raise(float x) {
#if defined(__CUDACC__)
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(-x));
  return y;
#else
  return std::exp2(-x);
#endif
}

__global__ void exponent_kernel(float* values, int turns) {
  float* const own = values + (blockIdx.x * kExponents + threadIdx.x) * kRoofChains;
  float x[kRoofChains];
#pragma unroll
  for (int chain = 0; chain < kRoofChains; ++chain) x[chain] = own[chain];
  for (int turn = 0; turn < turns; ++turn) {
#pragma unroll
    for (int chain = 0; chain < kRoofChains; ++chain) x[chain] = raise(x[chain]);
  }
#pragma unroll
  for (int chain = 0; chain < kRoofChains; ++chain) own[chain] = x[chain];
}

template <bool halves>
void start_products(const RoofProduct& product, cudaStream_t stream) {
  launch<multiply_kernel<halves>>(product.blocks, product.warps * 32, 0, stream, product.a,
                                  product.b, product.sums, product.turns);
}

}  // namespace

void start_copy(const float* source, float* target, std::int64_t quads, cudaStream_t stream) {
  constexpr std::int64_t kBlock = std::int64_t{kCopiers} * kQuadsOfCopier;
  const auto blocks = static_cast<unsigned>((quads + kBlock - 1) / kBlock);
  launch<copy_kernel>(blocks, kCopiers, 0, stream, source, target, quads);
}

void start_reads(const float* data, int quads_of_block, int turns, int blocks, float* sums,
                 cudaStream_t stream) {
  launch<read_kernel>(blocks, kReaders, 0, stream, data, quads_of_block, turns, sums);
}

void start_nothing(int blocks, cudaStream_t stream) {
  launch<nothing_kernel>(blocks, 256, 0, stream);
}

void start_products_tf32(const RoofProduct& product, cudaStream_t stream) {
  start_products<false>(product, stream);
}

void start_products_bf16(const RoofProduct& product, cudaStream_t stream) {
  start_products<true>(product, stream);
}

void start_loads(const std::uint32_t* words, int turns, int blocks, std::uint32_t* sums,
                 cudaStream_t stream) {
  launch<load_kernel>(blocks, kLoaders, kLoadedWords * sizeof(std::uint32_t), stream, words, turns,
                      sums);
}

void start_exponents(float* values, int turns, int blocks, cudaStream_t stream) {
  launch<exponent_kernel>(blocks, kExponents, 0, stream, values, turns);
}

}  // namespace saltus::bench
