// What two convolutions and a max-pool in one kernel (convolutions_pool.h) need of shared memory.
// Needs no CUDA: whoever plans steps asks whether they fit a device.
#pragma once

#include <algorithm>
#include <cstdint>

#include <saltus/kernels/portable.h>
#include <saltus/kernels/window.h>

namespace saltus::kernels {

/// Images of one channel, through two convolutions of windows of 3 x 3 at every place inside of the
/// image, then a pooling of windows of 2 x 2 side by side.
struct ConvolutionsPoolSizes {
  Extent image;
  int channels;      ///< between the convolutions
  int channels_out;  ///< of the second one

  [[nodiscard]] SALTUS_HD Extent between() const { return {image.height - 2, image.width - 2}; }
  [[nodiscard]] SALTUS_HD Extent pooled() const {
    return {(image.height - 4) / 2, (image.width - 4) / 2};
  }
  [[nodiscard]] SALTUS_HD int windows() const { return pooled().height * pooled().width; }
  /// Elements of the output of one image.
  [[nodiscard]] SALTUS_HD int outputs() const { return windows() * channels_out; }
};

namespace resident {

inline constexpr int kThreads = 384;
inline constexpr int kWarps = kThreads / 32;

/// A warp makes so many pairs of tiles of 16 sums along m at a time, and so many channels. A pair
/// is eight windows of the pooling.
inline constexpr int kPairs = 3;
inline constexpr int kWindowsOfPair = 8;
inline constexpr int kColumns = 32;

/// Channels come in as many as a product on tensor cores takes of k.
inline constexpr int kChannelStep = 16;

/// Values that a thread evaluates at a time: one place of four channels, with slopes.
inline constexpr int kValues = 4;

/// Where everything lies in shared memory, in words of 4 bytes: a float, a tf32 or two bf16. Every
/// place is a multiple of four of them.
struct Places {
  int weights;  ///< [channels_out / kColumns][tap][chunk][kColumns], of 16 bytes
  int between;  ///< the first convolution's output: [chunk][y][even x, then odd x], of 16 bytes
  int parked;   ///< [windows][channels_out], one place of each window
  int numbers;  ///< [channels_out / kColumns][pair][lane], where in its window each place is
  int staged;   ///< [2 kValues][kThreads]
  int image, first_weights, first_bias, bias;
  int end;

  /// Whether no warp has a second item to make: then what is parked may overwrite `between`.
  bool one_turn;
};

/// Chunks of a row of what is between: a column more where they are odd.
SALTUS_HD int pitch_of(const ConvolutionsPoolSizes& sizes) {
  return (sizes.between().width + 1) / 2 * 2;
}
SALTUS_HD int slots_of(const ConvolutionsPoolSizes& sizes) {
  return sizes.between().height * pitch_of(sizes);
}

/// Pairs of tiles of an image: a multiple of kPairs.
SALTUS_HD int pairs_of(const ConvolutionsPoolSizes& sizes) {
  const int windows = kPairs * kWindowsOfPair;
  return (sizes.windows() + windows - 1) / windows * kPairs;
}

/// What warps make: kPairs pairs of kColumns channels.
SALTUS_HD int items_of(const ConvolutionsPoolSizes& sizes) {
  return pairs_of(sizes) / kPairs * (sizes.channels_out / kColumns);
}

/// For elements of 4 bytes (tf32) or 2 (bf16). Sizes that has_convolutions_pool() lets pass.
inline Places places_of(const ConvolutionsPoolSizes& sizes, int element_bytes) {
  Places places{};
  int end = 0;
  const auto put = [&end](int words) {
    const int place = end;
    end += (words + 3) / 4 * 4;
    return place;
  };
  const int per_word = 4 / element_bytes;
  const int between = slots_of(sizes) * sizes.channels / per_word;
  const int parked = sizes.outputs() + pairs_of(sizes) * sizes.channels_out;
  const int staged = 2 * kValues * kThreads;
  // Floats are evaluated where they lie, and only what is pooled has to be staged.
  const bool staged_between = per_word > 1;
  places.weights = put(9 * sizes.channels * sizes.channels_out / per_word);
  places.between = end;
  places.one_turn = items_of(sizes) <= kWarps;
  if (places.one_turn) {
    places.parked = places.between;
    places.staged = places.between + (staged_between ? std::max(between, parked) : parked);
    put(std::max(between, places.staged - places.between + staged));
  } else {
    put(between);
    places.parked = put(parked);
    places.staged = put(staged);
  }
  places.numbers = places.parked + sizes.outputs();
  places.image = put(sizes.image.height * sizes.image.width);
  places.first_weights = put(9 * sizes.channels);
  places.first_bias = put(sizes.channels);
  places.bias = put(sizes.channels_out);
  places.end = end;
  return places;
}

}  // namespace resident

/// Whether there is a kernel for these sizes, on a device whose blocks may have so many bytes of
/// shared memory.
inline bool has_convolutions_pool(const ConvolutionsPoolSizes& sizes, int element_bytes,
                                  std::int64_t shared_bytes) {
  using namespace resident;
  constexpr int kMost = 1024;  // what fits is far below; and nothing above can overflow
  const Extent& image = sizes.image;
  if (image.height < 6 || image.width < 6 || image.height > kMost || image.width > kMost ||
      sizes.channels < kChannelStep || sizes.channels > kMost ||
      sizes.channels % kChannelStep != 0 || sizes.channels_out < kColumns ||
      sizes.channels_out > kMost || sizes.channels_out % kColumns != 0) {
    return false;
  }
  if (std::int64_t{slots_of(sizes)} * sizes.channels +
          std::int64_t{sizes.windows()} * sizes.channels_out >
      shared_bytes) {
    return false;
  }
  return std::int64_t{places_of(sizes, element_bytes).end} * 4 <= shared_bytes;
}

}  // namespace saltus::kernels
