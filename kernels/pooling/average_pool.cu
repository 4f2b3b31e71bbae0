// Average pooling. Threads are dealt out as for max-pooling: forward by pixels of y, backward by
// pixels of x, each of which adds up the dy / positions of the windows over it, row by row. Forward
// reads x once where windows do not overlap, and adds once for each element read; backward divides
// once for each window over a pixel and writes dx once. Both are bound by memory.
//
// Large windows, of which global average pooling has one an image, leave few output pixels, so that
// a thread each would not keep a GPU busy. There a block takes 16 threads' channels of one output
// pixel, and each of its 16 groups of threads every 16th position of the window, four loads under
// way at a time; then the groups' sums are added in their order. That order depends on nothing but
// the window.
#include <saltus/kernels/pooling/pooling.h>
#include <saltus/kernels/pooling/windows.h>

namespace saltus::kernels {
namespace {

using namespace pooling;

constexpr int kLanes = 16;   // threads side by side, of a block for a large window
constexpr int kGroups = 16;  // of lanes, each with positions of its own
constexpr int kLoads = 4;    // under way at a time
constexpr int kLargeWindow = 2 * kGroups;

__device__ void add(const Quad& values, Quad& sum) {
#pragma unroll
  for (int j = 0; j < 4; ++j) sum.values[j] += values.values[j];
}

__device__ void divide(Quad& sum, int positions) {
#pragma unroll
  for (float& value : sum.values) value /= static_cast<float>(positions);
}

__global__ void __launch_bounds__(kThreads)
    average_pool_kernel(AveragePool step, Dealing outputs, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  Place output;
  if (!trials.active(trial) || !outputs.find(trials.rows(), output)) return;
  const Window& w = step.window;
  const Area area(w, output.y, output.x);
  const std::int64_t image = output.row * elements_of(w.image, w.channels_in) + output.channel;
  const auto fetch = [&](int i) {
    return fetch_channels(step.x, trial, image + i, outputs.quads());
  };
  Quad sum = {};
  for_positions(w, area, fetch, [&](const Quad& x, int) { add(x, sum); });
  divide(sum, area.positions());
  store_channels(sum, step.y, trial, output, outputs);
}

__global__ void __launch_bounds__(kLanes* kGroups)
    average_large_kernel(AveragePool step, Divider columns, bool quads, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  const Window& w = step.window;
  const auto pixel = static_cast<int>(blockIdx.x);
  const int row = pixel / (w.output.height * w.output.width);
  if (!trials.active(trial) || row >= trials.rows()) return;
  const int of_image = pixel - row * w.output.height * w.output.width;
  const Area area(w, of_image / w.output.width, of_image % w.output.width);
  const int width = quads ? 4 : 1;
  const int lane = static_cast<int>(threadIdx.x) % kLanes;
  const int group = static_cast<int>(threadIdx.x) / kLanes;
  const int channel = (static_cast<int>(blockIdx.y) * kLanes + lane) * width;
  const bool there = channel < w.channels_in;

  Quad sum = {};
  const int taps = w.size.height * w.size.width;
  const std::int64_t image = row * elements_of(w.image, w.channels_in) + channel;
  with_fetch(step.x, trial, image, quads, [&](const auto& fetch) {
    if (!there) return;
    for (int first = group; first < taps; first += kLoads * kGroups) {
      Quad loaded[kLoads];
#pragma unroll
      for (int i = 0; i < kLoads; ++i) {
        const int tap_y = columns.quotient(first + i * kGroups);
        const int y = area.first_y + tap_y;
        const int x = area.first_x + first + i * kGroups - tap_y * w.size.width;
        loaded[i] = area.holds(y, x) ? fetch((y * w.image.width + x) * w.channels_in) : Quad{};
      }
#pragma unroll
      for (const Quad& values : loaded) add(values, sum);
    }
  });

  SALTUS_SHARED(float, sums, [4][kGroups][kLanes]);
#pragma unroll
  for (int j = 0; j < 4; ++j) sums[j][group][lane] = sum.values[j];
  __syncthreads();
  if (group != 0 || !there) return;
  for (int other = 1; other < kGroups; ++other)
#pragma unroll
    for (int j = 0; j < 4; ++j) sum.values[j] += sums[j][other][lane];
  divide(sum, area.positions());
  const std::int64_t element = std::int64_t{pixel} * w.channels_in + channel;
  store_some(sum, step.y, trial, element, element + width, quads);
}

__global__ void __launch_bounds__(kThreads)
    average_pool_backward_kernel(AveragePoolBackward step, Dealing inputs, Cover cover,
                                 Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  Place input;
  if (!trials.active(trial) || !inputs.find(trials.rows(), input)) return;
  const Window& w = step.window;
  const std::int64_t image = input.row * elements_of(w.output, w.channels_in) + input.channel;
  with_fetch(step.dy, trial, image, inputs.quads(), [&](const auto& fetch) {
    const Quad dx = add_windows(cover.at(w, input.y, input.x), [&](int y, int x) {
      Quad dy = fetch((y * w.output.width + x) * w.channels_in);
      divide(dy, Area(w, y, x).positions());
      return dy;
    });
    store_channels(dx, step.dx, trial, input, inputs);
  });
}

}  // namespace

void average_pool(const AveragePool& arguments, const LaunchContext& context) {
  const Window& w = arguments.window;
  check_pooling(w, context.max_rows);
  const bool quads = w.channels_in % 4 == 0 && has_quads(arguments.x) && has_quads(arguments.y);
  if (w.size.height * w.size.width >= kLargeWindow) {
    const Grid grid(std::int64_t{context.max_rows} * w.output.height * w.output.width,
                    blocks_for(w.channels_in, kLanes * (quads ? 4 : 1)), context.trials.count);
    launch<average_large_kernel>(grid, dim3(kLanes * kGroups), 0, context.stream, arguments,
                                 Divider(w.size.width), quads, context.trials);
    return;
  }
  const Dealing outputs(w.output, w.channels_in, quads);
  launch<average_pool_kernel>(outputs.grid(context), outputs.block(), 0, context.stream, arguments,
                              outputs, context.trials);
}

void average_pool_backward(const AveragePoolBackward& arguments, const LaunchContext& context) {
  const Window& w = arguments.window;
  check_pooling(w, context.max_rows);
  const bool quads = w.channels_in % 4 == 0 && has_quads(arguments.dy) && has_quads(arguments.dx);
  const Dealing inputs(w.image, w.channels_in, quads);
  launch<average_pool_backward_kernel>(inputs.grid(context), inputs.block(), 0, context.stream,
                                       arguments, inputs, Cover(w), context.trials);
}

}  // namespace saltus::kernels
