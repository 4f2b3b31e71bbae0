// The convolutions' products, for every engine: a block for each tile of C, and slice of the sum,
// and trial. Neighbouring blocks share rows of A, and so read them from the cache. SplitK and tiles
// are counted together along x: a long batch has more slices than CUDA counts along y.
//
// An engine brings Mainloop: sizes, and multiply(), by which a block makes a tile; see
// matrix/simt.h and matrix/tensor.h.
#pragma once

#include <saltus/kernels/convolution/engines.h>
#include <saltus/kernels/matrix/tile.h>

namespace saltus::kernels {

struct FirstOfTile {
  int m, n;
};

/// The first element of a tile, given by its number.
template <class Mainloop>
__device__ FirstOfTile first_of_tile(int tile, int n) {
  const int columns = (n + Mainloop::kTileN - 1) / Mainloop::kTileN;
  return {tile / columns * Mainloop::kTileM, tile % columns * Mainloop::kTileN};
}

template <class Mainloop, class Problem, class Target>
__global__ void __launch_bounds__(Mainloop::kThreads, Mainloop::kBlocks)
    multiply_kernel(Problem problem, Target target, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  if (!trials.active(trial)) return;
  SALTUS_DYNAMIC_SHARED(float, shared);
  const Problem own = problem.of(trial, trials.rows());
  const FirstOfTile first = first_of_tile<Mainloop>(static_cast<int>(blockIdx.x), own.n);
  if (first.m >= own.m.fixed) return;
  Mainloop::multiply(own, first.m, first.n, 0, own.k.fixed, false, shared);
  __syncthreads();
  const Tile tile = tile_at(shared, Mainloop::kTileM, Mainloop::kTileN, Mainloop::kRow, first.m,
                            first.n, own.m.fixed, own.n);
  finish_tile<Mainloop::kTileN, Mainloop::kThreads>(target, trials, trial, tile, own.n);
}

template <class Mainloop, class Problem>
__global__ void __launch_bounds__(Mainloop::kThreads, Mainloop::kBlocks)
    split_k_kernel(Problem problem, PartialSums sums, int tiles, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  if (!trials.active(trial)) return;
  SALTUS_DYNAMIC_SHARED(float, shared);
  float* const column_sums = shared + Mainloop::kTileM * Mainloop::kRow;  // [kThreads]
  const Problem own = problem.of(trial, trials.rows());
  const auto block = static_cast<int>(blockIdx.x);
  const int slice = block / tiles;
  const FirstOfTile first = first_of_tile<Mainloop>(block - slice * tiles, own.n);
  if (first.m >= own.m.fixed || slice >= sums.split.count(own.k.fixed)) return;

  const bool with_column_sums = sums.column_sums && first.m == 0;
  const float column_sum =
      Mainloop::multiply(own, first.m, first.n, slice * sums.split.length,
                         sums.split.end(slice, own.k.fixed), with_column_sums, shared);
  if (with_column_sums) column_sums[threadIdx.x] = column_sum;
  __syncthreads();
  const Tile tile = tile_at(shared, Mainloop::kTileM, Mainloop::kTileN, Mainloop::kRow, first.m,
                            first.n, own.m.fixed, own.n);
  store_tile<Mainloop::kTileN, Mainloop::kThreads>(sums.sums[trial] + slice * sums.stride, tile,
                                                   own.n);
  const int column = static_cast<int>(threadIdx.x);
  if (!with_column_sums || column >= tile.columns) return;
  float sum = column_sums[column];
  for (int i = column + Mainloop::kTileN; i < Mainloop::kThreads; i += Mainloop::kTileN)
    sum += column_sums[i];
  sums.column_sums[trial][slice * sums.stride + tile.first_n + column] = sum;
}

template <class Mainloop, class Problem>
std::int64_t tiles_of(const Problem& problem, const LaunchContext& context) {
  return blocks_for(problem.m.of(context.max_rows), Mainloop::kTileM) *
         blocks_for(problem.n, Mainloop::kTileN);
}

template <class Mainloop, class Problem, class Target>
void launch_multiply(const Problem& problem, const Target& target, const LaunchContext& context) {
  launch_evaluating<multiply_kernel<Mainloop, Problem, Target>>(
      Grid(tiles_of<Mainloop>(problem, context), 1, context.trials.count), dim3(Mainloop::kThreads),
      Mainloop::kSharedBytes, context, problem, target, context.trials);
}

template <class Mainloop, class Problem>
void launch_split_k(const Problem& problem, const PartialSums& sums, const LaunchContext& context) {
  const std::int64_t tiles = tiles_of<Mainloop>(problem, context);
  const int slices = sums.split.count(problem.k.of(context.max_rows));
  launch<split_k_kernel<Mainloop, Problem>>(Grid(slices * tiles, 1, context.trials.count),
                                            dim3(Mainloop::kThreads), Mainloop::kSharedBytes,
                                            context.stream, problem, sums, static_cast<int>(tiles),
                                            context.trials);
}

}  // namespace saltus::kernels
