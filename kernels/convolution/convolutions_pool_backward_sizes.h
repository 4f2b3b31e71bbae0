// What the gradients of two convolutions with a max-pool behind them (convolutions_pool_backward.h)
// need of shared memory. Needs no CUDA, as convolutions_pool_sizes.h.
#pragma once

#include <algorithm>
#include <cstdint>

#include <saltus/kernels/convolution/convolutions_pool_sizes.h>

namespace saltus::kernels::resident {

/// The channels that there are kernels for.
inline constexpr int kBetween = 32;
inline constexpr int kOut = 64;

/// Images whose sums are added up in one place: a block makes as many, one after another.
inline constexpr int kLeaf = 2;

/// The next number of 16-byte slots that is 4 modulo 8: neighbouring planes of so many then begin
/// in different halves of the banks.
SALTUS_HD int plane_of(int slots) {
  return (slots + 3) / 8 * 8 + 4;
}

/// Counts words of 4 bytes, and rounds every array up to 16 bytes.
class PlaceCounter {
 public:
  int put(int words) {
    const int place = end_;
    end_ += (words + 3) / 4 * 4;
    return place;
  }
  [[nodiscard]] int end() const { return end_; }

 private:
  int end_ = 0;
};

/// For the gradients of the first convolution. Pixels of what is between lie in rows as long as
/// those of the image, so that a tap is the same step everywhere.
namespace first_gradients {

inline constexpr int kPixels = kThreads;  ///< that a block makes at a time
inline constexpr int kChunks = 8;         ///< of 16 bytes of channels_out, at a time
inline constexpr int kAtOnce = 8;         ///< pixels that a warp evaluates at a time
inline constexpr int kSums = 10;          ///< of a channel: nine taps and the bias

/// Rows of what is between that are made at a time: as even parts as there can be.
inline int rows_of_part(const ConvolutionsPoolSizes& sizes) {
  const int height = sizes.between().height;
  const int most = kPixels / sizes.image.width;
  const int parts = (height + most - 1) / most;
  return (height + parts - 1) / parts;
}

/// Slots of a plane of the gradient behind the pool: the last pixel's taps end there.
SALTUS_HD int slots_of(const ConvolutionsPoolSizes& sizes) {
  return kPixels + 2 * sizes.image.width + 2;
}

/// Where everything lies in shared memory, in words of 4 bytes.
struct Places {
  int weights;   ///< [tap][chunk of channels_out][kBetween], of 16 bytes
  int gradient;  ///< behind the pool, in front of it: [kChunks][slots], of 16 bytes
  int sums;      ///< over it: the gradient of what is between, [kPixels][kBetween], swizzled
  int staged;    ///< behind these: [2 kAtOnce][kThreads]
  int kept;      ///< over that, behind the gradient: [kSums][kThreads], by the same threads
  int image, first_weights, first_bias;
  int end;
};

inline Places places_of(const ConvolutionsPoolSizes& sizes, int element_bytes) {
  Places places{};
  PlaceCounter counter;
  places.weights = counter.put(9 * kBetween * kOut * element_bytes / 4);
  const int sums = kPixels * kBetween;
  const int gradient = kChunks * slots_of(sizes) * 4;
  const int beyond = std::max(0, (gradient - sums + kThreads - 1) / kThreads);
  const int behind_sums = std::max(2 * kAtOnce, beyond + kSums) * kThreads;
  places.gradient = places.sums = counter.put(sums + behind_sums);
  places.staged = places.sums + sums;
  places.kept = places.staged + behind_sums - kSums * kThreads;
  places.image = counter.put(sizes.image.height * sizes.image.width + kAtOnce);
  places.first_weights = counter.put(9 * kBetween);
  places.first_bias = counter.put(kBetween);
  places.end = counter.end();
  return places;
}

}  // namespace first_gradients

/// For the gradients of the second convolution.
namespace second_gradients {

inline constexpr int kSums = 9 * kBetween * kOut;

/// Slots of a row of the gradient: whole products, which take 4 columns of two rows as tf32 and 8
/// as bf16.
SALTUS_HD int pitch_of(const ConvolutionsPoolSizes& sizes, int element_bytes) {
  const int step = 16 / element_bytes;
  return (sizes.image.width - 4 + step - 1) / step * step;
}
/// Slots of a row of what is between.
SALTUS_HD int between_pitch_of(const ConvolutionsPoolSizes& sizes, int element_bytes) {
  return pitch_of(sizes, element_bytes) + 2;
}
SALTUS_HD int between_slots_of(const ConvolutionsPoolSizes& sizes, int element_bytes) {
  return sizes.between().height * between_pitch_of(sizes, element_bytes);
}

/// Rows of windows whose gradient is there at a time: half of them as tf32.
SALTUS_HD int rows_of_part(const ConvolutionsPoolSizes& sizes, int element_bytes) {
  const int height = sizes.pooled().height;
  return element_bytes == 4 ? (height + 1) / 2 : height;
}
/// Slots of a plane of the gradient. As tf32, one has two channels of two rows.
SALTUS_HD int slots_of(const ConvolutionsPoolSizes& sizes, int element_bytes) {
  const int rows = rows_of_part(sizes, element_bytes);
  return (element_bytes == 4 ? rows : 2 * rows) * pitch_of(sizes, element_bytes);
}
SALTUS_HD int planes_of(int element_bytes) {
  return element_bytes == 4 ? kOut / 2 : kOut / 8;
}

/// Where everything lies in shared memory, in words of 4 bytes.
struct Places {
  int between;   ///< [chunk][plane_of(between_slots_of())], of 16 bytes
  int gradient;  ///< [chunk of channels_out][plane_of(slots_of())]; between images the sums
  int staged;    ///< of bf16: [8][kThreads]
  int image, first_weights, first_bias;
  int end;
};

inline Places places_of(const ConvolutionsPoolSizes& sizes, int element_bytes) {
  Places places{};
  PlaceCounter counter;
  const int per_chunk = 16 / element_bytes;
  const int between = plane_of(between_slots_of(sizes, element_bytes));
  const int gradient = plane_of(slots_of(sizes, element_bytes));
  places.between = counter.put(kBetween / per_chunk * between * 4);
  places.gradient = counter.put(std::max(planes_of(element_bytes) * gradient * 4, kSums));
  places.staged = counter.put(element_bytes == 2 ? 8 * kThreads : 0);
  places.image = counter.put(sizes.image.height * sizes.image.width);
  places.first_weights = counter.put(9 * kBetween);
  places.first_bias = counter.put(kBetween);
  places.end = counter.end();
  return places;
}

}  // namespace second_gradients
}  // namespace saltus::kernels::resident

namespace saltus::kernels {

/// Whether there are kernels for these sizes, on a device whose blocks may have so many bytes of
/// shared memory.
inline bool has_convolutions_pool_backward(const ConvolutionsPoolSizes& sizes, int element_bytes,
                                           std::int64_t shared_bytes) {
  using namespace resident;
  const auto [image, channels, channels_out] = sizes;
  const auto fits = [](int extent) { return extent >= 6 && extent % 2 == 0; };
  if (channels != kBetween || channels_out != kOut || !fits(image.height) || !fits(image.width) ||
      image.width > first_gradients::kPixels || image.height > 1024) {
    return false;
  }
  const int most = std::max(first_gradients::places_of(sizes, element_bytes).end,
                            second_gradients::places_of(sizes, element_bytes).end);
  return std::int64_t{most} * 4 <= shared_bytes;
}

}  // namespace saltus::kernels
