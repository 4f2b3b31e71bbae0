// A finished tile of a product: bias, activation, and out to memory.
#pragma once

#include <saltus/kernels/bfloat16.h>
#include <saltus/kernels/device/launch.h>
#include <saltus/kernels/elementwise/evaluate.h>
#include <saltus/kernels/matrix/epilogue.h>

namespace saltus::kernels {

/// Sums of a product in shared memory.
struct Tile {
  float* values;         ///< [rows][stride]
  int stride;            ///< at least the columns
  int first_m, first_n;  ///< where the tile lies in C
  int rows, columns;     ///< of it that lie in C
};

/// The slice of C [m][n] that `values` [rows][columns of stride] hold, beginning at (first_m,
/// first_n).
__device__ inline Tile tile_at(float* values, int rows, int columns, int stride, int first_m,
                               int first_n, int m, int n) {
  return {values,
          stride,
          first_m,
          first_n,
          m - first_m < rows ? m - first_m : rows,
          n - first_n < columns ? n - first_n : columns};
}

/// The elements of a tile that a thread works on, down a column: neighbours in a warp then read and
/// write neighbours in memory.
struct TileRun {
  float* values;  ///< count of them, value_step apart
  int value_step;
  int column;          ///< in C
  std::int64_t place;  ///< of the first in C
  std::int64_t step;   ///< from one to the next in C
  int count;           ///< may be 0
};

/// The calling thread's elements of a tile of at most kColumns columns. C has n columns.
template <int kColumns, int kThreads>
__device__ TileRun run_of_thread(const Tile& tile, int n) {
  static_assert(kThreads % kColumns == 0);
  constexpr int kStep = kThreads / kColumns;
  const int thread = static_cast<int>(threadIdx.x);
  const int column = thread % kColumns;
  const int row = thread / kColumns;
  TileRun run;
  run.values = tile.values + row * tile.stride + column;
  run.value_step = kStep * tile.stride;
  run.column = tile.first_n + column;
  run.place = std::int64_t{tile.first_m + row} * n + run.column;
  run.step = std::int64_t{kStep} * n;
  run.count = column < tile.columns && row < tile.rows ? (tile.rows - row + kStep - 1) / kStep : 0;
  return run;
}

/// Finishes a tile whose sums all threads have stored before a barrier. No value is touched by two
/// threads.
template <int kColumns, int kThreads, class Out>
__device__ void finish_tile(const Epilogue<Out>& epilogue, const Trials& trials, int trial,
                            const Tile& tile, int n) {
  const TileRun run = run_of_thread<kColumns, kThreads>(tile, n);
  if (epilogue.bias && run.count > 0) {
    const float bias = epilogue.bias[trial][run.column];
    for (int i = 0; i < run.count; ++i) run.values[i * run.value_step] += bias;
  }
  if (epilogue.activation != Epilogue<Out>::kIdentity) {
    float* const slopes = epilogue.slope ? epilogue.slope[trial] + run.place : nullptr;
    evaluate(trials.activation(trial, epilogue.activation),
             {run.values, run.value_step, slopes, run.step, run.count});
  }
  Out* const y = epilogue.y[trial] + run.place;
  for (int i = 0; i < run.count; ++i) store(run.values[i * run.value_step], y[i * run.step]);
}

/// Stores a tile's sums as they are, into a matrix [m][n].
template <int kColumns, int kThreads, class Out>
__device__ void store_tile(Out* sums, const Tile& tile, int n) {
  const TileRun run = run_of_thread<kColumns, kThreads>(tile, n);
  for (int i = 0; i < run.count; ++i)
    store(run.values[i * run.value_step], sums[run.place + i * run.step]);
}

/// The same for products without an epilogue.
template <int kColumns, int kThreads, class Out>
__device__ void finish_tile(const PerTrial<Out>& y, const Trials& /*trials*/, int trial,
                            const Tile& tile, int n) {
  store_tile<kColumns, kThreads>(y[trial], tile, n);
}

}  // namespace saltus::kernels
