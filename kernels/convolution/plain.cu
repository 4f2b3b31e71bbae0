// The convolutions' products by the plain engine: a block of 128 threads for each tile of 64 x 64
// elements of C, and part of the sum, and trial. Neighbouring blocks share rows of A, and so read
// them from the cache. See matrix/plain.h.
#include "kernels/convolution/engines.h"
#include "kernels/convolution/problems.h"
#include "kernels/matrix/plain.h"

namespace saltus::kernels::plain {
namespace {

struct Place {
  int first_m, first_n;
};

/// Of the calling block's tile.
__device__ Place place_of_block(int n) {
  const int columns = (n + kTile - 1) / kTile;
  const int block = static_cast<int>(blockIdx.x);
  return {block / columns * kTile, block % columns * kTile};
}

template <class Problem, class Target>
__global__ void __launch_bounds__(kThreads, kBlocks)
    multiply_kernel(Problem problem, Target target, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  if (!trials.active(trial)) return;
  SALTUS_DYNAMIC_SHARED(float, shared);
  const Problem own = problem.of(trial, trials.rows());
  const Place place = place_of_block(own.n);
  if (place.first_m >= own.m.fixed) return;
  multiply_tile(own, place.first_m, place.first_n, 0, own.k.fixed, false, shared);
  __syncthreads();
  const Tile tile =
      tile_at(shared, kTile, kTile, kTile, place.first_m, place.first_n, own.m.fixed, own.n);
  finish_tile<kTile, kThreads>(target, trials, trial, tile, own.n);
}

template <class Problem>
__global__ void __launch_bounds__(kThreads, kBlocks)
    parts_kernel(Problem problem, PartSums sums, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  if (!trials.active(trial)) return;
  SALTUS_DYNAMIC_SHARED(float, shared);
  const Problem own = problem.of(trial, trials.rows());
  const Place place = place_of_block(own.n);
  const int part = static_cast<int>(blockIdx.y);
  if (place.first_m >= own.m.fixed || part >= sums.parts.count(own.k.fixed)) return;

  const bool with_column_sums = sums.column_sums && place.first_m == 0;
  const float column_sum =
      multiply_tile(own, place.first_m, place.first_n, part * sums.parts.length,
                    sums.parts.end(part, own.k.fixed), with_column_sums, shared);
  __syncthreads();
  const Tile tile =
      tile_at(shared, kTile, kTile, kTile, place.first_m, place.first_n, own.m.fixed, own.n);
  store_tile<kTile, kThreads>(sums.sums[trial] + part * sums.stride, tile, own.n);
  const int column = static_cast<int>(threadIdx.x);
  if (with_column_sums && column < tile.columns)
    sums.column_sums[trial][part * sums.stride + tile.first_n + column] = column_sum;
}

template <class Problem>
unsigned tiles_of(const Problem& problem, const Stage& stage) {
  return blocks_for(problem.m.of(stage.max_rows), kTile) * blocks_for(problem.n, kTile);
}

constexpr std::size_t kSharedBytes = kSharedFloats * sizeof(float);

}  // namespace

template <class Problem, class Target>
void multiply(const Problem& problem, const Target& target, const Stage& stage) {
  const auto trials = static_cast<unsigned>(stage.trials.count);
  launch<multiply_kernel<Problem, Target>>(dim3(tiles_of(problem, stage), 1, trials),
                                           dim3(kThreads), kSharedBytes, stage.stream, problem,
                                           target, stage.trials);
}

template <class Problem>
void multiply_parts(const Problem& problem, const PartSums& sums, const Stage& stage) {
  const auto parts = static_cast<unsigned>(sums.parts.count(problem.k.of(stage.max_rows)));
  const auto trials = static_cast<unsigned>(stage.trials.count);
  launch<parts_kernel<Problem>>(dim3(tiles_of(problem, stage), parts, trials), dim3(kThreads),
                                kSharedBytes, stage.stream, problem, sums, stage.trials);
}

template void multiply(const ForwardProblem<float>&, const Epilogue<float>&, const Stage&);
template void multiply(const ForwardProblem<Bf16>&, const Epilogue<float>&, const Stage&);
template void multiply(const ForwardProblem<Bf16>&, const Epilogue<Bf16>&, const Stage&);
template void multiply(const BackwardDataProblem<float>&, const PerTrial<float>&, const Stage&);
template void multiply(const BackwardDataProblem<Bf16>&, const PerTrial<float>&, const Stage&);
template void multiply(const BackwardDataProblem<Bf16>&, const PerTrial<Bf16>&, const Stage&);
template void multiply_parts(const ForwardProblem<float>&, const PartSums&, const Stage&);
template void multiply_parts(const ForwardProblem<Bf16>&, const PartSums&, const Stage&);
template void multiply_parts(const BackwardFilterProblem<float>&, const PartSums&, const Stage&);
template void multiply_parts(const BackwardFilterProblem<Bf16>&, const PartSums&, const Stage&);

}  // namespace saltus::kernels::plain
