// How a tile of an operand lies in shared memory, for the tensor cores: so many elements of m or n,
// and 64 bytes of k. It depends on which index of the operand has neighbours in memory:
//
//   Inner::k      [m or n][4 chunks of 16 bytes]  chunks permuted: SmemTileAlongK
//   Inner::other  [k][m or n, and a gap]          SmemTileAcrossK
//
// Both are free of bank conflicts, in the copies to it and in the loads of fragments.
#pragma once

#include <type_traits>

#include <saltus/kernels/device/mma.h>
#include <saltus/kernels/device/reduce.h>
#include <saltus/kernels/matrix/problem.h>

namespace saltus::kernels::tensor {

inline constexpr int kChunks = 4;  ///< of k in a tile
inline constexpr int kSteps = 2;   ///< products along k in a tile, of two chunks each

/// Elements of 16 bytes, what one copy moves.
template <class T>
inline constexpr int kChunk = 16 / static_cast<int>(sizeof(T));

/// Elements of k in a tile.
template <class T>
inline constexpr int kDepth = kChunks* kChunk<T>;

/// Where lane i points in load_matrices(): row `row` of matrix `matrix` of four.
struct LanePlace {
  int matrix, row;
};
__device__ inline LanePlace place_of_lane() {
  const int lane = static_cast<int>(threadIdx.x) % kWarpLanes;
  return {lane / 8, lane % 8};
}

/// A tile [kOuter][kChunks] of an operand whose neighbours lie along k. The chunk of a row is at
/// its number xor half the row's: eight rows of 64 bytes then have a chunk in eight different
/// groups of four banks.
template <class T, int kOuter>
struct SmemTileAlongK {
  static constexpr int kElements = kOuter * kDepth<T>;
  static constexpr int kCopiesInRow = kChunks;  ///< neighbouring copies are neighbours along k
  static constexpr int kOuterStep = kDepth<T>;  ///< from m or n to the next, for whole eights

  __device__ static int place_of_chunk(int outer, int chunk) {
    return outer * kDepth<T> + (chunk ^ (outer / 2 % kChunks)) * kChunk<T>;
  }

  /// A's first 16 rows of a tile.
  __device__ static Fragment load_a(const T* tile, int step) {
    const auto [matrix, row] = place_of_lane();
    return load_matrices(tile + place_of_chunk(matrix % 2 * 8 + row, step * 2 + matrix / 2));
  }
  /// B's first 16 columns: two registers for eight of them, two for the others.
  __device__ static Fragment load_b(const T* tile, int step) {
    const auto [matrix, row] = place_of_lane();
    return load_matrices(tile + place_of_chunk(matrix / 2 * 8 + row, step * 2 + matrix % 2));
  }
};

/// A tile [kDepth][kOuter] of an operand whose neighbours lie across k. Rows are longer by 16 bytes
/// of bf16 or 32 of floats: 8 rows of 16 bytes, or 4 rows of 8 floats, then meet all banks.
template <class T, int kOuter>
struct SmemTileAcrossK {
  static constexpr int kRow = kOuter + 8;
  static constexpr int kElements = kDepth<T> * kRow;
  static constexpr int kCopiesInRow = kOuter / kChunk<T>;
  static constexpr int kOuterStep = 1;

  /// Bf16: matrices are transposed on the way.
  __device__ static Fragment load_a(const Bf16* tile, int step) {
    const auto [matrix, row] = place_of_lane();
    return load_matrices_transposed(tile + (step * 16 + matrix / 2 * 8 + row) * kRow +
                                    matrix % 2 * 8);
  }
  __device__ static Fragment load_b(const Bf16* tile, int step) {
    const auto [matrix, row] = place_of_lane();
    return load_matrices_transposed(tile + (step * 16 + matrix % 2 * 8 + row) * kRow +
                                    matrix / 2 * 8);
  }

  /// Floats: there is no such load, so each lane takes its elements one by one.
  __device__ static Fragment load_a(const float* tile, int step) {
    const int lane = static_cast<int>(threadIdx.x) % kWarpLanes;
    Fragment fragment;
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const Place place = place_in_tf32_a(lane, i);
      fragment.registers[i] = bits_of(tile[(step * 8 + place.column) * kRow + place.row]);
    }
    return fragment;
  }
  __device__ static Fragment load_b(const float* tile, int step) {
    const int lane = static_cast<int>(threadIdx.x) % kWarpLanes;
    Fragment fragment;
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const Place place = place_in_tf32_b(lane, i % 2);
      fragment.registers[i] =
          bits_of(tile[(step * 8 + place.row) * kRow + i / 2 * 8 + place.column]);
    }
    return fragment;
  }
};

template <class Operand, int kOuter>
using SmemTile = std::conditional_t<Operand::inner == Inner::k,
                                    SmemTileAlongK<typename Operand::View::Element, kOuter>,
                                    SmemTileAcrossK<typename Operand::View::Element, kOuter>>;

}  // namespace saltus::kernels::tensor
