// Kernels that do one thing as often as they can. All start in a stream and return at once.
#pragma once

#include <cstdint>

#include <cuda_runtime_api.h>

namespace saltus::bench {

inline constexpr int kRoofChains = 8;  ///< independent computations of a thread

/// Copies so many times four floats.
void start_copy(const float* source, float* target, std::int64_t quads, cudaStream_t stream);

inline constexpr int kReaders = 512;  ///< threads of a block that reads

/// Each block reads another part of the data in each turn, `quads_of_block` of four floats, a
/// multiple of kReaders. Into sums[blocks][kReaders] goes what each thread read.
void start_reads(const float* data, int quads_of_block, int turns, int blocks, float* sums,
                 cudaStream_t stream);

/// A kernel of blocks that do nothing.
void start_nothing(int blocks, cudaStream_t stream);

/// How a warp of each block multiplies, by the tensor cores' operands.
struct RoofProduct {
  const std::uint32_t* a;  ///< [32 lanes][4 registers]
  const std::uint32_t* b;  ///< [kRoofChains][32][2]
  float* sums;             ///< [blocks][warps][kRoofChains][32][4]: A B added so many times
  int turns;
  int blocks;
  int warps;
};
void start_products_tf32(const RoofProduct& product, cudaStream_t stream);
void start_products_bf16(const RoofProduct& product, cudaStream_t stream);

inline constexpr int kLoaders = 512;                       ///< threads of a block that loads
inline constexpr int kLoadedWords = kRoofChains * 32 * 4;  ///< of shared memory, by each warp

/// Each warp loads all words, kLoadedWords, by ldmatrix, in each turn. Into sums[blocks][kLoaders]
/// goes what each thread got, modulo 2^32.
void start_loads(const std::uint32_t* words, int turns, int blocks, std::uint32_t* sums,
                 cudaStream_t stream);

inline constexpr int kExponents = 1024;  ///< threads of a block that raises

/// x = 2^-x in each turn, by the instruction that approximates it. values[blocks][kExponents]
/// [kRoofChains] holds where each began, and then where it ended: near 0.6411857.
void start_exponents(float* values, int turns, int blocks, cudaStream_t stream);

}  // namespace saltus::bench
