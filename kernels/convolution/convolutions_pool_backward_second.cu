// The gradients of the second of two convolutions with a max-pool behind them, leaf by leaf: a
// product of 9 taps x 32 channels by 64, whose sum runs over the pixels of a leaf. A block of 12
// warps makes it: six take every other row of windows, and six the others. Of the six, two share
// three neighbouring taps, and each makes 48 x 64 sums: of one tap all, and half of the middle one.
//
// Of each image, with a barrier between the phases:
// 1. All threads load it, and make again what is between the convolutions, as convolutions_pool.cu
//    does it: [chunk of 16 bytes of channels][row by row].
// 2. They spread the gradient behind the pool likewise; as tf32 one half of the image after the
//    other, and this phase and the next one come twice. A thread has the same channels every time,
//    and adds up the gradient of their bias.
// 3. The warps multiply. A tap of what is between is another address. A product takes two rows, 4
//    columns of tf32 or 8 of bf16. The order of the channels in a tile is free, as that of the
//    results follows it: of tf32, the registers of an operand are what lies one after another.
// 4. The second six warps park their sums where the gradient lay, the first six add theirs, and
//    park them until the next image is ready: nothing is in registers while f is evaluated.
//
// For images of 28 x 28, each reads 83 kB of dy, slope and index and 3 of x, and a leaf stores 74.
// In phase 3 there are for 24 products 10 loads of tf32, or 7 of bf16, 28 wavefronts of shared
// memory, and 43 (38) instructions in the machine code of sm_80 and of sm_90. Registers and shared
// memory leave a multiprocessor one block, so that phases do not overlap.
#include <stdexcept>
#include <type_traits>

#include <saltus/kernels/convolution/pooled_planes.h>

namespace saltus::kernels {
namespace resident::second_gradients {

/// What a block knows of the sizes.
struct Layout {
  ConvolutionsPoolSizes sizes;
  Places places;
  int rows_of_part;          ///< of windows
  int plane, between_plane;  ///< in slots
  int between_slots;
  Divider windows, between_pitch;  ///< of a row: windows with those that fill it up, and slots
  bool quads;
};

}  // namespace resident::second_gradients

namespace {

using namespace resident;
using Layout = resident::second_gradients::Layout;

constexpr int kWarpsOfHalf = kWarps / 2;

/// Phase 1.
template <class T>
__device__ void make_between(const Layout& layout, const ActivationRef& activation, float* shared) {
  const auto& places = layout.places;
  const int width = layout.sizes.image.width;
  const FirstConvolution at = {.image = shared + places.image,
                               .image_width = width,
                               .weights = shared + places.first_weights,
                               .bias = shared + places.first_bias,
                               .channels = kBetween,
                               .between = shared + places.between,
                               .slots = layout.between_slots,
                               .plane = layout.between_plane,
                               .staged = shared + places.staged};
  convolve_first<T, kThreads>(at, activation, [&](int slot) {
    const int y = layout.between_pitch.quotient(slot);
    const int x = slot - y * layout.between_pitch.divisor();
    return y * width + (x < width - 3 ? x : width - 3);  // a slot beyond is multiplied by zeros
  });
}

/// Stores a window's four channels from `channel` on, its columns at `slot` and behind it. As tf32,
/// 16 bytes hold two channels of both rows: B of two tiles.
template <class T>
__device__ void spread_rows(const WindowQuad& quad, float* planes, int plane, int channel, int row,
                            int column, int pitch) {
  if constexpr (std::is_same_v<T, Bf16>) {
    spread<T>(quad, planes, plane, channel, 2 * row * pitch + column, pitch, true, true);
  } else {
    float* const first = planes + (channel / 2 * plane + row * pitch + column) * 4;
    const int first_side = channel / 4 % 2;
#pragma unroll
    for (int i = 0; i < 2; ++i) {
      const int side = first_side ^ i;
      const Quad upper = quad.at(side);
      const Quad lower = quad.at(2 + side);
#pragma unroll
      for (int j = 0; j < 4; j += 2)
        store_quad(
            rounded({upper.values[j], lower.values[j], upper.values[j + 1], lower.values[j + 1]}),
            first + (j / 2 * plane + side) * 4);
    }
  }
}

/// Phase 2, of `rows` rows of windows from `first` on. Adds to the gradient of a thread's biases.
template <class T>
__device__ void spread_part(const ConvolutionsPoolBackward<T>& step, const Layout& layout,
                            const Trials& trials, int trial, int row, int first, int rows,
                            float* shared, Quad& bias) {
  const Extent pooled = layout.sizes.pooled();
  const int row_of_windows = layout.windows.divisor();
  const int windows = rows * row_of_windows;
  const int thread = thread_of_block();
  const int warp = thread / kWarpLanes;
  const SpreadLane own(thread % kWarpLanes);
  const int channel = warp % 2 * 32 + own.channel;
#pragma unroll 1
  for (int window = warp / 2 * 4 + own.window; window < windows; window += kWarps / 2 * 4) {
    const int y = layout.windows.quotient(window);
    const int x = window - y * row_of_windows;
    WindowQuad quad;
    if (x < pooled.width)
      quad = fetch_window(step, trials, trial,
                          (std::int64_t{row} * pooled.height + first + y) * pooled.width + x,
                          channel, layout.quads);
#pragma unroll
    for (int j = 0; j < 4; ++j) bias.values[j] += quad.gradient.values[j];
    spread_rows<T>(quad, shared + layout.places.gradient, layout.plane, channel, y, 2 * x,
                   2 * row_of_windows);
  }
}

/// What the calling warp makes, of nine taps and of the rows of windows.
struct WarpItem {
  int first_row;  ///< of two
  int side;       ///< left or right: of the outer tap, and of the half of the middle one

  __device__ WarpItem() {
    const int warp = thread_of_block() / kWarpLanes;
    first_row = warp / kWarpsOfHalf;
    side = warp % 2;
    row_ = warp % kWarpsOfHalf / 2;
  }
  /// Of its three tiles of 16 channels in: the tap, and which of that tap's two.
  [[nodiscard]] __device__ int tap(int tile) const { return 3 * row_ + (tile < 2 ? 2 * side : 1); }
  [[nodiscard]] __device__ int tile_of_tap(int tile) const { return tile < 2 ? tile : side; }

 private:
  int row_;
};

/// Where a lane begins to load, and how A and B come from there: A of one tile, of the two that a
/// tap has, and B of two. Places are in words.
template <class T>
struct Lane;

/// Of the four channels of a chunk, a tile has the first two or the last, in every other pair of
/// rows the other way round: the lanes of a load are in all banks.
template <>
struct Lane<float> {
  static constexpr int kRows = 1;  ///< of slots, of a row of windows

  int between_plane, between_pitch, plane, pitch;

  [[nodiscard]] __device__ static int first_channel(int lane, int tile) {
    return lane / 4 * 4 + (lane / 8 % 2 ^ tile) * 2;
  }
  [[nodiscard]] __device__ int first_a(int lane, int tile) const {
    return (lane / 4 * between_plane + lane % 4) * 4 + first_channel(lane, tile) % 4;
  }
  [[nodiscard]] __device__ int first_b(int lane) const { return (lane / 4 * plane + lane % 4) * 4; }
  [[nodiscard]] __device__ Fragment load_a(const float* place) const {
    const Pair upper = load_pair(place);
    const Pair lower = load_pair(place + between_pitch * 4);
    return {
        {bits_of(upper.first), bits_of(upper.second), bits_of(lower.first), bits_of(lower.second)}};
  }
  [[nodiscard]] __device__ Fragment load_b(const float* place, int tiles) const {
    const Quad both = load_quad(place + tiles * 8 * plane * 4);
    return {{bits_of(both.values[0]), bits_of(both.values[1]), bits_of(both.values[2]),
             bits_of(both.values[3])}};
  }
};

template <>
struct Lane<Bf16> {
  static constexpr int kRows = 2;

  int between_plane, between_pitch, plane, pitch;

  [[nodiscard]] __device__ int first_a(int lane, int tile) const {
    return ((lane / 8 % 2 + tile * 2) * between_plane + lane / 16 * between_pitch + lane % 8) * 4;
  }
  [[nodiscard]] __device__ int first_b(int lane) const {
    return (lane / 16 * plane + lane / 8 % 2 * pitch + lane % 8) * 4;
  }
  [[nodiscard]] __device__ Fragment load_a(const float* place) const {
    return load_matrices_transposed(place);
  }
  [[nodiscard]] __device__ Fragment load_b(const float* place, int tiles) const {
    return load_matrices_transposed(place + tiles * 2 * plane * 4);
  }
};

/// A warp's sums.
constexpr int kTiles = 3;
using Sums = float[kTiles][kOut / 8][4];

/// Phase 3, of `rows` rows of windows from `first` on.
template <class T>
__device__ void multiply(const Layout& layout, const float* shared, int first, int rows,
                         Sums& sums) {
  const int lane = thread_of_block() % kWarpLanes;
  const WarpItem own;
  const int pitch = 2 * layout.windows.divisor();
  const int between_pitch = layout.between_pitch.divisor();
  const Lane<T> loads = {layout.between_plane, between_pitch, layout.plane, pitch};
  constexpr int kStep = kChunk<T>;
  const int steps = pitch / kStep;
  const float* a[kTiles];
#pragma unroll
  for (int i = 0; i < kTiles; ++i)
    a[i] = shared + layout.places.between + loads.first_a(lane, own.tile_of_tap(i)) +
           ((own.tap(i) / 3 + 2 * (first + own.first_row)) * between_pitch + own.tap(i) % 3) * 4;
  constexpr int kRows = Lane<T>::kRows;
  const float* b =
      shared + layout.places.gradient + loads.first_b(lane) + kRows * own.first_row * pitch * 4;
#pragma unroll 1
  for (int row = own.first_row; row < rows; row += 2) {
#pragma unroll 2
    for (int step = 0; step < steps; ++step) {
      Fragment of_a[kTiles];
#pragma unroll
      for (int i = 0; i < kTiles; ++i) of_a[i] = loads.load_a(a[i] + step * kStep * 4);
#pragma unroll
      for (int j = 0; j < kOut / 16; ++j) {
        const Fragment of_b = loads.load_b(b + step * kStep * 4, j);
#pragma unroll
        for (int i = 0; i < kTiles; ++i) {
          tensor::Mma<T>::add(sums[i][2 * j], of_a[i], of_b, 0);
          tensor::Mma<T>::add(sums[i][2 * j + 1], of_a[i], of_b, 1);
        }
      }
    }
#pragma unroll
    for (const float*& of_tile : a) of_tile += 4 * between_pitch * 4;
    b += 2 * kRows * pitch * 4;
  }
}

/// Phase 4: a quad of a lane's sums after another, in the order in which it has them.
template <class Visit>
__device__ void for_parked(Sums& sums, float* parked, const Visit& visit) {
  constexpr int kThreadsOfHalf = kWarpsOfHalf * kWarpLanes;
  const int thread = thread_of_block() % kThreadsOfHalf;
#pragma unroll
  for (int i = 0; i < kTiles; ++i) {
#pragma unroll
    for (int j = 0; j < kOut / 8; ++j)
      visit(sums[i][j], parked + ((i * (kOut / 8) + j) * kThreadsOfHalf + thread) * 4);
  }
}
__device__ void park(Sums& sums, float* parked) {
  for_parked(sums, parked, [](const float(&own)[4], float* place) {
    store_quad({{own[0], own[1], own[2], own[3]}}, place);
  });
}
__device__ void add_parked(Sums& sums, float* parked) {
  for_parked(sums, parked, [](float(&own)[4], const float* place) {
    const Quad other = load_quad(place);
#pragma unroll
    for (int i = 0; i < 4; ++i) own[i] += other.values[i];
  });
}

/// Stores a warp's sums in [tap][kBetween][kOut], as many at a time as lie one after another.
template <class T>
__device__ void store_sums(const Sums& sums, float* weights) {
  const int lane = thread_of_block() % kWarpLanes;
  const WarpItem own;
#pragma unroll
  for (int i = 0; i < 2 * kTiles; ++i) {
    const auto& tile = sums[i / 2];
    float* const of_tap = weights + own.tap(i / 2) * kBetween * kOut;
    const int tile_of_tap = own.tile_of_tap(i / 2);
    if constexpr (std::is_same_v<T, float>) {
      float* const of_row =
          of_tap + (Lane<T>::first_channel(lane, tile_of_tap) + i % 2) * kOut + lane % 4 * 4;
      const int element = i % 2 * 2;
#pragma unroll
      for (int j = 0; j < kOut / 8; j += 2)
        store_quad({{tile[j][element], tile[j + 1][element], tile[j][element + 1],
                     tile[j + 1][element + 1]}},
                   of_row + 8 * j);
    } else {
      const Place place = place_in_c(lane, i % 2 * 2);
      float* const of_row = of_tap + (tile_of_tap * 16 + place.row) * kOut + place.column;
#pragma unroll
      for (int j = 0; j < kOut / 8; ++j)
        store_pair(tile[j][i % 2 * 2], tile[j][i % 2 * 2 + 1], of_row + 8 * j);
    }
  }
}

/// The sums of the threads that have the same channels, one after another.
__device__ void store_bias(const Quad& bias, float* shared, float* sums) {
  constexpr int kRows = kWarps / 2 * 4;
  const int thread = thread_of_block();
  const int warp = thread / kWarpLanes;
  const SpreadLane own(thread % kWarpLanes);
  store_quad(bias, shared + (warp / 2 * 4 + own.window) * kOut + warp % 2 * 32 + own.channel);
  __syncthreads();
  if (thread >= kOut) return;
  float sum = 0;
#pragma unroll 1
  for (int row = 0; row < kRows; ++row) sum += shared[row * kOut + thread];
  sums[thread] = sum;
}

}  // namespace

template <class T>
__global__ void __launch_bounds__(kThreads)
    second_gradients_kernel(ConvolutionsPoolBackward<T> step,
                            resident::second_gradients::Layout layout, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  if (!trials.active(trial)) return;
  const int rows = trials.rows();
  const int leaves = (rows + kLeaf - 1) / kLeaf;
  if (static_cast<int>(blockIdx.x) >= leaves) return;
  SALTUS_DYNAMIC_SHARED(float, shared);
  const auto& places = layout.places;
  const int pixels = layout.sizes.image.height * layout.sizes.image.width;
  float* const gradient = shared + places.gradient;
  load_first<kThreads>(step.first, trial, kBetween, shared + places.first_weights,
                       shared + places.first_bias);
  // Slots that nobody makes are evaluated as well.
  for (int chunk = thread_of_block(); chunk < kBetween / kChunk<T>; chunk += kThreads)
    for (int slot = layout.between_slots; slot < layout.between_plane; ++slot)
      store_quad({}, shared + places.between + (chunk * layout.between_plane + slot) * 4);
#pragma unroll 1
  for (int leaf = static_cast<int>(blockIdx.x); leaf < leaves;
       leaf += static_cast<int>(gridDim.x)) {
    const int first_row = leaf * kLeaf;
    const int last_row = rows < first_row + kLeaf ? rows : first_row + kLeaf;
    float* const sums_of_leaf = step.workspace[trial] + std::int64_t{leaf} * LeafSums::kCount;
    Quad bias = {};
#pragma unroll 1
    for (int row = first_row; row < last_row; ++row) {
      __syncthreads();
      for (int i = thread_of_block(); i < pixels; i += kThreads)
        shared[places.image + i] = fetch(step.x[trial] + std::int64_t{row} * pixels + i);
      __syncthreads();
      make_between<T>(layout, trials.activation(trial, step.first.activation), shared);

      const bool is_second_half = thread_of_block() / kWarpLanes >= kWarpsOfHalf;
      Sums sums = {};
      if (row > first_row && !is_second_half) add_parked(sums, gradient);
      const int height = layout.sizes.pooled().height;
#pragma unroll 1
      for (int first = 0; first < height; first += layout.rows_of_part) {
        const int left = height - first;
        const int rows_of_part = left < layout.rows_of_part ? left : layout.rows_of_part;
        __syncthreads();
        spread_part(step, layout, trials, trial, row, first, rows_of_part, shared, bias);
        __syncthreads();
        multiply<T>(layout, shared, first, rows_of_part, sums);
      }
      __syncthreads();
      if (is_second_half) park(sums, gradient);
      __syncthreads();
      if (is_second_half) continue;
      add_parked(sums, gradient);
      if (row + 1 < last_row)
        park(sums, gradient);
      else
        store_sums<T>(sums, sums_of_leaf + LeafSums::kSecondDw);
    }
    __syncthreads();
    store_bias(bias, gradient, sums_of_leaf + LeafSums::kSecondDb);
  }
}

namespace {

struct LeafOutputs {
  PerTrial<float> first_dw, first_db, second_dw, second_db;
};

/// A thread adds up one element, leaf after leaf.
__global__ void __launch_bounds__(kThreads)
    add_leaves_kernel(PerTrial<const float> workspace, LeafOutputs outputs, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  const auto i = static_cast<int>(blockIdx.x * kThreads + threadIdx.x);
  if (!trials.active(trial) || i >= LeafSums::kCount) return;
  const int leaves = (trials.rows() + kLeaf - 1) / kLeaf;
  const float* const first = workspace[trial] + i;
  float sum = 0;
#pragma unroll 8
  for (int leaf = 0; leaf < leaves; ++leaf)
    sum += fetch(first + std::int64_t{leaf} * LeafSums::kCount);
  const auto store = [&](const PerTrial<float>& output, int begin, int end) {
    if (output && i >= begin && i < end) output[trial][i - begin] = sum;
  };
  store(outputs.second_dw, LeafSums::kSecondDw, LeafSums::kSecondDb);
  store(outputs.second_db, LeafSums::kSecondDb, LeafSums::kFirstDw);
  store(outputs.first_dw, LeafSums::kFirstDw, LeafSums::kFirstDb);
  store(outputs.first_db, LeafSums::kFirstDb, LeafSums::kCount);
}

}  // namespace

template <class T>
void resident::launch_second_gradients(const ConvolutionsPoolBackward<T>& step, bool quads,
                                       const LaunchContext& context) {
  constexpr int kBytes = sizeof(T);
  const ConvolutionsPoolSizes& sizes = step.sizes;
  const int between_slots = second_gradients::between_slots_of(sizes, kBytes);
  const Layout layout = {sizes,
                         second_gradients::places_of(sizes, kBytes),
                         second_gradients::rows_of_part(sizes, kBytes),
                         plane_of(second_gradients::slots_of(sizes, kBytes)),
                         plane_of(between_slots),
                         between_slots,
                         Divider(second_gradients::pitch_of(sizes, kBytes) / 2),
                         Divider(second_gradients::between_pitch_of(sizes, kBytes)),
                         quads};
  launch_evaluating<second_gradients_kernel<T>>(
      Grid(blocks_of(context, blocks_for(context.max_rows, kLeaf)), 1, context.trials.count),
      dim3(kThreads), static_cast<std::size_t>(layout.places.end) * sizeof(float), context, step,
      layout, context.trials);
}

template <class T>
void convolutions_pool_backward(const ConvolutionsPoolBackward<T>& step,
                                const LaunchContext& context) {
  constexpr std::int64_t kMostShared = 1 << 20;  // what a device really has the launch says
  if (!has_convolutions_pool_backward(step.sizes, sizeof(T), kMostShared))
    throw std::invalid_argument(
        "gradients of two convolutions and a max-pool of these sizes are "
        "no one step");
  const bool quads = has_quads(step.dy) && has_quads(step.slope) && has_quads(step.index) &&
                     has_quads(step.second_w);
  launch_first_gradients(step, quads, context);
  launch_second_gradients(step, quads, context);
  launch<add_leaves_kernel>(
      Grid(blocks_for(LeafSums::kCount, kThreads), 1, context.trials.count), dim3(kThreads), 0,
      context.stream, step.workspace,
      LeafOutputs{step.first_dw, step.first_db, step.second_dw, step.second_db}, context.trials);
}

std::int64_t convolutions_pool_backward_workspace(int max_rows) {
  return blocks_for(max_rows, kLeaf) * LeafSums::kCount;
}

template void convolutions_pool_backward(const ConvolutionsPoolBackward<float>&,
                                         const LaunchContext&);
template void convolutions_pool_backward(const ConvolutionsPoolBackward<Bf16>&,
                                         const LaunchContext&);

}  // namespace saltus::kernels
