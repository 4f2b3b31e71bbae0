// Softmax over the last axis.
//
// softmax_kernel: a warp takes a vector, its lanes every 32nd channel, so that
// its accesses lie side by side; vectors are short, so what is read again comes
// from the first-level cache and is read again rather than kept. Reads a vector
// three times, backward twice, and evaluates exp twice an element: bound by
// memory for vectors that fit the cache.
//
// long_softmax_kernel: a block takes a vector, a thread four channels of a tile
// of 1024, and keeps those of the first tile: of up to 1024 channels each is
// loaded and evaluated once. What is beyond is read again. The terms of a sum
// are staged in shared memory and added by one warp in the order of
// softmax_kernel, a load and an addition each: the bits are those of that
// kernel. From 512 channels on half of the block's threads at least have
// something to do, and the lanes of a warp would go through three loops of 16
// turns.
#include <limits>

#include <saltus/kernels/device/any_quad.h>
#include <saltus/kernels/device/reduce.h>
#include <saltus/kernels/math.h>
#include <saltus/kernels/softmax/softmax.h>

namespace saltus::kernels {
namespace {

constexpr int kWarps = 4;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

constexpr int kLong = 512;  // channels of which a block takes a vector
constexpr int kBlock = 256;
constexpr int kBlocks = 4;
constexpr int kTile = 4 * kBlock;
/// The calling warp's vector, counted over the whole batch.
__device__ std::int64_t vector_of_warp() {
  return std::int64_t{blockIdx.x} * kWarps + threadIdx.x / kWarpLanes;
}

struct Larger {
  SALTUS_HD float operator()(float a, float b) const { return a > b ? a : b; }
};

__global__ void __launch_bounds__(kWarps* kWarpLanes) softmax_kernel(Softmax step, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  if (!trials.active(trial)) return;
  const std::int64_t vector = vector_of_warp();
  if (vector >= trials.rows() * step.vectors) return;
  const std::int64_t first = vector * step.channels;
  const int lane = static_cast<int>(threadIdx.x) % kWarpLanes;

  float largest = -kInfinity;
  for (int j = lane; j < step.channels; j += kWarpLanes)
    largest = Larger{}(step.x.load(trial, first + j), largest);
  largest = reduce_warp(largest, Larger{});

  // The sum of exp(x - largest) is 1 + others: one of the largest elements is
  // left out, so that the logarithm of a sum near 1 loses nothing. An infinite
  // largest makes all results NaN.
  float others = 0;
  float ties = 0;
  for (int j = lane; j < step.channels; j += kWarpLanes) {
    const float x = step.x.load(trial, first + j);
    if (x == largest)
      ++ties;
    else
      others += math::exp(x - largest);
  }
  others = reduce_warp(others) + (reduce_warp(ties) - 1) + (largest - largest);

  const float log_sum = step.log ? math::log1p(others) : 0.0f;
  for (int j = lane; j < step.channels; j += kWarpLanes) {
    const float shifted = step.x.load(trial, first + j) - largest;
    const float y = step.log ? shifted - log_sum : math::exp(shifted) / (1 + others);
    step.y.save(y, trial, first + j);
  }
}

__global__ void __launch_bounds__(kWarps* kWarpLanes)
    softmax_backward_kernel(SoftmaxBackward step, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  if (!trials.active(trial)) return;
  const std::int64_t vector = vector_of_warp();
  if (vector >= trials.rows() * step.vectors) return;
  const std::int64_t first = vector * step.channels;
  const int lane = static_cast<int>(threadIdx.x) % kWarpLanes;

  float sum = 0;
  for (int j = lane; j < step.channels; j += kWarpLanes) {
    const float dy = step.dy.load(trial, first + j);
    sum += step.log ? dy : step.y.load(trial, first + j) * dy;
  }
  sum = reduce_warp(sum);

  for (int j = lane; j < step.channels; j += kWarpLanes) {
    const float y = step.y.load(trial, first + j);
    const float dy = step.dy.load(trial, first + j);
    step.dx.save(step.log ? dy - math::exp(y) * sum : y * (dy - sum), trial, first + j);
  }
}

/// A vector as the threads of a block share it, tile by tile.
struct LongVector {
  int trial, channels;
  std::int64_t first;  ///< its first element
  bool quads;          ///< whether a thread's channels are four neighbours, in one access

  __device__ static int thread() { return static_cast<int>(threadIdx.x); }

  /// The j-th of the calling thread's channels of the tile that begins with
  /// channel `tile`; it may be none.
  __device__ int channel(int tile, int j) const {
    return tile + (quads ? 4 * thread() + j : thread() + j * kBlock);
  }

  __device__ Quad load(const AnyInput& input, int tile) const {
    if (quads && channel(tile, 0) < channels)
      return fetch_quad(input, trial, first + channel(tile, 0));
    Quad quad = {};
    for (int j = 0; j < 4; ++j)
      if (channel(tile, j) < channels) quad.values[j] = input.load(trial, first + channel(tile, j));
    return quad;
  }

  __device__ void store(const Quad& quad, const AnyOutput& output, int tile) const {
    if (quads && channel(tile, 0) < channels) {
      store_quad(quad, output, trial, first + channel(tile, 0));
      return;
    }
    for (int j = 0; j < 4; ++j)
      if (channel(tile, j) < channels) output.save(quad.values[j], trial, first + channel(tile, j));
  }
};

/// A sum over the channels of a vector by one warp of a block, each lane's in
/// order. All threads must come to its functions.
class SumOfLanes {
 public:
  /// [kTile] in shared memory.
  __device__ explicit SumOfLanes(float* staged) : staged_(staged) {}

  /// Adds what each thread has of a tile.
  __device__ void add(const LongVector& vector, int tile, const Quad& terms) {
    __syncthreads();  // the tile before may still be read
    if (vector.quads) {
      store_quad(terms, staged_ + 4 * LongVector::thread());
    } else {
      for (int j = 0; j < 4; ++j) staged_[LongVector::thread() + j * kBlock] = terms.values[j];
    }
    __syncthreads();
    if (LongVector::thread() >= kWarpLanes) return;
    const int left = vector.channels - tile;
#pragma unroll 8
    for (int i = LongVector::thread(); i < (left < kTile ? left : kTile); i += kWarpLanes)
      sum_ += staged_[i];
  }

  /// The sum, to every thread: what the other warps have is 0.
  __device__ float get() const {
    return reduce_block<kBlock>(sum_);
  }

 private:
  float* staged_;
  float sum_ = 0;
};

/// The calling block's vector, where it is one of the batch.
__device__ bool is_of_batch(const Trials& trials, std::int64_t vectors) {
  return trials.active(static_cast<int>(blockIdx.z)) && blockIdx.x < trials.rows() * vectors;
}
template <class Step>
__device__ LongVector vector_of_block(const Step& step, bool quads) {
  return {static_cast<int>(blockIdx.z), step.channels, std::int64_t{blockIdx.x} * step.channels,
          quads};
}

__global__ void __launch_bounds__(kBlock, kBlocks)
    long_softmax_kernel(Softmax step, Trials trials, bool quads) {
  if (!is_of_batch(trials, step.vectors)) return;
  SALTUS_SHARED(float, staged, [kTile]);
  const LongVector vector = vector_of_block(step, quads);
  const Quad first_x = vector.load(step.x, 0);
  const auto x_of = [&](int tile) { return tile == 0 ? first_x : vector.load(step.x, tile); };

  float largest = -kInfinity;
#pragma unroll 1
  for (int tile = 0; tile < step.channels; tile += kTile) {
    const Quad x = x_of(tile);
#pragma unroll
    for (int j = 0; j < 4; ++j)
      if (vector.channel(tile, j) < step.channels) largest = Larger{}(x.values[j], largest);
  }
  largest = reduce_block<kBlock>(largest, Larger{});

  SumOfLanes sum(staged);
  float ties = 0;
  Quad first_exponentials = {};
#pragma unroll 1
  for (int tile = 0; tile < step.channels; tile += kTile) {
    const Quad x = x_of(tile);
    Quad exponentials, terms;
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      const bool is_tie = x.values[j] == largest;
      if (is_tie && vector.channel(tile, j) < step.channels) ++ties;
      exponentials.values[j] = math::exp(x.values[j] - largest);
      terms.values[j] = is_tie ? 0.0f : exponentials.values[j];
    }
    sum.add(vector, tile, terms);
    if (tile == 0) first_exponentials = exponentials;
  }
  const float others = sum.get() + (reduce_block<kBlock>(ties) - 1) + (largest - largest);

  const float log_sum = step.log ? math::log1p(others) : 0.0f;
#pragma unroll 1
  for (int tile = 0; tile < step.channels; tile += kTile) {
    const Quad x = x_of(tile);
    Quad y;
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      const float shifted = x.values[j] - largest;
      y.values[j] =
          step.log ? shifted - log_sum
                   : (tile == 0 ? first_exponentials.values[j] : math::exp(shifted)) / (1 + others);
    }
    vector.store(y, step.y, tile);
  }
}

__global__ void __launch_bounds__(kBlock, kBlocks)
    long_softmax_backward_kernel(SoftmaxBackward step, Trials trials, bool quads) {
  if (!is_of_batch(trials, step.vectors)) return;
  SALTUS_SHARED(float, staged, [kTile]);
  const LongVector vector = vector_of_block(step, quads);
  const Quad first_y = vector.load(step.y, 0);
  const Quad first_dy = vector.load(step.dy, 0);
  const auto y_of = [&](int tile) { return tile == 0 ? first_y : vector.load(step.y, tile); };
  const auto dy_of = [&](int tile) { return tile == 0 ? first_dy : vector.load(step.dy, tile); };

  SumOfLanes sum_of_lanes(staged);
#pragma unroll 1
  for (int tile = 0; tile < step.channels; tile += kTile) {
    const Quad y = y_of(tile);
    Quad terms = dy_of(tile);
#pragma unroll
    for (int j = 0; j < 4; ++j)
      if (!step.log) terms.values[j] *= y.values[j];
    sum_of_lanes.add(vector, tile, terms);
  }
  const float sum = sum_of_lanes.get();

#pragma unroll 1
  for (int tile = 0; tile < step.channels; tile += kTile) {
    const Quad y = y_of(tile);
    Quad dx = dy_of(tile);
#pragma unroll
    for (int j = 0; j < 4; ++j)
      dx.values[j] = step.log ? dx.values[j] - math::exp(y.values[j]) * sum
                              : y.values[j] * (dx.values[j] - sum);
    vector.store(dx, step.dx, tile);
  }
}

Grid grid_of(std::int64_t vectors, const LaunchContext& context) {
  return {blocks_for(context.max_rows * vectors, kWarps), 1, context.trials.count};
}
Grid long_grid_of(std::int64_t vectors, const LaunchContext& context) {
  return {context.max_rows * vectors, 1, context.trials.count};
}

/// Whether a thread's four channels are one access in all arrays.
template <class... Arrays>
bool has_quads_of(int channels, const Arrays&... arrays) {
  return channels % 4 == 0 && (has_quads(arrays) && ...);
}

}  // namespace

void softmax(const Softmax& arguments, const LaunchContext& context) {
  if (arguments.channels >= kLong)
    launch<long_softmax_kernel>(long_grid_of(arguments.vectors, context), dim3(kBlock), 0,
                                context.stream, arguments, context.trials,
                                has_quads_of(arguments.channels, arguments.x, arguments.y));
  else
    launch<softmax_kernel>(grid_of(arguments.vectors, context), dim3(kWarps * kWarpLanes), 0,
                           context.stream, arguments, context.trials);
}

void softmax_backward(const SoftmaxBackward& arguments, const LaunchContext& context) {
  if (arguments.channels >= kLong)
    launch<long_softmax_backward_kernel>(
        long_grid_of(arguments.vectors, context), dim3(kBlock), 0, context.stream, arguments,
        context.trials, has_quads_of(arguments.channels, arguments.y, arguments.dy, arguments.dx));
  else
    launch<softmax_backward_kernel>(grid_of(arguments.vectors, context), dim3(kWarps * kWarpLanes),
                                    0, context.stream, arguments, context.trials);
}

}  // namespace saltus::kernels
