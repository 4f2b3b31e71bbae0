// A block turns a tile of 32 x 32 elements in shared memory, so that its threads read neighbours
// and write neighbours. The tile's rows are one element longer: a column is in 32 banks then.
#include <saltus/kernels/device/launch.h>
#include <saltus/kernels/elementwise/transpose.h>

namespace saltus::kernels {
namespace {

constexpr int kTile = 32;
constexpr int kGroups = 8;

__global__ void __launch_bounds__(kTile* kGroups) transpose_kernel(Transpose step, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  if (!trials.active(trial)) return;
  SALTUS_SHARED(float, tile, [kTile][kTile + 1]);
  const int lane = static_cast<int>(threadIdx.x) % kTile;
  const int group = static_cast<int>(threadIdx.x) / kTile;
  const int first_row = static_cast<int>(blockIdx.y) * kTile;
  const int first_column = static_cast<int>(blockIdx.x) * kTile;

  const int column = first_column + lane;
  for (int i = group; i < kTile && column < step.columns && first_row + i < step.rows; i += kGroups)
    tile[i][lane] = step.x.load(trial, std::int64_t{first_row + i} * step.columns + column);
  __syncthreads();
  const int row = first_row + lane;
  for (int i = group; i < kTile && row < step.rows && first_column + i < step.columns; i += kGroups)
    step.y.save(tile[lane][i], trial, std::int64_t{first_column + i} * step.rows + row);
}

}  // namespace

void transpose(const Transpose& arguments, const LaunchContext& context) {
  launch<transpose_kernel>(Grid(blocks_for(arguments.columns, kTile),
                                blocks_for(arguments.rows, kTile), context.trials.count),
                           dim3(kTile * kGroups), 0, context.stream, arguments, context.trials);
}

}  // namespace saltus::kernels
