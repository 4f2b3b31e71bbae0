// Products in fp32 multiply-adds, for every shape. A block makes a tile of 64 x 64 elements of C
// from tiles of A and B in shared memory, 16 deep; a thread holds 8 x 4 sums, so three vector loads
// from shared memory feed 32 multiply-adds. While a tile is multiplied, the next one is on its way
// into registers. Every sum is added up in the order of k.
#pragma once

#include <saltus/kernels/matrix/predicated.h>
#include <saltus/kernels/matrix/problem.h>
#include <saltus/kernels/matrix/tile.h>

namespace saltus::kernels::simt {

inline constexpr int kTile = 64;   ///< rows and columns of C for a block
inline constexpr int kDepth = 16;  ///< steps of k between barriers
inline constexpr int kThreads = 128;

/// A row of a tile of A or B in shared memory; longer than the tile, against bank conflicts where
/// a tile is stored transposed.
inline constexpr int kRow = kTile + 4;

/// Brings tiles [k][m or n] of an operand to shared memory, two quads a thread.
template <class Operand>
class TileIterator {
 public:
  using View = typename Operand::View;

  /// For the tile that begins at `first`, an m or n. `view` is one trial's.
  __device__ TileIterator(const View& view, int first) : view_(view), first_(first) {
    if constexpr (kAlongK) {
      for (int j = 0; j < 2; ++j) rows_[j] = view_.row(first + outer(j));
    } else {
      column_ = view_.column(first + inner());
    }
  }

  /// Starts loading the steps from k on.
  __device__ void load(int k) {
    if constexpr (kAlongK) {
      first_ = k;
      column_ = view_.column(k + inner());
    } else {
      for (int j = 0; j < 2; ++j) rows_[j] = view_.row(k + outer(j));
    }
    if (view_.group() % 4 == 0) {  // every quad is aligned, and in one group
      for (int j = 0; j < 2; ++j) loaded_[j] = fetch_quad(view_.at(rows_[j], column_));
    } else {
      for (int i = 0; i < 4; ++i) {
        const typename View::Column column = view_.column(first_ + inner() + i);
        for (int j = 0; j < 2; ++j) loaded_[j].values[i] = fetch(view_.at(rows_[j], column));
      }
    }
  }

  /// Stores what was loaded into tile [kDepth][kRow].
  __device__ void store(float* tile) const {
    for (int j = 0; j < 2; ++j) {
      if constexpr (kAlongK) {
        for (int i = 0; i < 4; ++i) tile[(inner() + i) * kRow + outer(j)] = loaded_[j].values[i];
      } else {
        store_quad(loaded_[j], tile + outer(j) * kRow + inner());
      }
    }
  }

 private:
  static constexpr bool kAlongK = Operand::inner == Inner::k;
  static constexpr int kQuads = (kAlongK ? kDepth : kTile) / 4;  // of a row of the tile, as stored

  // The thread's first element in the tile, along the view's inner index and its outer one.
  __device__ static int inner() { return static_cast<int>(threadIdx.x) % kQuads * 4; }
  __device__ static int outer(int j) {
    return static_cast<int>(threadIdx.x) / kQuads + j * (kThreads / kQuads);
  }

  View view_;
  typename View::Row rows_[2];
  int first_;                     ///< of the tile, along `inner`
  typename View::Column column_;  ///< the first of four
  Quad loaded_[2];
};

/// The tiles of this engine, for product_kernels.h.
struct Mainloop {
  static constexpr int kTileM = kTile;
  static constexpr int kTileN = kTile;
  static constexpr int kThreads = simt::kThreads;
  static constexpr int kBlocks = 4;   ///< on a multiprocessor: 128 registers a thread
  static constexpr int kRow = kTile;  ///< of the sums in shared memory

  /// The tiles of A and B, later the sums of C and of columns.
  static constexpr std::size_t kSharedBytes = (kTile * kTile + kThreads) * sizeof(float);
  static_assert(2 * kDepth * simt::kRow * sizeof(float) <= kSharedBytes);

  /// Stores the sums over [first_k, last_k) of the tile of C at (first_m, first_n) in shared
  /// memory, [kTileM][kRow]; zero outside of C. Returns, where `with_column_sums`, the sum of B's
  /// column first_n + threadIdx.x % kTileN over every so manieth k, which the threads of a column
  /// share. A barrier has to follow.
  template <class Problem>
  __device__ static float multiply(const Problem& one_trials, int first_m, int first_n, int first_k,
                                   int last_k, bool with_column_sums, float* shared) {
    float* const a_tile = shared;
    float* const b_tile = shared + kDepth * simt::kRow;
    const int thread = static_cast<int>(threadIdx.x);
    const int m = thread / (kTile / 4) * 8;  // of the thread's sums in the tile
    const int n = thread % (kTile / 4) * 4;
    float sums[8][4] = {};
    float column_sum = 0;

    TileIterator<typename Problem::A> a(one_trials.a.view, first_m);
    TileIterator<typename Problem::B> b(one_trials.b.view, first_n);
    a.load(first_k);
    b.load(first_k);
    for (int k = first_k; k < last_k; k += kDepth) {
      a.store(a_tile);
      b.store(b_tile);
      __syncthreads();
      if (k + kDepth < last_k) {
        a.load(k + kDepth);
        b.load(k + kDepth);
      }
#pragma unroll 8
      for (int step = 0; step < kDepth; ++step) {
        const Quad low = load_quad(a_tile + step * simt::kRow + m);
        const Quad high = load_quad(a_tile + step * simt::kRow + m + 4);
        const Quad right = load_quad(b_tile + step * simt::kRow + n);
#pragma unroll
        for (int i = 0; i < 4; ++i) {
#pragma unroll
          for (int j = 0; j < 4; ++j) {
            sums[i][j] = fmaf(low.values[i], right.values[j], sums[i][j]);
            sums[4 + i][j] = fmaf(high.values[i], right.values[j], sums[4 + i][j]);
          }
        }
      }
      if (with_column_sums) {
        for (int step = thread / kTile; step < kDepth; step += kThreads / kTile)
          column_sum += b_tile[step * simt::kRow + thread % kTile];
      }
      __syncthreads();
    }
#pragma unroll
    for (int i = 0; i < 8; ++i)
      store_quad({sums[i][0], sums[i][1], sums[i][2], sums[i][3]}, shared + (m + i) * kRow + n);
    return column_sum;
  }
};

}  // namespace saltus::kernels::simt
