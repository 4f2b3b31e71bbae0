// Sums of columns, in slices of 512 vectors that the vectors' number alone decides: a block takes
// 32 columns of a slice, each of its 8 warps every eighth vector, and the first warp adds the eight
// sums. Then slices are added as those of gradients are. Reads x once.
#include <string>

#include <saltus/kernels/device/extents.h>
#include <saltus/kernels/device/launch.h>
#include <saltus/kernels/elementwise/column_sums.h>
#include <saltus/kernels/matrix/split_k.h>

namespace saltus::kernels {
namespace {

constexpr int kLanes = 32;
constexpr int kGroups = 8;
constexpr int kLength = 512;  // of a slice

__global__ void __launch_bounds__(kLanes* kGroups)
    column_sums_kernel(ColumnSums step, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  if (!trials.active(trial)) return;
  SALTUS_SHARED(float, sums, [kGroups][kLanes]);
  const int lane = static_cast<int>(threadIdx.x) % kLanes;
  const int group = static_cast<int>(threadIdx.x) / kLanes;
  const int slice = static_cast<int>(blockIdx.x);
  const int column = static_cast<int>(blockIdx.y) * kLanes + lane;
  const int vectors = step.vectors * trials.rows();
  const SplitK split = {kLength};
  if (slice >= split.count(vectors)) return;

  float sum = 0;
  if (column < step.columns) {
    const int end = split.end(slice, vectors);
    for (int i = slice * kLength + group; i < end; i += kGroups)
      sum += step.x.load(trial, std::int64_t{i} * step.columns + column);
  }
  sums[group][lane] = sum;
  __syncthreads();
  if (group != 0 || column >= step.columns) return;
  for (int other = 1; other < kGroups; ++other) sum += sums[other][lane];
  step.workspace[trial][std::int64_t{slice} * step.columns + column] = sum;
}

void check_vectors(int vectors, int max_rows) {
  if (std::int64_t{vectors} * max_rows > kLargestIndex)
    throw std::invalid_argument(
        "sums over " + std::to_string(max_rows) + " times " + std::to_string(vectors) +
        " vectors: more than 2^31 do not run on a GPU; use smaller batches");
}

}  // namespace

void column_sums(const ColumnSums& arguments, const LaunchContext& context) {
  check_vectors(arguments.vectors, context.max_rows);
  const SplitK split = {kLength};
  const Count vectors = {.per_row = arguments.vectors};
  launch<column_sums_kernel>(Grid(split.count(vectors.of(context.max_rows)),
                                  blocks_for(arguments.columns, kLanes), context.trials.count),
                             dim3(kLanes * kGroups), 0, context.stream, arguments, context.trials);
  ReduceSplitK add;
  add.from = {split, arguments.workspace, {}, arguments.columns};
  add.k = vectors;
  add.dw = arguments.sums;
  add.count = arguments.columns;
  reduce_split_k(add, context);
}

std::int64_t column_sums_workspace(int vectors, int columns, int max_rows) {
  check_vectors(vectors, max_rows);
  return std::int64_t{SplitK{kLength}.count(vectors * max_rows)} * columns;
}

}  // namespace saltus::kernels
