// The windows of the pooling of convolutions_pool.cu, from the products on: the places of each at
// which f has to be evaluated are parked; later a thread evaluates four channels of a window and
// stores what is pooled.
#pragma once

#include <saltus/kernels/convolution/resident.h>
#include <saltus/kernels/device/any_quad.h>
#include <saltus/kernels/device/reduce.h>
#include <saltus/kernels/elementwise/drop_rule.h>
#include <saltus/kernels/matrix/divider.h>
#include <saltus/kernels/pooling/extremes.h>

namespace saltus::kernels::resident {

/// What a block knows of the sizes.
struct Layout {
  ConvolutionsPoolSizes sizes;
  Places places;
  Divider pitch, pooled_width, channels_out;
  bool quads;  ///< whether four elements of an output are stored at once
};

inline constexpr int kPlacesBeside = 3;  // places of a window that are not parked in shared memory

/// The places of windows at which f has to be evaluated: the first one of each window in shared
/// memory, the others in the workspace.
struct Parking {
  float* parked;           ///< [windows][channels_out], see swizzled()
  std::uint32_t* numbers;  ///< [channels_out / kColumns][pair][lane]
  float* beside;           ///< [kPlacesBeside][windows][channels_out]
  int channels_out, outputs;

  /// Where a channel of a window is parked: the windows of a warp's store are then in two rows of
  /// banks instead of one.
  __device__ static int swizzled(int window, int channel) { return channel ^ window % 4 * 8; }

  /// Of a window, place `number` of two channels.
  __device__ void park(int window, int channel, int number, float x, float next_x) const {
    if (number == 0)
      store_pair(x, next_x, parked + window * channels_out + swizzled(window, channel));
    else
      store_pair(x, next_x, beside + (number - 1) * outputs + window * channels_out + channel);
  }

  /// Of a window, place `number` of four channels.
  __device__ Quad load(int window, int channel, int number) const {
    return load_quad(number == 0
                         ? parked + window * channels_out + swizzled(window, channel)
                         : beside + (number - 1) * outputs + window * channels_out + channel);
  }
};

/// Parks the places where the maximum of f may be, of a lane's window of a pair.
struct LaneOfPair {
  const Parking& parking;
  Shape shape;
  int window;
  std::uint32_t numbers = 0;  ///< four bits for each channel: of the largest, and of the smallest

  /// Of two channels, x[channel][place]; j counts the pairs of channels.
  __device__ void park(int channel, int j, const float (&x)[2][4]) {
    if (shape == Shape::other) {
#pragma unroll
      for (int place = 0; place < 4; ++place)
        parking.park(window, channel, place, x[0][place], x[1][place]);
      return;
    }
    pooling::Extreme high[2] = {{-pooling::kInfinity, 0}, {-pooling::kInfinity, 0}};
    for_each_place([&](int c, int place) { high[c].keep_larger(x[c][place], place); });
    parking.park(window, channel, 0, high[0].x, high[1].x);
    note(high, 8 * j);
    if (shape != Shape::one_minimum) return;
    pooling::Extreme low[2] = {{pooling::kInfinity, 0}, {pooling::kInfinity, 0}};
    for_each_place([&](int c, int place) { low[c].keep_smaller(x[c][place], place); });
    parking.park(window, channel, 1, low[0].x, low[1].x);
    note(low, 8 * j + 2);
  }

 private:
  template <class Visit>
  __device__ static void for_each_place(const Visit& visit) {
#pragma unroll
    for (int c = 0; c < 2; ++c) {
#pragma unroll
      for (int place = 0; place < 4; ++place) visit(c, place);
    }
  }
  __device__ void note(const pooling::Extreme (&of_channels)[2], int shift) {
#pragma unroll
    for (int c = 0; c < 2; ++c)
      numbers |= static_cast<std::uint32_t>(of_channels[c].place) << (shift + 4 * c);
  }
};

/// A warp pools so many outputs at a time: as many as its lanes draw dropout for, each in one call.
inline constexpr int kOutputsOfWarp = kMaskBlock * kWarpLanes;

/// What dropout needs of a trial, brought once an image.
struct TrialDropout {
  DropoutRule rule;
  TrialState state;
  int slot;

  template <class Step>
  __device__ TrialDropout(const Step& step, const Trials& trials, int trial)
      : slot(step.drop_slot) {
    if (slot == Step::kNoDrop) return;
    rule = trials.dropout(trial, slot);
    state = trials.states[trial];
  }

  /// Whether each of the kMaskBlock elements of a batch from `first` on is kept, in a bit each.
  [[nodiscard]] __device__ std::uint32_t draw(std::int64_t first) const {
    const Words4 words = mask_words(state, slot, first / kMaskBlock);
    std::uint32_t kept = 0;
#pragma unroll
    for (int i = 0; i < kMaskBlock; ++i)
      kept |= static_cast<std::uint32_t>(is_kept(rule, words, i)) << i;
    return kept;
  }
};

__device__ inline void store_places(const int (&places)[4], std::uint8_t* first, bool quads) {
  ByteQuad bytes;
#pragma unroll
  for (int j = 0; j < 4; ++j) bytes.values[j] = static_cast<std::uint8_t>(places[j]);
  if (quads) {
    store_bytes(bytes, first);
  } else {
    for (int j = 0; j < 4; ++j) first[j] = bytes.values[j];
  }
}

/// Evaluates f at the parked places of four channels of a window, `output` being the first of them
/// in its image, and stores what is pooled of it. `kept` has a bit for each, for dropout.
template <class T>
__device__ void pool_quad(const ConvolutionsPool<T>& step, const Layout& layout,
                          const Parking& parking, Shape shape, const ActivationRef& activation,
                          const TrialDropout& dropout, int trial, int row, int output,
                          std::uint32_t kept, float* shared) {
  float* const values = shared + layout.places.staged + thread_of_block();
  float* const slopes = values + kValues * kThreads;
  const int window = layout.channels_out.quotient(output);
  const int channel = output - window * parking.channels_out;
  const std::uint32_t* const numbers =
      parking.numbers +
      (channel / kColumns * pairs_of(layout.sizes) + window / kWindowsOfPair) * kWarpLanes +
      window % kWindowsOfPair * 4 + channel % 8 / 2;
  const int count = shape == Shape::other ? 4 : shape == Shape::monotone ? 1 : 2;
  pooling::Maximum best;
#pragma unroll 1
  for (int number = 0; number < count; ++number) {
    const Quad x = parking.load(window, channel, number);
#pragma unroll
    for (int j = 0; j < 4; ++j) values[j * kThreads] = x.values[j];
    evaluate(activation, {values, kThreads, step.slope ? slopes : nullptr, kThreads, kValues});
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      const int shift = channel % kColumns / 8 * 8 + j % 2 * 4 + 2 * number;
      const int place =
          shape == Shape::other ? number : static_cast<int>(numbers[j / 2] >> shift & 3U);
      const bool is_larger = best.keep_larger(j, values[j * kThreads], place);
      if (is_larger && step.slope) best.slope.values[j] = slopes[j * kThreads];
    }
  }
  if (step.drop_slot != ConvolutionsPool<T>::kNoDrop) {
#pragma unroll
    for (int j = 0; j < 4; ++j)
      best.y.values[j] = dropped(dropout.rule, best.y.values[j], (kept >> j & 1U) != 0);
  }
  const std::int64_t i = std::int64_t{row} * parking.outputs + output;
  store_some(best.y, step.y, trial, i, i + 4, layout.quads);
  if (step.slope) store_some(best.slope, step.slope, trial, i, i + 4, layout.quads);
  if (step.index) store_places(best.places, step.index[trial] + i, layout.quads);
}

/// Phase 4: pools an image. The accesses of a warp lie side by side, so what a lane drew is not for
/// its own outputs, as in drop.cu.
template <class T>
__device__ void pool(const ConvolutionsPool<T>& step, const Layout& layout, const Parking& parking,
                     Shape shape, const Trials& trials, int trial, int row, float* shared) {
  const ActivationRef& activation = trials.activation(trial, step.second.activation);
  const TrialDropout dropout(step, trials, trial);
  const int lane = thread_of_block() % kWarpLanes;
#pragma unroll 1
  for (int first = thread_of_block() / kWarpLanes * kOutputsOfWarp; first < parking.outputs;
       first += kWarps * kOutputsOfWarp) {
    std::uint32_t own = 0;
    if (step.drop_slot != ConvolutionsPool<T>::kNoDrop)
      own = dropout.draw(std::int64_t{row} * parking.outputs + first + lane * kMaskBlock);
#pragma unroll 1
    for (int quad = lane; quad < kOutputsOfWarp / 4; quad += kWarpLanes) {
      const std::uint32_t kept = __shfl_sync(kWholeWarp, own, quad / 2) >> quad % 2 * 4;
      const int output = first + 4 * quad;
      if (output < parking.outputs)
        pool_quad(step, layout, parking, shape, activation, dropout, trial, row, output, kept,
                  shared);
    }
  }
}

}  // namespace saltus::kernels::resident
