// The convolutions' products, for every engine: a block for each tile of C, and part of the sum,
// and trial. Neighbouring blocks share rows of A, and so read them from the cache. Parts and tiles
// are counted together along x: a long batch has more parts than CUDA counts along y.
//
// An engine brings Tiles: sizes, and multiply(), by which a block makes a tile; see matrix/plain.h
// and matrix/tensor.h.
#pragma once

#include <saltus/kernels/convolution/engines.h>
#include <saltus/kernels/matrix/tile.h>

namespace saltus::kernels {

struct FirstOfTile {
  int m, n;
};

/// Of a tile by its number.
template <class Tiles>
__device__ FirstOfTile first_of_tile(int tile, int n) {
  const int columns = (n + Tiles::kTileN - 1) / Tiles::kTileN;
  return {tile / columns * Tiles::kTileM, tile % columns * Tiles::kTileN};
}

template <class Tiles, class Problem, class Target>
__global__ void __launch_bounds__(Tiles::kThreads, Tiles::kBlocks)
    multiply_kernel(Problem problem, Target target, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  if (!trials.active(trial)) return;
  SALTUS_DYNAMIC_SHARED(float, shared);
  const Problem own = problem.of(trial, trials.rows());
  const FirstOfTile first = first_of_tile<Tiles>(static_cast<int>(blockIdx.x), own.n);
  if (first.m >= own.m.fixed) return;
  Tiles::multiply(own, first.m, first.n, 0, own.k.fixed, false, shared);
  __syncthreads();
  const Tile tile = tile_at(shared, Tiles::kTileM, Tiles::kTileN, Tiles::kRow, first.m, first.n,
                            own.m.fixed, own.n);
  finish_tile<Tiles::kTileN, Tiles::kThreads>(target, trials, trial, tile, own.n);
}

template <class Tiles, class Problem>
__global__ void __launch_bounds__(Tiles::kThreads, Tiles::kBlocks)
    parts_kernel(Problem problem, PartSums sums, int tiles, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  if (!trials.active(trial)) return;
  SALTUS_DYNAMIC_SHARED(float, shared);
  float* const column_sums = shared + Tiles::kTileM * Tiles::kRow;  // [kThreads]
  const Problem own = problem.of(trial, trials.rows());
  const auto block = static_cast<int>(blockIdx.x);
  const int part = block / tiles;
  const FirstOfTile first = first_of_tile<Tiles>(block - part * tiles, own.n);
  if (first.m >= own.m.fixed || part >= sums.parts.count(own.k.fixed)) return;

  const bool with_column_sums = sums.column_sums && first.m == 0;
  const float column_sum =
      Tiles::multiply(own, first.m, first.n, part * sums.parts.length,
                      sums.parts.end(part, own.k.fixed), with_column_sums, shared);
  if (with_column_sums) column_sums[threadIdx.x] = column_sum;
  __syncthreads();
  const Tile tile = tile_at(shared, Tiles::kTileM, Tiles::kTileN, Tiles::kRow, first.m, first.n,
                            own.m.fixed, own.n);
  store_tile<Tiles::kTileN, Tiles::kThreads>(sums.sums[trial] + part * sums.stride, tile, own.n);
  const int column = static_cast<int>(threadIdx.x);
  if (!with_column_sums || column >= tile.columns) return;
  float sum = column_sums[column];
  for (int i = column + Tiles::kTileN; i < Tiles::kThreads; i += Tiles::kTileN)
    sum += column_sums[i];
  sums.column_sums[trial][part * sums.stride + tile.first_n + column] = sum;
}

template <class Tiles, class Problem>
std::int64_t tiles_of(const Problem& problem, const Stage& stage) {
  return blocks_for(problem.m.of(stage.max_rows), Tiles::kTileM) *
         blocks_for(problem.n, Tiles::kTileN);
}

template <class Tiles, class Problem, class Target>
void launch_multiply(const Problem& problem, const Target& target, const Stage& stage) {
  launch<multiply_kernel<Tiles, Problem, Target>>(
      Grid(tiles_of<Tiles>(problem, stage), 1, stage.trials.count), dim3(Tiles::kThreads),
      Tiles::kSharedBytes, stage.stream, problem, target, stage.trials);
}

template <class Tiles, class Problem>
void launch_parts(const Problem& problem, const PartSums& sums, const Stage& stage) {
  const std::int64_t tiles = tiles_of<Tiles>(problem, stage);
  const int parts = sums.parts.count(problem.k.of(stage.max_rows));
  launch<parts_kernel<Tiles, Problem>>(Grid(parts * tiles, 1, stage.trials.count),
                                       dim3(Tiles::kThreads), Tiles::kSharedBytes, stage.stream,
                                       problem, sums, static_cast<int>(tiles), stage.trials);
}

}  // namespace saltus::kernels
