// SplitK of sums, added. Both kernels read every slice once, and neighbouring threads neighbouring
// elements.
//
// reduce_split_k: gradients of weights are few elements of many slices. A block takes 32 elements;
// each of its 8 warps adds up every eighth slice, and the first adds the eight sums.
//
// finish_split_k: a block takes 2 rows and 64 columns, a thread an element, whose slices are added
// in order. It waits for memory, so many threads ask for many slices before they add the first.
// Then the tile goes the way of all finished tiles.
#include <saltus/kernels/device/vector.h>
#include <saltus/kernels/matrix/split_k.h>
#include <saltus/kernels/matrix/tile.h>

namespace saltus::kernels {
namespace {

constexpr int kLanes = 32;
constexpr int kGroups = 8;

__global__ void __launch_bounds__(kLanes* kGroups) add_kernel(ReduceSplitK add, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  if (!trials.active(trial)) return;
  SALTUS_SHARED(float, sums, [kGroups][kLanes]);
  const int lane = static_cast<int>(threadIdx.x) % kLanes;
  const int group = static_cast<int>(threadIdx.x) / kLanes;
  const std::int64_t i = std::int64_t{blockIdx.x} * kLanes + lane;
  const bool of_weights = i < add.count;
  const bool there = of_weights || (add.db && i < add.count + add.n);
  const int slices = add.from.split.count(add.k.of(trials.rows()));

  float sum = 0;
  if (there) {
    const float* const first =
        of_weights ? add.from.sums[trial] + i : add.from.column_sums[trial] + (i - add.count);
    for (int slice = group; slice < slices; slice += kGroups) sum += first[slice * add.from.stride];
  }
  sums[group][lane] = sum;
  __syncthreads();
  if (group != 0 || !there) return;
  for (int other = 1; other < kGroups; ++other) sum += sums[other][lane];
  (of_weights ? add.dw[trial][i] : add.db[trial][i - add.count]) = sum;
}

constexpr int kRows = 2;
constexpr int kColumns = 64;
constexpr int kThreads = 128;
constexpr int kAtOnce = 8;  // slices
static_assert(kRows * kColumns == kThreads);

}  // namespace

template <class Out>
__global__ void __launch_bounds__(kThreads) finish_kernel(FinishSplitK<Out> finish, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  if (!trials.active(trial)) return;
  SALTUS_SHARED(float, values, [kRows * kColumns]);
  const int m = finish.m.of(trials.rows());
  const int first_m = static_cast<int>(blockIdx.x) * kRows;
  const int first_n = static_cast<int>(blockIdx.y) * kColumns;
  const Tile tile = tile_at(values, kRows, kColumns, kColumns, first_m, first_n, m, finish.n);
  const int slices = finish.from.split.count(finish.k.of(trials.rows()));

  const TileRun run = run_of_thread<kColumns, kThreads>(tile, finish.n);
  if (run.count > 0) {
    const float* const sums = finish.from.sums[trial] + run.place;
    float sum = 0;
    int slice = 0;
#pragma unroll 1
    for (; slice + kAtOnce <= slices; slice += kAtOnce) {
      float terms[kAtOnce];
#pragma unroll
      for (int i = 0; i < kAtOnce; ++i) terms[i] = fetch(sums + (slice + i) * finish.from.stride);
#pragma unroll
      for (const float term : terms) sum += term;
    }
#pragma unroll 4
    for (; slice < slices; ++slice) sum += fetch(sums + slice * finish.from.stride);
    *run.values = sum;
  }
  finish_tile<kColumns, kThreads>(finish.epilogue, trials, trial, tile, finish.n);
}

void reduce_split_k(const ReduceSplitK& arguments, const LaunchContext& context) {
  const std::int64_t elements = arguments.count + (arguments.db ? arguments.n : 0);
  launch<add_kernel>(Grid(blocks_for(elements, kLanes), 1, context.trials.count),
                     dim3(kLanes * kGroups), 0, context.stream, arguments, context.trials);
}

template <class Out>
void finish_split_k(const FinishSplitK<Out>& arguments, const LaunchContext& context) {
  launch_evaluating<finish_kernel<Out>>(
      Grid(blocks_for(arguments.m.of(context.max_rows), kRows), blocks_for(arguments.n, kColumns),
           context.trials.count),
      dim3(kThreads), 0, context, arguments, context.trials);
}

template void finish_split_k(const FinishSplitK<float>&, const LaunchContext&);
template void finish_split_k(const FinishSplitK<Bf16>&, const LaunchContext&);

}  // namespace saltus::kernels
