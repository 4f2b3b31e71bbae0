// What the kernels have in common that keep an image in shared memory: two convolutions of 3 x 3
// with a max-pool behind them, and the gradients of these. An image lies there in chunks of 16
// bytes of channels, [chunk][pixel], so that neighbouring pixels are one after another.
#pragma once

#include <algorithm>
#include <type_traits>

#include <saltus/kernels/convolution/convolutions_pool.h>
#include <saltus/kernels/elementwise/evaluate.h>
#include <saltus/kernels/matrix/tensor.h>

namespace saltus::kernels::resident {

using tensor::kChunk;

/// Read anew wherever it is asked for: what follows from it would else be kept from image to image,
/// and calls, which linked formulas are, leave few registers alone.
__device__ inline int thread_of_block() {
#if defined(__CUDACC__)
  int thread;
  asm volatile("mov.u32 %0, %%tid.x;" : "=r"(thread));
  return thread;
#else
  return static_cast<int>(threadIdx.x);
#endif
}

/// The same of blockIdx.z.
__device__ inline int trial_of_block() {
#if defined(__CUDACC__)
  int trial;
  asm volatile("mov.u32 %0, %%ctaid.z;" : "=r"(trial));
  return trial;
#else
  return static_cast<int>(blockIdx.z);
#endif
}

/// A chunk of 16 bytes, rounded to what is multiplied.
__device__ inline Quad rounded(const float (&values)[4]) {
  Quad words;
#pragma unroll
  for (int i = 0; i < 4; ++i) words.values[i] = float_of(round_to_tf32(bits_of(values[i])));
  return words;
}
__device__ inline Quad rounded(const float (&values)[8]) {
  Quad words;
#pragma unroll
  for (int i = 0; i < 4; ++i)
    words.values[i] = float_of(std::uint32_t{to_bf16(values[2 * i]).bits} |
                               std::uint32_t{to_bf16(values[2 * i + 1]).bits} << 16);
  return words;
}

template <int kThreads>
__device__ void load_bias(const PerTrial<const float>& bias, int trial, int count, float* place) {
  for (int i = thread_of_block(); i < count; i += kThreads)
    place[i] = bias ? fetch(bias[trial] + i) : 0.0f;
}

/// What the first convolution takes beside the image: [9][channels] and [channels].
template <int kThreads, class T>
__device__ void load_first(const ConvolutionLayer<T>& first, int trial, int channels,
                           float* weights, float* bias) {
  for (int i = thread_of_block(); i < 9 * channels; i += kThreads)
    weights[i] = fetch(first.w[trial] + i);
  load_bias<kThreads>(first.bias, trial, channels, bias);
}

/// The first convolution of an image of one channel, all in shared memory.
struct FirstConvolution {
  const float* image;    ///< [height][image_width]
  int image_width;       ///< in pixels
  const float* weights;  ///< [9][channels]
  const float* bias;     ///< [channels]
  int channels;
  float* between;  ///< what comes out: [chunk][plane], of 16 bytes
  int slots;       ///< of a plane, which are made
  int plane;       ///< from one chunk to the next, in slots
  float* staged;   ///< of bf16: [kChunk][threads]
};

/// A chunk of it at one pixel.
template <int kCount>
__device__ void convolve_pixel(const float (&taps)[9], const float* weights, int channels,
                               const float* bias, float (&sums)[kCount]) {
#pragma unroll
  for (int first = 0; first < kCount; first += 4) {
    Quad sum = {};
#pragma unroll
    for (int tap = 0; tap < 9; ++tap) {
      const Quad weight = load_quad(weights + tap * channels + first);
#pragma unroll
      for (int i = 0; i < 4; ++i) sum.values[i] = fmaf(taps[tap], weight.values[i], sum.values[i]);
    }
    const Quad add = load_quad(bias + first);
#pragma unroll
    for (int i = 0; i < 4; ++i) sums[first + i] = sum.values[i] + add.values[i];
  }
}

/// between = f(image * weights + bias), rounded, by the sums of one_channel.cu. A thread takes a
/// slot, whose window begins at pixel corner(slot), with its nine taps in registers. Floats are
/// evaluated where they lie; bf16, which take half the room, a chunk at a time aside. All threads
/// come here, and a barrier has to follow.
template <class T, int kThreads, class Corner>
__device__ void convolve_first(const FirstConvolution& at, const ActivationRef& activation,
                               const Corner& corner) {
  constexpr bool kInPlace = std::is_same_v<T, float>;
  const int thread = thread_of_block();
#pragma unroll 1
  for (int slot = thread; slot < at.slots; slot += kThreads) {
    const float* const window = at.image + corner(slot);
    float taps[9];
#pragma unroll
    for (int tap = 0; tap < 9; ++tap) taps[tap] = window[tap / 3 * at.image_width + tap % 3];
#pragma unroll 1
    for (int channel = 0; channel < at.channels; channel += kChunk<T>) {
      float sums[kChunk<T>];
      convolve_pixel(taps, at.weights + channel, at.channels, at.bias + channel, sums);
      float* const place = at.between + (channel / kChunk<T> * at.plane + slot) * 4;
      if constexpr (kInPlace) {
        store_quad({{sums[0], sums[1], sums[2], sums[3]}}, place);
      } else {
        float* const staged = at.staged + thread;
#pragma unroll
        for (int i = 0; i < kChunk<T>; ++i) staged[i * kThreads] = sums[i];
        evaluate(activation, {staged, kThreads, nullptr, 0, kChunk<T>});
#pragma unroll
        for (int i = 0; i < kChunk<T>; ++i) sums[i] = staged[i * kThreads];
        store_quad(rounded(sums), place);
      }
    }
  }
  if constexpr (kInPlace) {
    __syncthreads();
    const int left = at.plane * at.channels - thread;
    const int count = left > 0 ? (left + kThreads - 1) / kThreads : 0;
    float* const own = at.between + thread;
    evaluate(activation, {own, kThreads, nullptr, 0, count});
    for (int i = 0; i < count; ++i)
      own[i * kThreads] = float_of(round_to_tf32(bits_of(own[i * kThreads])));
  }
}

/// How many blocks a trial has at most: more than a device runs at a time.
inline constexpr int kMostBlocks = 128;

/// As many blocks of each trial as the device runs at a time, all trials together, each with as
/// many of `items`.
inline std::int64_t blocks_of(const LaunchContext& context, std::int64_t items) {
  int device = 0;
  int count = 0;
  SALTUS_CHECK(cudaGetDevice(&device));
  SALTUS_CHECK(cudaDeviceGetAttribute(&count, cudaDevAttrMultiProcessorCount, device));
  const int share = std::max(1, count / std::max(1, context.trials.count));
  const int most = std::min(kMostBlocks, share);
  return blocks_for(items, static_cast<int>(blocks_for(items, most)));
}

}  // namespace saltus::kernels::resident
