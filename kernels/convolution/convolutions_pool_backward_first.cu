// The gradients of the first of two convolutions with a max-pool behind them, leaf by leaf. A block
// of 12 warps holds the weights of the second convolution, rounded once, as [tap][chunk of 16 bytes
// of channels_out][channel in].
//
// An image is made in parts of at most 384 pixels of what is between, in rows as long as those of
// the image: tap (y, x) of a pixel is then always the same distance away, whatever the pixel, and
// 64 neighbouring pixels are four tiles without a gap. At the two columns of a row that are none
// comes out what nobody reads. Of each part, with a barrier between the phases:
// 1. All threads spread the gradient behind the pool over the part's pixels and two rows and
//    columns around them, [chunk][pixel], zeros where there is none: 32 channels_out as tf32, all
//    64 as bf16.
// 2. A warp multiplies 4 tiles of 16 pixels by 32 channels; six warps take the first half of the
//    chunks and six the second. As tf32, phase 1 and this one come twice.
// 3. The second six store their sums where the gradient lay, the first six add theirs.
// 4. A lane takes one channel, a warp eight pixels at a time: it makes the first convolution's
//    output again by the sums of one_channel.cu, evaluates f' aside, and adds up the gradients of
//    nine weights and the bias.
// The sums of a leaf's images are kept by their lanes; then those of the warps are added in order.
//
// For images of 28 x 28, dy, slope and index are 83 kB; the parts together load 14 rows of windows
// where there are 12. x is 3 kB, and a leaf stores 1. In phase 2 there are 6 loads of fragments for
// 16 products, 24 wavefronts of shared memory, and 23 instructions in the machine code of sm_80 and
// of sm_90.
#include <saltus/kernels/convolution/pooled_planes.h>

namespace saltus::kernels {
namespace resident::first_gradients {

/// What a block knows of the sizes.
struct Layout {
  ConvolutionsPoolSizes sizes;
  Places places;
  int rows_of_part;
  Divider width, padded_windows;  ///< of a row of pixels, and of windows with one on either side
  bool quads;
};

}  // namespace resident::first_gradients

namespace {

using namespace resident;
using namespace resident::first_gradients;
using Layout = resident::first_gradients::Layout;

/// Chunks of a channels_out, all of them.
template <class T>
constexpr int kAllChunks = kOut / kChunk<T>;

/// A lane has four channels_out of one channel in: eight of these are beside each other.
template <class T>
__device__ void load_weights(const ConvolutionsPoolBackward<T>& step, const Layout& layout,
                             int trial, float* shared) {
  constexpr int kChunksAtOnce = 4;
  const AnyInput w(step.second_w);
#pragma unroll 1
  for (int i = thread_of_block(); i < 9 * kAllChunks<T> * kBetween; i += kThreads) {
    const int group = i / (8 * kChunksAtOnce);
    const int in = group % (kBetween / 8) * 8 + i % 8;
    const int of_taps = group / (kBetween / 8);
    const int chunk = of_taps % (kAllChunks<T> / kChunksAtOnce) * kChunksAtOnce + i / 8 % 4;
    const int tap = of_taps / (kAllChunks<T> / kChunksAtOnce);
    const std::int64_t first = (tap * kBetween + in) * kOut + chunk * kChunk<T>;
    float values[kChunk<T>];
#pragma unroll
    for (int k = 0; k < kChunk<T>; k += 4) {
      const Quad four = fetch_some(w, trial, first + k, first + k + 4, layout.quads);
#pragma unroll
      for (int j = 0; j < 4; ++j) values[k + j] = four.values[j];
    }
    const int place = (tap * kAllChunks<T> + chunk) * kBetween + in;
    store_quad(rounded(values), shared + layout.places.weights + 4 * place);
  }
}

/// Phase 1: channels_out from `first_channel` on, of the part whose first row is `first_row` of
/// what is between. With one window more on every side, windows cover the image's pixels: those
/// at the border are two rows and columns of zeros.
template <class T>
__device__ void spread_part(const ConvolutionsPoolBackward<T>& step, const Layout& layout,
                            const Trials& trials, int trial, int row, int first_row,
                            int first_channel, float* shared) {
  const Extent pooled = layout.sizes.pooled();
  const int width = layout.width.divisor();
  const int rows = layout.rows_of_part + 2;
  const int row_of_windows = layout.padded_windows.divisor();
  const int first_window_y = first_row / 2;
  const int last_window_y = (first_row + rows - 1) / 2;
  const int windows = (last_window_y - first_window_y + 1) * row_of_windows;
  constexpr int kGroups = kChunks * kChunk<T> / 32;  // of 32 channels
  const int thread = thread_of_block();
  const SpreadLane own(thread % kWarpLanes);
#pragma unroll 1
  for (int item = thread / kWarpLanes; item / kGroups * 4 < windows; item += kWarps) {
    const int window = item / kGroups * 4 + own.window;
    if (window >= windows) continue;
    const int channel = item % kGroups * 32 + own.channel;
    const int of_part = layout.padded_windows.quotient(window);
    const int y = first_window_y + of_part - 1;
    const int x = window - of_part * row_of_windows - 1;
    WindowQuad quad;
    if (y >= 0 && y < pooled.height && x >= 0 && x < pooled.width)
      quad = fetch_window(step, trials, trial,
                          std::int64_t{row} * pooled.height * pooled.width + y * pooled.width + x,
                          first_channel + channel, layout.quads);
    const int upper = 2 * (y + 1) - first_row;
    spread<T>(quad, shared + layout.places.gradient, first_gradients::slots_of(layout.sizes),
              channel, upper * width + 2 * (x + 1), width, upper >= 0 && upper < rows,
              upper + 1 >= 0 && upper + 1 < rows);
  }
}

/// A warp's sums: four tiles of 16 pixels by 32 channels.
constexpr int kTiles = 4;
using Sums = float[kTiles][kBetween / 8][4];
constexpr int kWarpsOfHalf = kWarps / 2;

/// Phase 2. A tap further down or right takes the gradient of a pixel further up or left.
template <class T>
__device__ void multiply(const Layout& layout, const float* shared, int pass, Sums& sums) {
  const int thread = thread_of_block();
  const int lane = thread % kWarpLanes;
  const int warp = thread / kWarpLanes;
  const int half = warp / kWarpsOfHalf;
  const int first_pixel = warp % kWarpsOfHalf * (16 * kTiles);
  const int matrix = lane / 8;
  const int width = layout.width.divisor();
  const int plane = first_gradients::slots_of(layout.sizes);
  const float* a = shared + layout.places.gradient +
                   ((half * (kChunks / 2) + matrix / 2) * plane + first_pixel + matrix % 2 * 8 +
                    lane % 8 + 2 * width) *
                       4;
  const int next_chunks = 2 * plane * 4;
  constexpr int kTapStep = kAllChunks<T> * kBetween * 4;
  const float* b = shared + layout.places.weights +
                   ((pass * kChunks + half * (kChunks / 2) + matrix % 2) * kBetween +
                    matrix / 2 * 8 + lane % 8) *
                       4;
#pragma unroll 1
  for (int tap_y = 0; tap_y < 3; ++tap_y) {
#pragma unroll
    for (int tap_x = 0; tap_x < 3; ++tap_x) {
#pragma unroll
      for (int step = 0; step < kChunks / 4; ++step) {
        Fragment of_b[kBetween / 16];
#pragma unroll
        for (int j = 0; j < kBetween / 16; ++j)
          of_b[j] = load_matrices(b + tap_x * kTapStep + (step * 2 * kBetween + 16 * j) * 4);
#pragma unroll
        for (int i = 0; i < kTiles; ++i) {
          const Fragment of_a = load_matrices(a + step * next_chunks + (16 * i + 2 - tap_x) * 4);
#pragma unroll
          for (int j = 0; j < kBetween / 8; ++j)
            tensor::Mma<T>::add(sums[i][j], of_a, of_b[j / 2], j % 2);
        }
      }
    }
    a -= width * 4;
    b += 3 * kTapStep;
  }
}

/// Where a channel of a pixel lies: the pixels of a warp's store are in all banks.
__device__ int swizzled(int pixel, int channel) {
  return pixel * kBetween + (channel ^ pixel % 4 * 8);
}

/// Phase 3.
__device__ void add_halves(const Sums& sums, float* shared_sums) {
  const int thread = thread_of_block();
  const int warp = thread / kWarpLanes;
  const int half = warp / kWarpsOfHalf;
  const auto for_pairs = [&](const auto& visit) {
#pragma unroll
    for (int i = 0; i < kTiles; ++i) {
#pragma unroll
      for (int j = 0; j < kBetween / 8; ++j) {
#pragma unroll
        for (int element = 0; element < 4; element += 2) {
          const Place place = place_in_c(thread % kWarpLanes, element);
          const int pixel = warp % kWarpsOfHalf * (16 * kTiles) + 16 * i + place.row;
          visit(shared_sums + swizzled(pixel, 8 * j + place.column), &sums[i][j][element]);
        }
      }
    }
  };
  if (half == 1)
    for_pairs([](float* place, const float* own) { store_pair(own[0], own[1], place); });
  __syncthreads();
  if (half == 0)
    for_pairs([](float* place, const float* own) {
      const Pair other = load_pair(place);
      store_pair(own[0] + other.first, own[1] + other.second, place);
    });
}

/// A lane's sums while nothing is staged.
__device__ void keep(const float (&gradients)[kSums], float* kept) {
#pragma unroll
  for (int i = 0; i < kSums; ++i) kept[i * kThreads + thread_of_block()] = gradients[i];
}

/// Phase 4: adds a lane's channel to its sums, of the part whose first row that is.
__device__ void add_gradients(const Layout& layout, const ActivationRef& activation, int first_row,
                              float* shared) {
  const int thread = thread_of_block();
  const int lane = thread % kWarpLanes;
  const int width = layout.width.divisor();
  const auto& places = layout.places;
  const int left = layout.sizes.between().height - first_row;
  const int pixels = (left < layout.rows_of_part ? left : layout.rows_of_part) * width;
  float* const values = shared + places.staged + thread;
  float* const slopes = values + kAtOnce * kThreads;
  float gradients[kSums];
#pragma unroll
  for (int i = 0; i < kSums; ++i) gradients[i] = shared[places.kept + i * kThreads + thread];
#pragma unroll 1
  for (int first = thread / kWarpLanes * kAtOnce; first < pixels; first += kWarps * kAtOnce) {
    const float* const x = shared + places.image + first_row * width + first;
    const auto for_taps = [&](const auto& visit) {  // visit(tap, pixel, x): tap by tap
#pragma unroll
      for (int y = 0; y < 3; ++y) {
        float of_row[kAtOnce + 2];
#pragma unroll
        for (int i = 0; i < kAtOnce + 2; ++i) of_row[i] = x[y * width + i];
#pragma unroll
        for (int tap_x = 0; tap_x < 3; ++tap_x) {
#pragma unroll
          for (int i = 0; i < kAtOnce; ++i) visit(3 * y + tap_x, i, of_row[tap_x + i]);
        }
      }
    };
    float z[kAtOnce] = {};
    {
      float weights[9];
#pragma unroll
      for (int tap = 0; tap < 9; ++tap)
        weights[tap] = shared[places.first_weights + tap * kBetween + lane];
      for_taps([&](int tap, int i, float value) { z[i] = fmaf(value, weights[tap], z[i]); });
    }
    const float bias = shared[places.first_bias + lane];
#pragma unroll
    for (int i = 0; i < kAtOnce; ++i) values[i * kThreads] = z[i] + bias;
    evaluate(activation, {values, kThreads, slopes, kThreads, kAtOnce});

    float dz[kAtOnce];
    int column = first - layout.width.quotient(first) * width;
#pragma unroll
    for (int i = 0; i < kAtOnce; ++i) {
      const bool is_pixel = column < width - 2 && first + i < pixels;
      dz[i] =
          is_pixel ? shared[places.sums + swizzled(first + i, lane)] * slopes[i * kThreads] : 0.0f;
      column = column + 1 == width ? 0 : column + 1;
      gradients[9] += dz[i];
    }
    for_taps(
        [&](int tap, int i, float value) { gradients[tap] = fmaf(value, dz[i], gradients[tap]); });
  }
  keep(gradients, shared + places.kept);
}

/// The sums of the warps, one after another, in the workspace.
__device__ void store_leaf(const float* kept, float* leaf) {
  const int thread = thread_of_block();
  if (thread >= kSums * kBetween) return;
  const float* const own = kept + thread / kBetween * kThreads + thread % kBetween;
  float sum = 0;
#pragma unroll
  for (int warp = 0; warp < kWarps; ++warp) sum += own[warp * kWarpLanes];
  leaf[LeafSums::kFirstDw + thread] = sum;
}
static_assert(LeafSums::kFirstDb == LeafSums::kFirstDw + 9 * kBetween && kBetween == kWarpLanes);

}  // namespace

template <class T>
__global__ void __launch_bounds__(kThreads)
    first_gradients_kernel(ConvolutionsPoolBackward<T> step,
                           resident::first_gradients::Layout layout, Trials trials) {
  if (!trials.active(trial_of_block())) return;
  const int rows = trials.rows();
  const int leaves = (rows + kLeaf - 1) / kLeaf;
  if (static_cast<int>(blockIdx.x) >= leaves) return;
  SALTUS_DYNAMIC_SHARED(float, shared);
  const auto& places = layout.places;
  const int width = layout.width.divisor();
  const int pixels = layout.sizes.image.height * width;
  load_weights(step, layout, trial_of_block(), shared);
  load_first<kThreads>(step.first, trial_of_block(), kBetween, shared + places.first_weights,
                       shared + places.first_bias);
  // Pixels that are none are multiplied as well.
  for (int i = thread_of_block(); i < places.image - places.gradient; i += kThreads)
    shared[places.gradient + i] = 0;
  for (int i = thread_of_block(); i < kAtOnce; i += kThreads) shared[places.image + pixels + i] = 0;
  constexpr int kPasses = kAllChunks<T> / kChunks;
#pragma unroll 1
  for (int leaf = static_cast<int>(blockIdx.x); leaf < leaves;
       leaf += static_cast<int>(gridDim.x)) {
    __syncthreads();
    keep({}, shared + places.kept);
    const int last = rows < (leaf + 1) * kLeaf ? rows : (leaf + 1) * kLeaf;
#pragma unroll 1
    for (int row = leaf * kLeaf; row < last; ++row) {
      __syncthreads();
      for (int i = thread_of_block(); i < pixels; i += kThreads)
        shared[places.image + i] = fetch(step.x[trial_of_block()] + std::int64_t{row} * pixels + i);
#pragma unroll 1
      for (int first_row = 0; first_row < layout.sizes.between().height;
           first_row += layout.rows_of_part) {
        {
          Sums sums = {};
#pragma unroll 1
          for (int pass = 0; pass < kPasses; ++pass) {
            __syncthreads();
            spread_part(step, layout, trials, trial_of_block(), row, first_row,
                        pass * kChunks * kChunk<T>, shared);
            __syncthreads();
            multiply<T>(layout, shared, pass, sums);
          }
          __syncthreads();
          add_halves(sums, shared + places.sums);
        }
        __syncthreads();
        add_gradients(layout, trials.activation(trial_of_block(), step.first.activation), first_row,
                      shared);
      }
    }
    __syncthreads();
    store_leaf(shared + places.kept,
               step.workspace[trial_of_block()] + std::int64_t{leaf} * LeafSums::kCount);
  }
}

template <class T>
void resident::launch_first_gradients(const ConvolutionsPoolBackward<T>& step, bool quads,
                                      const LaunchContext& context) {
  const ConvolutionsPoolSizes& sizes = step.sizes;
  const Layout layout = {sizes,
                         first_gradients::places_of(sizes, sizeof(T)),
                         rows_of_part(sizes),
                         Divider(sizes.image.width),
                         Divider(sizes.pooled().width + 2),
                         quads};
  launch_evaluating<first_gradients_kernel<T>>(
      Grid(blocks_of(context, blocks_for(context.max_rows, kLeaf)), 1, context.trials.count),
      dim3(kThreads), static_cast<std::size_t>(layout.places.end) * sizeof(float), context, step,
      layout, context.trials);
}

template void resident::launch_first_gradients(const ConvolutionsPoolBackward<float>&, bool,
                                               const LaunchContext&);
template void resident::launch_first_gradients(const ConvolutionsPoolBackward<Bf16>&, bool,
                                               const LaunchContext&);

}  // namespace saltus::kernels
