// Gathers a batch. A block takes 1024 elements of one row, a thread four consecutive ones, in one
// access where rows are whole quads. Every thread finds out by itself which sample the row is: that
// is two Philox calls and a few dozen operations, the same for the whole block, and spares a launch
// and an array. Reads one byte and writes four (or two) for each element.
#include <saltus/kernels/device/any_quad.h>
#include <saltus/kernels/input/load.h>

namespace saltus::kernels {
namespace {

constexpr int kThreads = 256;

/// Up to four elements of the data set as the network sees them; 0 beyond `count`.
__device__ Quad load_some(const LoadInput& step, std::int64_t first, int count, bool quads) {
  Quad quad = {};
  if (step.bytes == nullptr) {
    if (quads) return fetch_quad(step.floats + first);
    for (int j = 0; j < count; ++j) quad.values[j] = step.floats[first + j];
    return quad;
  }
  if (quads)
    quad = fetch_quad(step.bytes + first);
  else
    for (int j = 0; j < count; ++j) quad.values[j] = static_cast<float>(step.bytes[first + j]);
  for (int j = 0; j < 4; ++j) quad.values[j] /= 255.0f;
  return quad;
}

__global__ void __launch_bounds__(kThreads) load_kernel(LoadInput step, Trials trials, bool quads) {
  const int trial = static_cast<int>(blockIdx.z);
  const int row = static_cast<int>(blockIdx.x);
  if (!trials.active(trial) || row >= trials.rows()) return;
  const int i = (static_cast<int>(blockIdx.y) * kThreads + static_cast<int>(threadIdx.x)) * 4;
  if (i >= step.size) return;
  const std::int64_t sample = sample_of_row(step.order, trials, trial, row);
  const int count = step.size - i < 4 ? step.size - i : 4;
  const std::int64_t to = std::int64_t{row} * step.size + i;
  store_some(load_some(step, sample * step.size + i, count, quads), step.x, trial, to, to + count,
             quads);
}

}  // namespace

void load_input(const LoadInput& arguments, const LaunchContext& context) {
  const bool quads = arguments.size % 4 == 0 && has_quads(arguments.x) &&
                     has_quads(PerTrial<const std::uint8_t>(arguments.bytes, 0)) &&
                     has_quads(PerTrial<const float>(arguments.floats, 0));
  launch<load_kernel>(
      Grid(context.max_rows, blocks_for(arguments.size, 4 * kThreads), context.trials.count),
      dim3(kThreads), 0, context.stream, arguments, context.trials, quads);
}

}  // namespace saltus::kernels
