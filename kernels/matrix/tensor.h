// Products on tensor cores. A block of 4 warps makes a tile of C from tiles of A and B in shared
// memory (smem_tile.h), which arrive in stages: while one is multiplied, the copies of the next are
// under way (cp.async). A warp holds its part of the sums in registers: of a tile of 128 x 64 these
// are 64 x 32, and for each 16 products of 16 x 8 it loads 6 fragments of 512 bytes, which shared
// memory gives in about the time that the products take. Every sum is added up in the order of k,
// as far as the hardware keeps it inside one product.
#pragma once

#include <saltus/kernels/matrix/predicated.h>
#include <saltus/kernels/matrix/smem_tile.h>

namespace saltus::kernels::tensor {

inline constexpr int kThreads = 128;

/// What a block works on: a tile of m x n elements of C, and so many stages of tiles of A and B.
template <int m, int n, int stages>
struct TileShape {
  static constexpr int kM = m;
  static constexpr int kN = n;
  static constexpr int kStages = stages;
};

/// Starts the copies of an operand's tiles; each thread copies the same places of every tile.
template <class Operand, int kOuter>
class TileIterator {
 public:
  using View = typename Operand::View;
  using T = typename View::Element;

  /// For the tile that begins at `first`, an m or n. `view` is one trial's.
  __device__ TileIterator(const View& view, int first) : view_(view), place_(first_place()) {
    if constexpr (kAlongK)
      find_rows(first);
    else
      find_columns(first);
  }

  /// The tile from k on.
  __device__ void copy(int k, T* tile) {
    if constexpr (kAlongK)
      find_columns(k);
    else
      find_rows(k);
#pragma unroll
    for (int row = 0; row < kRows; ++row) {
#pragma unroll
      for (int column = 0; column < kColumns; ++column) {
        copy_async(tile + place_ + row * kRowStep + column * kColumnStep,
                   view_.at(rows_[row], columns_[column]));
      }
    }
  }

 private:
  static constexpr bool kAlongK = Operand::inner == Inner::k;
  static constexpr int kCopiesInRow = SmemTile<Operand, kOuter>::kCopiesInRow;

  // Up to eight threads copy neighbouring chunks, 128 bytes, of a row of the tile.
  static constexpr int kRowThreads = kCopiesInRow < 8 ? kCopiesInRow : 8;
  static constexpr int kRowsAtOnce = kThreads / kRowThreads;
  static_assert(!kAlongK || kRowsAtOnce % 8 == 0, "chunks are permuted in eights of rows");

  // A thread's chunks are in so many rows and columns, these steps apart.
  static constexpr int kRows = (kAlongK ? kOuter : kDepth<T>) / kRowsAtOnce;
  static constexpr int kColumns = kCopiesInRow / kRowThreads;
  static constexpr int kRowStep =
      kRowsAtOnce * (kAlongK ? kDepth<T> : SmemTileAcrossK<T, kOuter>::kRow);
  static constexpr int kColumnStep = kRowThreads * kChunk<T>;

  __device__ static int first_row() {
    return static_cast<int>(threadIdx.x) / kRowThreads;
  }
  __device__ static int first_column() {
    return static_cast<int>(threadIdx.x) % kRowThreads * kChunk<T>;
  }
  __device__ static int first_place() {
    if constexpr (kAlongK)
      return SmemTileAlongK<T, kOuter>::place_of_chunk(first_row(), first_column() / kChunk<T>);
    else
      return first_row() * SmemTileAcrossK<T, kOuter>::kRow + first_column();
  }

  __device__ void find_rows(int first) {
#pragma unroll
    for (int row = 0; row < kRows; ++row)
      rows_[row] = view_.row(first + first_row() + row * kRowsAtOnce);
  }
  __device__ void find_columns(int first) {
#pragma unroll
    for (int column = 0; column < kColumns; ++column)
      columns_[column] = view_.column(first + first_column() + column * kColumnStep);
  }

  View view_;
  int place_;  ///< of the first chunk in a tile
  typename View::Row rows_[kRows];
  typename View::Column columns_[kColumns];
};

/// One instruction: 16 x 8 sums from two fragments. B's has two such products.
template <class T>
struct Mma;

template <>
struct Mma<float> {
  __device__ static Fragment operand(Fragment bits) {
#pragma unroll
    for (std::uint32_t& element : bits.registers) element = round_to_tf32(element);
    return bits;
  }
  __device__ static void add(float (&sums)[4], const Fragment& a, const Fragment& b, int half) {
    multiply_tf32(sums, a.registers, {b.registers[2 * half], b.registers[2 * half + 1]});
  }
};

template <>
struct Mma<Bf16> {
  __device__ static Fragment operand(const Fragment& bits) { return bits; }
  __device__ static void add(float (&sums)[4], const Fragment& a, const Fragment& b, int half) {
    multiply_bf16(sums, a.registers, {b.registers[2 * half], b.registers[2 * half + 1]});
  }
};

/// The mainloop of this engine, for product_kernels.h. Shape: a TileShape.
template <class T, class Shape>
struct Mainloop {
  static constexpr int kTileM = Shape::kM;
  static constexpr int kTileN = Shape::kN;
  static constexpr int kStages = Shape::kStages;
  static constexpr int kThreads = tensor::kThreads;
  static constexpr int kBlocks = 4;        ///< on a multiprocessor: 128 registers a thread
  static constexpr int kRow = kTileN + 8;  ///< of sums in shared memory; see SmemTileAcrossK

  static constexpr int kTileA = SmemTileAcrossK<T, kTileM>::kElements;  // the longer ones
  static constexpr int kStage = kTileA + SmemTileAcrossK<T, kTileN>::kElements;
  static constexpr std::size_t kSharedBytes = kStages * kStage * sizeof(T);
  static_assert((kTileM * kRow + kThreads) * sizeof(float) <= kSharedBytes);

  /// The same as simt::Mainloop::multiply().
  template <class Problem>
  __device__ static float multiply(const Problem& one_trials, int first_m, int first_n, int first_k,
                                   int last_k, bool with_column_sums, float* shared) {
    const int thread = static_cast<int>(threadIdx.x);
    T* const stages = reinterpret_cast<T*>(shared);
    TileIterator<typename Problem::A, kTileM> a(one_trials.a.view, first_m);
    TileIterator<typename Problem::B, kTileN> b(one_trials.b.view, first_n);
    int next_k = first_k;
    const auto copy_next = [&](T* stage) {
      if (next_k < last_k) {
        a.copy(next_k, stage);
        b.copy(next_k, stage + kTileA);
      }
      close_copies();  // also of nothing: waits count groups
      next_k += kDepth<T>;
    };
    for (int stage = 0; stage < kStages - 1; ++stage) copy_next(stages + stage * kStage);

    Sums sums = {};
    float column_sum = 0;
    int stage = 0;
    for (int k = first_k; k < last_k; k += kDepth<T>) {
      wait_for_copies<kStages - 2>();
      __syncthreads();  // this tile has arrived from all threads, and the one before is free
      copy_next(stages + (stage == 0 ? kStages - 1 : stage - 1) * kStage);
      const T* const a_tile = stages + stage * kStage;
      const T* const b_tile = a_tile + kTileA;
      multiply_tile<Problem>(a_tile, b_tile, sums);
      if constexpr (Problem::B::inner == Inner::other) {
        constexpr int kStep = kThreads / kTileN;
        for (int i = thread / kTileN; with_column_sums && i < kDepth<T>; i += kStep)
          column_sum += to_float(b_tile[i * SmemTileAcrossK<T, kTileN>::kRow + thread % kTileN]);
      }
      stage = stage + 1 == kStages ? 0 : stage + 1;
    }
    __syncthreads();
    store_sums(sums, shared);
    return column_sum;
  }

 private:
  static constexpr int kWarpN = 32;
  static constexpr int kWarpM = kTileM * kTileN / (kThreads / kWarpLanes * kWarpN);
  static_assert(kTileN % kWarpN == 0 && kTileM % kWarpM == 0 && kWarpM % 16 == 0);

  using Sums = float[kWarpM / 16][kWarpN / 8][4];

  // Where the calling warp's sums begin in the tile.
  __device__ static int warp_m() {
    return static_cast<int>(threadIdx.x) / kWarpLanes / (kTileN / kWarpN) * kWarpM;
  }
  __device__ static int warp_n() {
    return static_cast<int>(threadIdx.x) / kWarpLanes % (kTileN / kWarpN) * kWarpN;
  }

  template <class Problem>
  __device__ static void multiply_tile(const T* a_tile, const T* b_tile, Sums& sums) {
    using A = SmemTile<typename Problem::A, kTileM>;
    using B = SmemTile<typename Problem::B, kTileN>;
    const T* const a_of_warp = a_tile + warp_m() * A::kOuterStep;
    const T* const b_of_warp = b_tile + warp_n() * B::kOuterStep;
#pragma unroll
    for (int step = 0; step < kSteps; ++step) {
      Fragment b[kWarpN / 16];
#pragma unroll
      for (int j = 0; j < kWarpN / 16; ++j)
        b[j] = Mma<T>::operand(B::load_b(b_of_warp + 16 * j * B::kOuterStep, step));
#pragma unroll
      for (int i = 0; i < kWarpM / 16; ++i) {
        const Fragment a = Mma<T>::operand(A::load_a(a_of_warp + 16 * i * A::kOuterStep, step));
#pragma unroll
        for (int j = 0; j < kWarpN / 8; ++j) Mma<T>::add(sums[i][j], a, b[j / 2], j % 2);
      }
    }
  }

  __device__ static void store_sums(const Sums& sums, float* shared) {
    const int lane = static_cast<int>(threadIdx.x) % kWarpLanes;
#pragma unroll
    for (int i = 0; i < kWarpM / 16; ++i) {
#pragma unroll
      for (int j = 0; j < kWarpN / 8; ++j) {
#pragma unroll
        for (int element = 0; element < 4; element += 2) {
          const Place place = place_in_c(lane, element);
          store_pair(
              sums[i][j][element], sums[i][j][element + 1],
              shared + (warp_m() + 16 * i + place.row) * kRow + warp_n() + 8 * j + place.column);
        }
      }
    }
  }
};

}  // namespace saltus::kernels::tensor
