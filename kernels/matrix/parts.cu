// Parts of sums, added. Both kernels read every part once, and neighbouring threads neighbouring
// elements.
//
// add_parts: gradients of weights are few elements of many parts. A block takes 32 elements; each
// of its 8 warps adds up every eighth part, and the first adds the eight sums.
//
// finish_parts: a block takes 8 rows and 64 columns, a thread 4 elements of a column, all parts of
// an element in order; then the tile goes the way of all finished tiles.
#include <saltus/kernels/matrix/parts.h>
#include <saltus/kernels/matrix/tile.h>

namespace saltus::kernels {
namespace {

constexpr int kLanes = 32;
constexpr int kGroups = 8;

__global__ void __launch_bounds__(kLanes* kGroups) add_kernel(AddParts add, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  if (!trials.active(trial)) return;
  SALTUS_SHARED(float, sums, [kGroups][kLanes]);
  const int lane = static_cast<int>(threadIdx.x) % kLanes;
  const int group = static_cast<int>(threadIdx.x) / kLanes;
  const std::int64_t i = std::int64_t{blockIdx.x} * kLanes + lane;
  const bool of_weights = i < add.count;
  const bool there = of_weights || (add.db && i < add.count + add.n);
  const int parts = add.from.parts.count(add.k.of(trials.rows()));

  float sum = 0;
  if (there) {
    const float* const first =
        of_weights ? add.from.sums[trial] + i : add.from.column_sums[trial] + (i - add.count);
    for (int part = group; part < parts; part += kGroups) sum += first[part * add.from.stride];
  }
  sums[group][lane] = sum;
  __syncthreads();
  if (group != 0 || !there) return;
  for (int other = 1; other < kGroups; ++other) sum += sums[other][lane];
  (of_weights ? add.dw[trial][i] : add.db[trial][i - add.count]) = sum;
}

constexpr int kRows = 8;
constexpr int kColumns = 64;
constexpr int kThreads = 128;

template <class Out>
__global__ void __launch_bounds__(kThreads) finish_kernel(FinishParts<Out> finish, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  if (!trials.active(trial)) return;
  SALTUS_SHARED(float, values, [kRows * kColumns]);
  const int m = finish.m.of(trials.rows());
  const int first_m = static_cast<int>(blockIdx.x) * kRows;
  const int first_n = static_cast<int>(blockIdx.y) * kColumns;
  const Tile tile = tile_at(values, kRows, kColumns, kColumns, first_m, first_n, m, finish.n);
  const int parts = finish.from.parts.count(finish.k.of(trials.rows()));

  const TileRun run = run_of_thread<kColumns, kThreads>(tile, finish.n);
  const float* const sums = finish.from.sums[trial] + run.place;
  for (int i = 0; i < run.count; ++i) {
    float sum = 0;
    for (int part = 0; part < parts; ++part) sum += sums[part * finish.from.stride + i * run.step];
    run.values[i * run.value_step] = sum;
  }
  finish_tile<kColumns, kThreads>(finish.epilogue, trials, trial, tile, finish.n);
}

}  // namespace

void add_parts(const AddParts& arguments, const Stage& stage) {
  const std::int64_t elements = arguments.count + (arguments.db ? arguments.n : 0);
  launch<add_kernel>(Grid(blocks_for(elements, kLanes), 1, stage.trials.count),
                     dim3(kLanes * kGroups), 0, stage.stream, arguments, stage.trials);
}

template <class Out>
void finish_parts(const FinishParts<Out>& arguments, const Stage& stage) {
  launch<finish_kernel<Out>>(Grid(blocks_for(arguments.m.of(stage.max_rows), kRows),
                                  blocks_for(arguments.n, kColumns), stage.trials.count),
                             dim3(kThreads), 0, stage.stream, arguments, stage.trials);
}

template void finish_parts(const FinishParts<float>&, const Stage&);
template void finish_parts(const FinishParts<Bf16>&, const Stage&);

}  // namespace saltus::kernels
