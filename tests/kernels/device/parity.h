// Small kernels around each wrapper of kernels/device/, so that what it does on a device can be
// held against its documentation and its host version. All arrays are in device memory, all
// launches on stream().
#pragma once

#include <cstdint>

#include <saltus/kernels/bfloat16.h>
#include <saltus/kernels/device/fragments.h>

namespace saltus::test {

inline constexpr int kLanes = 32;

/// The float of bits[i] by round_to_tf32() and to_bf16().
struct Converted {
  std::uint32_t tf32;
  kernels::Bf16 bf16;
};
void convert(const std::uint32_t* bits, Converted* converted, int count);

/// What a warp gets from load_matrices(): fragments [32] of rows [32][8].
void load_matrices(const std::uint16_t* rows, kernels::Fragment* fragments, bool transposed);

/// sums += a b, all by lane: sums [32][4], a [32][4], b [32][2].
void multiply_tf32(const std::uint32_t* a, const std::uint32_t* b, float* sums);
void multiply_bf16(const std::uint32_t* a, const std::uint32_t* b, float* sums);

/// target = source, 16 bytes for each of a block's 64 threads in each of `stages` groups, by
/// copy_async() through a ring of two places: [stages][64][4]. Where keep[i] is 0, zeros.
void copy_through_shared(const std::uint32_t* source, const std::uint8_t* keep,
                         std::uint32_t* target, int stages);

/// What a lane has after reduce_warp, by Add and by taking the larger.
template <class T>
struct Reduced {
  T sum, largest;
};

/// Of 32 values. T: float, double, int or unsigned long long.
template <class T>
void reduce(const T* values, Reduced<T>* of_lane);

/// The same of a block's 96 values, twice in a row.
template <class T>
void reduce_of_block(const T* values, Reduced<T>* of_thread);

/// Four elements a thread through fetch_quad(), and each alone through fetch(): `quads` and `ones`
/// [4 * threads]. T: float or Bf16; bytes have no fetch().
template <class T>
void fetch_all(const T* elements, float* quads, float* ones, int threads);
void fetch_bytes(const std::uint8_t* elements, float* quads, int threads);

/// Four elements a thread through shared memory, load_quad() and store_quad(). T: float or Bf16
template <class T>
void store_all(const float* values, T* elements, int threads);

/// Two floats a thread by store_pair().
void store_pairs(const float* values, float* elements, int threads);

/// Atomic operations of all threads of some blocks on one place each.
struct AtomicPlaces {
  int sum, difference, smallest, largest;
  unsigned all, any, odd;
  unsigned exchanged;           ///< by each thread's number + 1; what was there goes on
  unsigned exchanged_sum;       ///< what was there, summed up
  unsigned counted;             ///< by compare and swap
  unsigned long long wide_sum;  ///< of values beyond 32 bits
};
void change_atomically(AtomicPlaces* places, int blocks, int threads);

}  // namespace saltus::test
