// The gradient behind a max-pool of 2 x 2 as a block spreads it in shared memory, and how its sums
// over images are laid out: what the kernels of convolutions_pool_backward.h have in common.
#pragma once

#include <saltus/kernels/convolution/convolutions_pool_backward.h>
#include <saltus/kernels/convolution/resident.h>
#include <saltus/kernels/pooling/pooled_quad.h>

namespace saltus::kernels::resident {

/// Sums over the images of a leaf: of all leaves one after another.
struct LeafSums {
  static constexpr int kSecondDw = 0;
  static constexpr int kSecondDb = kSecondDw + second_gradients::kSums;
  static constexpr int kFirstDw = kSecondDb + kOut;
  static constexpr int kFirstDb = kFirstDw + 9 * kBetween;
  static constexpr int kCount = kFirstDb + kBetween;
};

/// Both launch one kernel, which stores what it makes of every leaf of the batch to the workspace.
/// quads: whether four elements of an input are loaded at once.
template <class T>
void launch_first_gradients(const ConvolutionsPoolBackward<T>& step, bool quads,
                            const LaunchContext& context);
template <class T>
void launch_second_gradients(const ConvolutionsPoolBackward<T>& step, bool quads,
                             const LaunchContext& context);

/// Two floats, loaded as load_quad() loads four, at a multiple of 8 bytes.
struct Pair {
  float first, second;
};
__device__ inline Pair load_pair(const float* first) {
#if defined(__CUDACC__)
  const float2 loaded = *reinterpret_cast<const float2*>(first);
  return {loaded.x, loaded.y};
#else
  const emulation::VectorAccess access(first, 2 * sizeof(float));
  return {first[0], first[1]};
#endif
}

/// A warp spreads four windows and 32 channels at a time, a lane four channels of a window: lines
/// of 128 bytes are loaded, and no bank of shared memory is asked twice.
struct SpreadLane {
  int window;   ///< of the four
  int channel;  ///< of the 32, the first of four

  __device__ explicit SpreadLane(int lane)
      : window(lane / 2 % 4), channel((lane % 2 + lane / 8 * 2) * 4) {}
};

/// Four channels of a window.
struct WindowQuad {
  Quad gradient = {};
  ByteQuad places = {};

  /// What is at a place of the window.
  [[nodiscard]] __device__ Quad at(int place) const {
    Quad quad;
#pragma unroll
    for (int j = 0; j < 4; ++j)
      quad.values[j] = places.values[j] == place ? gradient.values[j] : 0.0f;
    return quad;
  }
};

/// Of a window of the batch, counted over all images, from that channel on.
template <class T>
__device__ WindowQuad fetch_window(const ConvolutionsPoolBackward<T>& step, const Trials& trials,
                                   int trial, std::int64_t window, int channel, bool quads) {
  const std::int64_t first = window * kOut + channel;
  WindowQuad quad;
  quad.gradient = pooling::pooled_quad(step, trials, trial, first, first + 4, quads);
  const std::uint8_t* const index = step.index[trial] + first;
  if (quads) {
    quad.places = fetch_bytes(index);
  } else {
    for (int j = 0; j < 4; ++j) quad.places.values[j] = fetch(index + j);
  }
  return quad;
}

/// Stores a window's four channels from `channel` on in planes of 16-byte chunks, rounded: its
/// upper left place at `slot`, and of its two rows those that are wanted. Every other chunk begins
/// at the right, so that the slots of a warp's store are odd and even.
template <class T>
__device__ void spread(const WindowQuad& quad, float* planes, int plane, int channel, int slot,
                       int pitch, bool upper, bool lower) {
  float* const first = planes + (channel / kChunk<T> * plane + slot) * 4;
  const int first_side = channel / kChunk<T> % 2;
#pragma unroll
  for (int row = 0; row < 2; ++row) {
    if (!(row == 0 ? upper : lower)) continue;
#pragma unroll
    for (int i = 0; i < 2; ++i) {
      const int side = first_side ^ i;
      const Quad values = quad.at(2 * row + side);
      float* const place = first + (row * pitch + side) * 4;
      if constexpr (std::is_same_v<T, float>)
        store_quad(rounded(values.values), place);
      else
        store_quad(values, reinterpret_cast<Bf16*>(place) + channel % kChunk<T>);
    }
  }
}

}  // namespace saltus::kernels::resident
