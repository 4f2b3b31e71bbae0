// Products on tensor cores. A block of 4 warps makes a tile of 128 x 64 (or 128 x 32) elements of C
// from slabs of A and B in shared memory (slab.h). The copies of the next slabs are under way
// (cp.async, three stages) while one is multiplied. A warp holds 64 x 32 (32 x 32) sums in
// registers; for each 16 products of 16 x 8 it loads 6 fragments of 512 bytes, which shared memory
// gives in about the time that the products take. Every sum is added up in the order of k, as far
// as the hardware keeps it inside one product.
#pragma once

#include <saltus/kernels/matrix/cell.h>
#include <saltus/kernels/matrix/slab.h>

namespace saltus::kernels::tensor {

inline constexpr int kThreads = 128;
inline constexpr int kStages = 3;

/// Starts the copies of an operand's slabs; each thread copies the same places of every slab.
template <class Operand, int kOuter>
class Feed {
 public:
  using View = typename Operand::View;
  using T = typename View::Element;

  /// Of the tile that begins at `first`, an m or n. `view` is one trial's.
  __device__ Feed(const View& view, int first) : view_(view), place_(first_place()) {
    if constexpr (kAlongK)
      find_rows(first);
    else
      find_columns(first);
  }

  /// The slab from k on.
  __device__ void copy(int k, T* slab) {
    if constexpr (kAlongK)
      find_columns(k);
    else
      find_rows(k);
#pragma unroll
    for (int row = 0; row < kRows; ++row) {
#pragma unroll
      for (int column = 0; column < kColumns; ++column) {
        copy_async(slab + place_ + row * kRowStep + column * kColumnStep,
                   view_.at(rows_[row], columns_[column]));
      }
    }
  }

 private:
  static constexpr bool kAlongK = Operand::inner == Inner::k;
  static constexpr int kCopiesInRow = Slab<Operand, kOuter>::kCopiesInRow;

  // Up to eight threads copy neighbouring chunks, 128 bytes, of a row of the slab.
  static constexpr int kRowThreads = kCopiesInRow < 8 ? kCopiesInRow : 8;
  static constexpr int kRowsAtOnce = kThreads / kRowThreads;
  static_assert(!kAlongK || kRowsAtOnce % 8 == 0, "chunks are permuted in eights of rows");

  // A thread's chunks are in so many rows and columns, these steps apart.
  static constexpr int kRows = (kAlongK ? kOuter : kDepth<T>) / kRowsAtOnce;
  static constexpr int kColumns = kCopiesInRow / kRowThreads;
  static constexpr int kRowStep =
      kRowsAtOnce * (kAlongK ? kDepth<T> : SlabAcrossK<T, kOuter>::kRow);
  static constexpr int kColumnStep = kRowThreads * kChunk<T>;

  __device__ static int first_row() {
    return static_cast<int>(threadIdx.x) / kRowThreads;
  }
  __device__ static int first_column() {
    return static_cast<int>(threadIdx.x) % kRowThreads * kChunk<T>;
  }
  __device__ static int first_place() {
    if constexpr (kAlongK)
      return SlabAlongK<T, kOuter>::place_of_chunk(first_row(), first_column() / kChunk<T>);
    else
      return first_row() * SlabAcrossK<T, kOuter>::kRow + first_column();
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
  int place_;  ///< of the first chunk in a slab
  typename View::Row rows_[kRows];
  typename View::Column columns_[kColumns];
};

/// One instruction: 16 x 8 sums from two fragments. B's has two such products.
template <class T>
struct Product;

template <>
struct Product<float> {
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
struct Product<Bf16> {
  __device__ static Fragment operand(const Fragment& bits) { return bits; }
  __device__ static void add(float (&sums)[4], const Fragment& a, const Fragment& b, int half) {
    multiply_bf16(sums, a.registers, {b.registers[2 * half], b.registers[2 * half + 1]});
  }
};

/// The tiles of this engine, for product_kernels.h.
template <class T, int kColumns>
struct Tiles {
  static constexpr int kTileM = 128;
  static constexpr int kTileN = kColumns;
  static constexpr int kThreads = tensor::kThreads;
  static constexpr int kBlocks = 4;          ///< on a multiprocessor: 128 registers a thread
  static constexpr int kRow = kColumns + 8;  ///< of sums in shared memory; see SlabAcrossK

  static constexpr int kSlabA = SlabAcrossK<T, kTileM>::kElements;  // the longer ones
  static constexpr int kStage = kSlabA + SlabAcrossK<T, kTileN>::kElements;
  static constexpr std::size_t kSharedBytes = kStages * kStage * sizeof(T);
  static_assert((kTileM * kRow + kThreads) * sizeof(float) <= kSharedBytes);

  /// As plain::Tiles::multiply().
  template <class Problem>
  __device__ static float multiply(const Problem& one_trials, int first_m, int first_n, int first_k,
                                   int last_k, bool with_column_sums, float* shared) {
    const int thread = static_cast<int>(threadIdx.x);
    T* const stages = reinterpret_cast<T*>(shared);
    Feed<typename Problem::A, kTileM> a(one_trials.a.view, first_m);
    Feed<typename Problem::B, kTileN> b(one_trials.b.view, first_n);
    int next_k = first_k;
    const auto copy_next = [&](T* stage) {
      if (next_k < last_k) {
        a.copy(next_k, stage);
        b.copy(next_k, stage + kSlabA);
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
      __syncthreads();  // this slab has arrived from all threads, and the one before is free
      copy_next(stages + (stage == 0 ? kStages - 1 : stage - 1) * kStage);
      const T* const slab_a = stages + stage * kStage;
      const T* const slab_b = slab_a + kSlabA;
      multiply_slab<Problem>(slab_a, slab_b, sums);
      if constexpr (Problem::B::inner == Inner::other) {
        constexpr int kStep = kThreads / kTileN;
        for (int i = thread / kTileN; with_column_sums && i < kDepth<T>; i += kStep)
          column_sum += to_float(slab_b[i * SlabAcrossK<T, kTileN>::kRow + thread % kTileN]);
      }
      stage = stage + 1 == kStages ? 0 : stage + 1;
    }
    __syncthreads();
    store_sums(sums, shared);
    return column_sum;
  }

 private:
  static constexpr int kWarpM = kTileN == 64 ? 64 : 32;
  static constexpr int kWarpN = 32;
  static_assert(kTileM / kWarpM * (kTileN / kWarpN) * kWarpLanes == kThreads);

  using Sums = float[kWarpM / 16][kWarpN / 8][4];

  // Where the calling warp's sums begin in the tile.
  __device__ static int warp_m() {
    return static_cast<int>(threadIdx.x) / kWarpLanes / (kTileN / kWarpN) * kWarpM;
  }
  __device__ static int warp_n() {
    return static_cast<int>(threadIdx.x) / kWarpLanes % (kTileN / kWarpN) * kWarpN;
  }

  template <class Problem>
  __device__ static void multiply_slab(const T* slab_a, const T* slab_b, Sums& sums) {
    using A = Slab<typename Problem::A, kTileM>;
    using B = Slab<typename Problem::B, kTileN>;
    const T* const a_of_warp = slab_a + warp_m() * A::kOuterStep;
    const T* const b_of_warp = slab_b + warp_n() * B::kOuterStep;
#pragma unroll
    for (int step = 0; step < kSteps; ++step) {
      Fragment b[kWarpN / 16];
#pragma unroll
      for (int j = 0; j < kWarpN / 16; ++j)
        b[j] = Product<T>::operand(B::load_b(b_of_warp + 16 * j * B::kOuterStep, step));
#pragma unroll
      for (int i = 0; i < kWarpM / 16; ++i) {
        const Fragment a = Product<T>::operand(A::load_a(a_of_warp + 16 * i * A::kOuterStep, step));
#pragma unroll
        for (int j = 0; j < kWarpN / 8; ++j) Product<T>::add(sums[i][j], a, b[j / 2], j % 2);
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
