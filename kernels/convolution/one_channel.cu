// Both kernels hold the taps of a window in registers; smaller windows fill them up with zeros.
//
// forward: a block of 128 threads makes 64 pixels x 32 channels of the output. A thread has one
// pixel, whose taps it loads once, and 16 channels, whose weights come from shared memory, four in
// one load for the whole warp. The sums go through shared memory, so that they leave in the order
// of memory. It moves the output once and computes 2 * taps flops for each element: the memory's
// speed is its own until windows grow beyond 5 x 5.
//
// backward_filter: a block of 8 warps takes one slice of the pixels and 32 channels, a lane each.
// It brings the taps of 64 pixels to shared memory, then each warp takes every eighth of these
// pixels: one element of dy from memory for `taps` multiply-adds. The warps' sums are added in
// pairs. It reads dy once, all else is small.
#include <saltus/kernels/convolution/one_channel.h>
#include <saltus/kernels/matrix/predicated.h>
#include <saltus/kernels/matrix/tile.h>

namespace saltus::kernels::one_channel {
namespace {

constexpr int kPixels = 64;
constexpr int kColumns = 32;

}  // namespace

namespace forward_pass {

constexpr int kThreads = 128;
constexpr int kStride = kColumns + 4;  // keeps quads of neighbouring rows in different banks

template <int kTaps>
constexpr std::size_t kSharedBytes = (kTaps * kColumns + kPixels * kStride) * sizeof(float);

template <int kTaps, class T, class Out>
__global__ void __launch_bounds__(kThreads, kTaps <= 25 ? 8 : 4)
    forward_kernel(Im2col<T> images, Rows<T> weights, int pixels_per_row, int n,
                   Epilogue<Out> epilogue, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  if (!trials.active(trial)) return;
  const int pixels = pixels_per_row * trials.rows();
  const int first_pixel = static_cast<int>(blockIdx.x) * kPixels;
  const int first_n = static_cast<int>(blockIdx.y) * kColumns;
  if (first_pixel >= pixels) return;
  SALTUS_DYNAMIC_SHARED(float, shared);
  float* const w = shared;  // [kTaps][kColumns]
  float* const sums = shared + kTaps * kColumns;
  const Tile tile = tile_at(sums, kPixels, kColumns, kStride, first_pixel, first_n, pixels, n);
  const int thread = static_cast<int>(threadIdx.x);

  const Rows<T> own_weights = weights.of(trial, trials.rows());
  for (int i = thread; i < kTaps * kColumns; i += kThreads) {
    w[i] = fetch(
        own_weights.at(own_weights.row(i / kColumns), own_weights.column(first_n + i % kColumns)));
  }
  const Im2col<T> own_images = images.of(trial, trials.rows());
  const int pixel = thread % kPixels;
  const auto row = own_images.row(first_pixel + pixel);
  float taps[kTaps];
#pragma unroll
  for (int tap = 0; tap < kTaps; ++tap)
    taps[tap] = fetch(own_images.at(row, own_images.column(tap)));
  __syncthreads();

#pragma unroll 1
  for (int column = thread / kPixels * 4; column < kColumns; column += kThreads / kPixels * 4) {
    Quad sum = {};
#pragma unroll
    for (int tap = 0; tap < kTaps; ++tap) {
      const Quad weight = load_quad(w + tap * kColumns + column);
#pragma unroll
      for (int i = 0; i < 4; ++i) sum.values[i] = fmaf(taps[tap], weight.values[i], sum.values[i]);
    }
    store_quad(sum, sums + pixel * kStride + column);
  }
  __syncthreads();
  finish_tile<kColumns, kThreads>(epilogue, trials, trial, tile, n);
}

template <int kTaps, class T, class Out>
void launch_for(const ConvolutionForward<T, Out>& c, const LaunchContext& context) {
  const int pixels = c.window.output.height * c.window.output.width;
  const int n = c.window.channels_out;
  const Im2col<T> images(c.x, c.window);
  const Rows<T> weights(c.w, {.fixed = c.window.size.height * c.window.size.width}, n);
  launch_evaluating<forward_kernel<kTaps, T, Out>>(
      Grid(blocks_for(std::int64_t{pixels} * context.max_rows, kPixels), blocks_for(n, kColumns),
           context.trials.count),
      dim3(kThreads), kSharedBytes<kTaps>, context, images, weights, pixels, n, c.epilogue,
      context.trials);
}

}  // namespace forward_pass

namespace {
namespace filter_pass {

constexpr int kWarps = 8;
constexpr int kThreads = kWarps * 32;

template <int kTaps, class T>
__global__ void __launch_bounds__(kThreads)
    filter_kernel(Im2col<T> images, Rows<T> gradients, int pixels_per_row, int taps, int n,
                  PartialSums sums, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  if (!trials.active(trial)) return;
  const int pixels = pixels_per_row * trials.rows();
  const int slice = static_cast<int>(blockIdx.x);
  if (slice >= sums.split.count(pixels)) return;
  constexpr int kValues = kTaps + 1;               // one for the bias
  constexpr int kPixelTaps = (kTaps + 3) / 4 * 4;  // whole quads
  SALTUS_DYNAMIC_SHARED(float, shared);
  float* const x = shared;                              // [kPixels][kPixelTaps]
  float* const halves = shared + kPixels * kPixelTaps;  // [kWarps / 2][kValues][32]
  const int thread = static_cast<int>(threadIdx.x);
  const int lane = thread % 32;
  const int warp = thread / 32;
  const Im2col<T> own_images = images.of(trial, trials.rows());
  const Rows<T> own_gradients = gradients.of(trial, trials.rows());
  const auto column = own_gradients.column(static_cast<int>(blockIdx.y) * kColumns + lane);

  float sum[kValues] = {};
  const int end = sums.split.end(slice, pixels);
  for (int first = slice * sums.split.length; first < end; first += kPixels) {
    const auto row = own_images.row(first + thread % kPixels);
    for (int tap = thread / kPixels; tap < kPixelTaps; tap += kThreads / kPixels) {
      x[thread % kPixels * kPixelTaps + tap] = fetch(own_images.at(row, own_images.column(tap)));
    }
    __syncthreads();
#pragma unroll
    for (int pixel = 0; pixel < kPixels; pixel += kWarps) {
      const float dy = fetch(own_gradients.at(own_gradients.row(first + pixel + warp), column));
      sum[kTaps] += dy;
#pragma unroll
      for (int tap = 0; tap < kTaps; ++tap)
        sum[tap] = fmaf(x[(pixel + warp) * kPixelTaps + tap], dy, sum[tap]);
    }
    __syncthreads();
  }
#pragma unroll 1
  for (int half = kWarps / 2; half > 0; half /= 2) {
    float* const mine = halves + (warp % half) * kValues * 32 + lane;
    if (warp >= half && warp < 2 * half) {
#pragma unroll
      for (int i = 0; i < kValues; ++i) mine[i * 32] = sum[i];
    }
    __syncthreads();
    if (warp < half) {
#pragma unroll
      for (int i = 0; i < kValues; ++i) sum[i] += mine[i * 32];
    }
    __syncthreads();
  }
  if (warp != 0 || !column.inside) return;
  const std::int64_t place = slice * sums.stride + column.inner;
#pragma unroll
  for (int tap = 0; tap < kTaps; ++tap) {
    if (tap < taps) sums.sums[trial][place + std::int64_t{tap} * n] = sum[tap];
  }
  if (sums.column_sums) sums.column_sums[trial][place] = sum[kTaps];
}

template <int kTaps>
constexpr std::size_t kSharedBytes = (kPixels * ((kTaps + 3) / 4 * 4) +
                                      kWarps / 2 * (kTaps + 1) * 32) *
                                     sizeof(float);

template <int kTaps, class T>
void launch_for(const ConvolutionBackwardFilter<T>& c, const PartialSums& sums,
                const LaunchContext& context) {
  const int pixels = c.window.output.height * c.window.output.width;
  const int taps = c.window.size.height * c.window.size.width;
  const int n = c.window.channels_out;
  const Im2col<T> images(c.x, c.window);
  const Rows<T> gradients(c.dy, {.per_row = pixels}, n);
  launch<filter_kernel<kTaps, T>>(Grid(sums.split.count(pixels * context.max_rows),
                                       blocks_for(n, kColumns), context.trials.count),
                                  dim3(kThreads), kSharedBytes<kTaps>, context.stream, images,
                                  gradients, pixels, taps, n, sums, context.trials);
}

}  // namespace filter_pass
}  // namespace

template <class T, class Out>
void forward(const ConvolutionForward<T, Out>& arguments, const LaunchContext& context) {
  const int taps = arguments.window.size.height * arguments.window.size.width;
  if (taps <= 9)
    forward_pass::launch_for<9>(arguments, context);
  else if (taps <= 25)
    forward_pass::launch_for<25>(arguments, context);
  else
    forward_pass::launch_for<kMaxTaps>(arguments, context);
}

template <class T>
void backward_filter(const ConvolutionBackwardFilter<T>& arguments, const PartialSums& sums,
                     const LaunchContext& context) {
  const int taps = arguments.window.size.height * arguments.window.size.width;
  if (taps <= 9)
    filter_pass::launch_for<9>(arguments, sums, context);
  else if (taps <= 25)
    filter_pass::launch_for<25>(arguments, sums, context);
  else
    filter_pass::launch_for<kMaxTaps>(arguments, sums, context);
}

template void forward(const ConvolutionForward<float, float>&, const LaunchContext&);
template void forward(const ConvolutionForward<Bf16, float>&, const LaunchContext&);
template void forward(const ConvolutionForward<Bf16, Bf16>&, const LaunchContext&);
template void backward_filter(const ConvolutionBackwardFilter<float>&, const PartialSums&,
                              const LaunchContext&);
template void backward_filter(const ConvolutionBackwardFilter<Bf16>&, const PartialSums&,
                              const LaunchContext&);

}  // namespace saltus::kernels::one_channel
