// Two convolutions, their activations and a max-pool, image by image. A block of 12 warps holds the
// weights of the second convolution, rounded once, and what the first one makes of an image, and
// takes every gridDim.x-th image of its trial. Both lie in shared memory in chunks of 16 bytes
// along k: weights as [tap][chunk][column], the image as [chunk][y][even x, then odd x]. Eight rows
// of a fragment are then 128 bytes one after another, without a bank twice, and another tap of the
// image is another address instead of another copy.
//
// Of each image, with a barrier between the phases:
// 1. All threads load it, as floats.
// 2. A thread takes a pixel, its nine taps in registers, and makes the first convolution's output
//    chunk by chunk, by the sums of one_channel.cu. Floats are evaluated where they lie; bf16,
//    which take half the room, a chunk at a time aside.
// 3. A warp multiplies 6 tiles of 16 pixels by 32 channels. Two tiles are eight windows of the
//    pooling: one has their left columns, the other their right ones, and rows r and r + 8 of a
//    tile lie above each other. So a lane has whole windows. The image is not needed any more, and
//    one place of each window is parked where it lay: the largest x, which is all that a monotone f
//    needs. Other f have more places where their maximum may be; these go to the workspace, which
//    the block uses for all of its images and which so stays in the second-level cache.
// 4. A thread takes four channels of a window, evaluates f at one place after another, and stores
//    y, slope and index in quads. Where dropout is behind the pool, it is y that goes through it:
//    the lanes of a warp draw for eight outputs each, then pool them in two turns.
//
// A sum is added up in the order of taps and channels, as by matrix/tensor.h: its bits are those of
// convolution_forward(), activate_pool() and drop() one after another.
//
// For images of 28 x 28, and 32 and 64 channels, 86 kB of x, y, slope and index move for each as
// tf32; the steps one by one move 554 kB, and 74 kB more through dropout. Each block reads the
// weights once. In phase 3 there are 8 loads of fragments for 24 products, 32 wavefronts of shared
// memory, and about 1.8 instructions for each product: tensor cores are to be its bound. Phases 2
// and 4 are as long as f costs. They do not overlap, as registers and shared memory leave a
// multiprocessor one block.
#include <stdexcept>

#include <saltus/kernels/convolution/convolutions_pool.h>
#include <saltus/kernels/convolution/parked_windows.h>

namespace saltus::kernels {
namespace {

using namespace resident;

/// Everything that does not change from image to image.
template <class T>
__device__ void load_weights(const ConvolutionsPool<T>& step, const Layout& layout, int trial,
                             float* shared) {
  const auto [image, channels, channels_out] = layout.sizes;
  const int chunks = 9 * channels / kChunk<T>;
  const T* const w = step.second.w[trial];
#pragma unroll 1
  for (int i = thread_of_block(); i < chunks * channels_out; i += kThreads) {
    const int chunk = layout.channels_out.quotient(i);
    const int n = i - chunk * channels_out;
    float values[kChunk<T>];
#pragma unroll
    for (int k = 0; k < kChunk<T>; ++k)
      values[k] = fetch(w + (chunk * kChunk<T> + k) * channels_out + n);
    const int place = (n / kColumns * chunks + chunk) * kColumns + n % kColumns;
    store_quad(rounded(values), shared + layout.places.weights + 4 * place);
  }
  load_first<kThreads>(step.first, trial, channels, shared + layout.places.first_weights,
                       shared + layout.places.first_bias);
  load_bias<kThreads>(step.second.bias, trial, channels_out, shared + layout.places.bias);
}

/// Phase 2. Even columns of what is between come first, then odd ones: neighbouring windows have
/// neighbouring slots.
template <class T>
__device__ void convolve_first(const Layout& layout, const ActivationRef& activation,
                               float* shared) {
  const ConvolutionsPoolSizes& sizes = layout.sizes;
  const Places& places = layout.places;
  const int slots = slots_of(sizes);
  const FirstConvolution at = {.image = shared + places.image,
                               .image_width = sizes.image.width,
                               .weights = shared + places.first_weights,
                               .bias = shared + places.first_bias,
                               .channels = sizes.channels,
                               .between = shared + places.between,
                               .slots = slots,
                               .plane = slots,
                               .staged = shared + places.staged};
  convolve_first<T, kThreads>(at, activation, [&](int slot) {
    const int pitch = layout.pitch.divisor();
    const int y = layout.pitch.quotient(slot);
    const int of_row = slot - y * pitch;
    const bool is_odd = of_row >= pitch / 2;
    const int x = is_odd ? 2 * of_row - pitch + 1 : 2 * of_row;
    const int last = sizes.image.width - 3;  // nobody reads a slot beyond
    return y * sizes.image.width + (x < last ? x : last);
  });
}

/// A warp's sums: of pairs of tiles, one of the left column of each window and one of the right.
/// Rows r and r + 8 of a tile lie above each other, so that a lane has all of its windows.
using Sums = float[kPairs][2][kColumns / 8][4];

/// From that pair and that group of kColumns channels on.
template <class T>
__device__ void multiply(const Layout& layout, const float* shared, int lane, int first_pair,
                         int group, Sums& sums) {
  const ConvolutionsPoolSizes& sizes = layout.sizes;
  const int matrix = lane / 8;
  const int row = lane % 8;
  const int pitch = layout.pitch.divisor();
  const int slots = slots_of(sizes);
  const int steps = sizes.channels / kChunk<T> / 2;
  const int step_a = 2 * 4 * slots;
  constexpr int kStepB = 2 * 4 * kColumns;
  const float* a[kPairs];
#pragma unroll
  for (int p = 0; p < kPairs; ++p) {
    const int beyond = (first_pair + p) * kWindowsOfPair + row;
    const int window = beyond < sizes.windows() ? beyond : sizes.windows() - 1;
    const int y = layout.pooled_width.quotient(window);
    const int x = window - y * layout.pooled_width.divisor();
    const int slot = matrix / 2 * slots + (2 * y + matrix % 2) * pitch + x;
    a[p] = shared + layout.places.between + slot * 4;
  }
  const float* b = shared + layout.places.weights + group * 9 * steps * kStepB +
                   (matrix % 2 * kColumns + matrix / 2 * 8 + row) * 4;
  const int next_row = pitch * 4;
  const int odd = pitch / 2 * 4;
#pragma unroll 1
  for (int tap_y = 0; tap_y < 3; ++tap_y) {
#pragma unroll
    for (int tap_x = 0; tap_x < 3; ++tap_x) {
      int first = 0;
#pragma unroll 2
      for (int step = 0; step < steps; ++step) {
        Fragment of_b[kColumns / 16];
#pragma unroll
        for (int j = 0; j < kColumns / 16; ++j) of_b[j] = load_matrices(b + j * 16 * 4);
#pragma unroll
        for (int p = 0; p < kPairs; ++p) {
#pragma unroll
          for (int side = 0; side < 2; ++side) {
            const int x = tap_x + side;
            const Fragment of_a =
                load_matrices(a[p] + (x % 2 == 0 ? first : first + odd) + x / 2 * 4);
#pragma unroll
            for (int j = 0; j < kColumns / 8; ++j)
              tensor::Mma<T>::add(sums[p][side][j], of_a, of_b[j / 2], j % 2);
          }
        }
        first += step_a;
        b += kStepB;
      }
    }
#pragma unroll
    for (const float*& of_pair : a) of_pair += next_row;
  }
}

/// Phase 3. All threads come here.
template <class T>
__device__ void convolve_second(const Layout& layout, const Parking& parking, Shape shape,
                                float* shared) {
  const ConvolutionsPoolSizes& sizes = layout.sizes;
  const int groups = sizes.channels_out / kColumns;
  const int pairs = pairs_of(sizes);
  const int items = items_of(sizes);
  const int thread = thread_of_block();
  const int lane = thread % kWarpLanes;
#pragma unroll 1
  for (int first = 0; first < items; first += kWarps) {
    const int item = first + thread / kWarpLanes;
    const int group = item % groups;
    const int first_pair = item / groups * kPairs;
    Sums sums = {};
    if (item < items) multiply<T>(layout, shared, lane, first_pair, group, sums);
    if (layout.places.one_turn) __syncthreads();  // what is parked lies where others multiplied
#pragma unroll
    for (int p = 0; p < kPairs; ++p) {
      LaneOfPair own = {parking, shape, (first_pair + p) * kWindowsOfPair + lane / 4};
      if (own.window >= sizes.windows()) continue;
#pragma unroll
      for (int j = 0; j < kColumns / 8; ++j) {
        const int channel = group * kColumns + 8 * j + lane % 4 * 2;
        const auto& [left, right] = sums[p];
        float x[2][4];
#pragma unroll
        for (int c = 0; c < 2; ++c) {
          const float bias = shared[layout.places.bias + channel + c];
          x[c][0] = left[j][c] + bias;
          x[c][1] = right[j][c] + bias;
          x[c][2] = left[j][2 + c] + bias;
          x[c][3] = right[j][2 + c] + bias;
        }
        own.park(channel, j, x);
      }
      parking.numbers[(group * pairs + first_pair + p) * kWarpLanes + lane] = own.numbers;
    }
  }
}

}  // namespace

template <class T>
__global__ void __launch_bounds__(kThreads)
    convolutions_pool_kernel(ConvolutionsPool<T> step, resident::Layout layout, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  if (!trials.active(trial)) return;
  const auto block = static_cast<int>(blockIdx.x);
  const int rows = trials.rows();
  if (block >= rows) return;
  SALTUS_DYNAMIC_SHARED(float, shared);
  const Shape shape = pooled_shape(trials.activation(trial, step.second.activation));
  const int outputs = layout.sizes.outputs();
  const Parking parking = {shared + layout.places.parked,
                           reinterpret_cast<std::uint32_t*>(shared + layout.places.numbers),
                           step.workspace[trial] + std::int64_t{block} * kPlacesBeside * outputs,
                           layout.sizes.channels_out, outputs};
  const int pixels = layout.sizes.image.height * layout.sizes.image.width;
  load_weights(step, layout, trial, shared);
#pragma unroll 1
  for (int row = block; row < rows; row += static_cast<int>(gridDim.x)) {
    for (int i = thread_of_block(); i < pixels; i += kThreads)
      shared[layout.places.image + i] = fetch(step.x[trial] + std::int64_t{row} * pixels + i);
    __syncthreads();
    convolve_first<T>(layout, trials.activation(trial, step.first.activation), shared);
    __syncthreads();
    convolve_second<T>(layout, parking, shape, shared);
    __syncthreads();
    pool(step, layout, parking, shape, trials, trial, row, shared);
  }
}

template <class T>
void convolutions_pool(const ConvolutionsPool<T>& arguments, const LaunchContext& context) {
  const ConvolutionsPoolSizes& sizes = arguments.sizes;
  constexpr std::int64_t kMostShared = 1 << 20;  // what a device really has the launch says
  if (!has_convolutions_pool(sizes, sizeof(T), kMostShared))
    throw std::invalid_argument("two convolutions and a max-pool of these sizes are no one step");
  const bool quads =
      has_quads(arguments.y) && has_quads(arguments.slope) && has_quads(arguments.index);
  const Places places = places_of(sizes, sizeof(T));
  const resident::Layout layout = {sizes,
                                   places,
                                   Divider(resident::pitch_of(sizes)),
                                   Divider(sizes.pooled().width),
                                   Divider(sizes.channels_out),
                                   quads};
  launch_evaluating<convolutions_pool_kernel<T>>(
      Grid(blocks_of(context, context.max_rows), 1, context.trials.count), dim3(kThreads),
      static_cast<std::size_t>(places.end) * sizeof(float), context, arguments, layout,
      context.trials);
}

std::int64_t convolutions_pool_workspace(const ConvolutionsPoolSizes& sizes, int max_rows) {
  return std::int64_t{std::min(max_rows, kMostBlocks)} * kPlacesBeside * sizes.outputs();
}

template void convolutions_pool(const ConvolutionsPool<float>&, const LaunchContext&);
template void convolutions_pool(const ConvolutionsPool<Bf16>&, const LaunchContext&);

}  // namespace saltus::kernels
