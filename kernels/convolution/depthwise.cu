// Depthwise convolution. Few multiply-adds an element, so all three are bound by memory, and read
// four neighbouring channels in one access where each has one output and the arrays allow it.
//
// depthwise_forward_kernel, depthwise_backward_data_kernel: threads are dealt out as for average
// pooling, forward by pixels of y, backward by pixels of x, each of which adds up dy w over the
// windows that cover it. Neighbours read the same rows of the image and the same weights, which
// caches keep: memory gives x (dy) once and takes y (dx) once.
//
// depthwise_backward_filter_kernel: a block takes a slice of 512 pixels of dy, eight threads'
// channels and nine taps: a window of 3 x 3 in one go. Each of its 32 groups of threads takes every
// 32nd pixel and keeps the sums of all nine taps in registers, so that an element of dy is read
// once for nine multiply-adds. Then groups are added, those of a warp in pairs, warp after warp,
// and slices as those of other gradients are (matrix/split_k.h): the order depends on the shape
// alone.
#include <saltus/kernels/convolution/depthwise.h>
#include <saltus/kernels/device/reduce.h>
#include <saltus/kernels/matrix/split_k.h>
#include <saltus/kernels/pooling/windows.h>

namespace saltus::kernels {
namespace {

using namespace pooling;

constexpr int kLanes = 8;    // threads side by side, of a block that sums gradients
constexpr int kTaps = 9;     // whose gradients a thread sums
constexpr int kSlice = 512;  // pixels
constexpr int kGroups = kThreads / kLanes;
constexpr int kWarps = kThreads / kWarpLanes;

/// a b + sum, channel by channel.
__device__ void add_product(const Quad& a, const Quad& b, Quad& sum) {
#pragma unroll
  for (int j = 0; j < 4; ++j) sum.values[j] = fmaf(a.values[j], b.values[j], sum.values[j]);
}

/// A thread's channels of an array of floats that all of a launch may read.
__device__ Quad fetch_floats(const float* first, bool quads) {
  if (quads) return fetch_quad(first);
  return {{fetch(first)}};
}

__global__ void __launch_bounds__(kThreads)
    depthwise_forward_kernel(DepthwiseForward step, Dealing outputs, Divider multiplier,
                             Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  Place output;
  if (!trials.active(trial) || !outputs.find(trials.rows(), output)) return;
  const Window& w = step.window;
  const bool quads = outputs.quads();
  const std::int64_t image =
      output.row * elements_of(w.image, w.channels_in) + multiplier.quotient(output.channel);
  const auto fetch_x = [&](int i) { return fetch_channels(step.x, trial, image + i, quads); };
  const float* const weights = step.w[trial] + output.channel;
  Quad sum = {};
  if (step.b) sum = fetch_floats(step.b[trial] + output.channel, quads);
  for_positions(w, Area(w, output.y, output.x), fetch_x, [&](const Quad& x, int tap) {
    add_product(x, fetch_floats(weights + std::int64_t{tap} * w.channels_out, quads), sum);
  });
  store_channels(sum, step.y, trial, output, outputs);
}

__global__ void __launch_bounds__(kThreads)
    depthwise_backward_data_kernel(DepthwiseBackwardData step, Dealing inputs, Cover cover,
                                   int multiplier, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  Place input;
  if (!trials.active(trial) || !inputs.find(trials.rows(), input)) return;
  const Window& w = step.window;
  const bool quads = inputs.quads();
  const int channel = input.channel * multiplier;
  const std::int64_t image = input.row * elements_of(w.output, w.channels_out) + channel;
  const float* const weights = step.w[trial] + channel;
  const Quad dx = add_windows(cover.at(w, input.y, input.x), [&](int y, int x) {
    const int tap_y = input.y + w.padding.height - y * w.strides.height;
    const int tap_x = input.x + w.padding.width - x * w.strides.width;
    const int i = (y * w.output.width + x) * w.channels_out;
    const float* const of_tap =
        weights + std::int64_t{tap_y * w.size.width + tap_x} * w.channels_out;
    Quad sum = {};
#pragma unroll 1
    for (int m = 0; m < multiplier; ++m)
      add_product(fetch_channels(step.dy, trial, image + i + m, quads),
                  fetch_floats(of_tap + m, quads), sum);
    return sum;
  });
  store_channels(dx, step.dx, trial, input, inputs);
}

/// How the work on gradients of weights is dealt out: taps and channels by blocks.
struct FilterDealing {
  Divider multiplier;
  Divider pixels, columns;  ///< of an output image
  int tap_groups;
  bool quads;

  [[nodiscard]] SALTUS_HD int width() const { return quads ? 4 : 1; }
};

/// A window's taps one after another.
struct Tap {
  int y, x;

  __device__ void step(const Window& w) {
    if (++x < w.size.width) return;
    x = 0;
    ++y;
  }
};

// Forty sums a thread: two blocks a multiprocessor.
__global__ void __launch_bounds__(kThreads, 2)
    depthwise_backward_filter_kernel(DepthwiseBackwardFilter step, PartialSums sums,
                                     FilterDealing dealing, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  if (!trials.active(trial)) return;
  const Window& w = step.window;
  const int pixels = dealing.pixels.divisor() * trials.rows();
  const int slice = static_cast<int>(blockIdx.x);
  if (slice >= sums.split.count(pixels)) return;
  const int thread = static_cast<int>(threadIdx.x);
  const int lane = thread % kLanes;
  const int group = thread / kLanes;
  const int channels = kLanes * dealing.width();  // of a block
  const int first_channel = static_cast<int>(blockIdx.y) / dealing.tap_groups * channels;
  const int channel = first_channel + lane * dealing.width();
  const int first_tap = static_cast<int>(blockIdx.y) % dealing.tap_groups * kTaps;
  const int all_taps = w.size.height * w.size.width;
  const int taps = all_taps - first_tap < kTaps ? all_taps - first_tap : kTaps;

  Quad sum[kTaps + 1] = {};  // one for the bias
  const std::int64_t in_channel = dealing.multiplier.quotient(channel);
  with_fetch(step.x, trial, in_channel, dealing.quads, [&](const auto& fetch) {
    if (channel >= w.channels_out) return;
    const int end = sums.split.end(slice, pixels);
    for (int pixel = slice * kSlice + group; pixel < end; pixel += kGroups) {
      const int row = dealing.pixels.quotient(pixel);
      const int of_image = pixel - row * dealing.pixels.divisor();
      const int y = dealing.columns.quotient(of_image);
      const int first_y = y * w.strides.height - w.padding.height;
      const int first_x =
          (of_image - y * dealing.columns.divisor()) * w.strides.width - w.padding.width;
      const auto image = fetch.of(row * elements_of(w.image, w.channels_in));
      const Quad dy = fetch_channels(step.dy, trial, std::int64_t{pixel} * w.channels_out + channel,
                                     dealing.quads);
      Tap tap = {first_tap / w.size.width, first_tap % w.size.width};
#pragma unroll
      for (int i = 0; i < kTaps; ++i, tap.step(w)) {
        const int in_y = first_y + tap.y;
        const int in_x = first_x + tap.x;
        const bool inside =
            i < taps && in_y >= 0 && in_y < w.image.height && in_x >= 0 && in_x < w.image.width;
        const Quad x = inside ? image((in_y * w.image.width + in_x) * w.channels_in) : Quad{};
        add_product(x, dy, sum[i]);
      }
#pragma unroll
      for (int j = 0; j < 4; ++j) sum[kTaps].values[j] += dy.values[j];
    }
  });

  SALTUS_SHARED(float, of_warps, [kWarps][kTaps + 1][kLanes * 4]);
#pragma unroll
  for (int i = 0; i <= kTaps; ++i)
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      float value = sum[i].values[j];
#pragma unroll
      for (int distance = kWarpLanes / 2; distance >= kLanes; distance /= 2)
        value += __shfl_xor_sync(kWholeWarp, value, distance);
      if (thread % kWarpLanes < kLanes && j < dealing.width())
        of_warps[thread / kWarpLanes][i][lane * dealing.width() + j] = value;
    }
  __syncthreads();
  for (int i = thread; i < (kTaps + 1) * channels; i += kThreads) {
    const int tap = i / channels;
    const int of_block = i - tap * channels;
    const int out = first_channel + of_block;
    if (out >= w.channels_out) continue;
    float all = of_warps[0][tap][of_block];
    for (int warp = 1; warp < kWarps; ++warp) all += of_warps[warp][tap][of_block];
    const std::int64_t place = slice * sums.stride + out;
    if (tap < taps)
      sums.sums[trial][place + std::int64_t{first_tap + tap} * w.channels_out] = all;
    else if (tap == kTaps && first_tap == 0 && sums.column_sums)
      sums.column_sums[trial][place] = all;
  }
}

int pixels_of(const Extent& extent) {
  return extent.height * extent.width;
}

std::int64_t weights_of(const Window& w) {
  return std::int64_t{pixels_of(w.size)} * w.channels_out;
}

/// Whether threads may take four channels: each of one input, and as arrays lie.
template <class... Arrays>
bool takes_quads(const Window& w, const Arrays&... arrays) {
  return w.channels_in == w.channels_out && w.channels_in % 4 == 0 && (has_quads(arrays) && ...);
}

}  // namespace

void depthwise_forward(const DepthwiseForward& arguments, const LaunchContext& context) {
  const Window& w = arguments.window;
  check_pooling(w, context.max_rows);
  const bool quads = takes_quads(w, arguments.x, arguments.w, arguments.b, arguments.y);
  const Dealing outputs(w.output, w.channels_out, quads);
  launch<depthwise_forward_kernel>(outputs.grid(context), outputs.block(), 0, context.stream,
                                   arguments, outputs, Divider(w.channels_out / w.channels_in),
                                   context.trials);
}

void depthwise_backward_data(const DepthwiseBackwardData& arguments, const LaunchContext& context) {
  const Window& w = arguments.window;
  check_pooling(w, context.max_rows);
  const bool quads = takes_quads(w, arguments.dy, arguments.w, arguments.dx);
  const Dealing inputs(w.image, w.channels_in, quads);
  launch<depthwise_backward_data_kernel>(inputs.grid(context), inputs.block(), 0, context.stream,
                                         arguments, inputs, Cover(w),
                                         w.channels_out / w.channels_in, context.trials);
}

void depthwise_backward_filter(const DepthwiseBackwardFilter& arguments,
                               const LaunchContext& context) {
  const Window& w = arguments.window;
  check_pooling(w, context.max_rows);
  const Count pixels = {.per_row = pixels_of(w.output)};
  const std::int64_t weights = weights_of(w);
  PartialSums sums = {{kSlice}, arguments.dw, arguments.db};
  const int slices = sums.split.count(pixels.of(context.max_rows));
  if (slices > 1) {
    const PerTrial<float>& workspace = arguments.workspace;
    sums.sums = workspace;
    if (arguments.db) sums.column_sums = {workspace.data + weights, workspace.stride};
    sums.stride = weights + w.channels_out;
  }
  const FilterDealing dealing = {Divider(w.channels_out / w.channels_in),
                                 Divider(pixels_of(w.output)), Divider(w.output.width),
                                 static_cast<int>(blocks_for(pixels_of(w.size), kTaps)),
                                 takes_quads(w, arguments.x, arguments.dy)};
  const std::int64_t channel_blocks = blocks_for(w.channels_out, kLanes * dealing.width());
  launch<depthwise_backward_filter_kernel>(
      Grid(slices, channel_blocks * dealing.tap_groups, context.trials.count), dim3(kThreads), 0,
      context.stream, arguments, sums, dealing, context.trials);
  if (slices > 1)
    reduce_split_k({sums, pixels, arguments.dw, arguments.db, weights, w.channels_out}, context);
}

std::int64_t depthwise_backward_filter_workspace(const Window& window, int max_rows) {
  check_pooling(window, max_rows);
  const int slices = SplitK{kSlice}.count(max_rows * pixels_of(window.output));
  return slices == 1 ? 0 : product(slices, weights_of(window) + window.channels_out);
}

}  // namespace saltus::kernels
