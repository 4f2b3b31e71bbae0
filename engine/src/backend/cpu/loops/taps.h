// Reading pooling windows: a window's positions are its taps, row-major. Positions in the padding
// are left out by reading the nearest position inside instead: a maximum that sees one element
// twice is the same, and so is the place of its first occurrence.
#pragma once

#include <saltus/kernels/pooling/rules.h>

#include "backend/cpu/loops/isa.h"

namespace saltus::cpu::SALTUS_ISA {

/// Floats that the pooling loops hold on the stack in one array.
inline constexpr std::int64_t kBlock = 512;

/// A stretch of pooled elements that is handled at once, contiguous in memory: whole pixels, or a
/// part of one pixel's channels.
struct Run {
  std::int64_t first;  ///< its first element, counted from the first image's
  std::int64_t pixel, pixels;
  std::int64_t channel, channels;

  [[nodiscard]] SALTUS_HD std::int64_t elements() const { return pixels * channels; }
};

/// Cuts the pooled images into runs of at most kBlock elements.
template <class Function>
SALTUS_HD void for_each_run(const plan::Window& window, std::int64_t images, Function function) {
  const std::int64_t all = window.channels_in;
  const std::int64_t pixels = images * window.output.height * window.output.width;
  const std::int64_t channels = smaller(all, kBlock);
  const std::int64_t group = kBlock / channels;
  for (std::int64_t pixel = 0; pixel < pixels; pixel += group)
    for (std::int64_t channel = 0; channel < all; channel += channels)
      function(Run{pixel * all + channel, pixel, smaller(group, pixels - pixel), channel,
                   smaller(channels, all - channel)});
}

/// One output pixel's window: taps outside the image are moved to its edge.
class Taps {
 public:
  SALTUS_HD Taps(const plan::Window& window, std::int64_t pixel) : window_(&window) {
    const plan::Window& w = window;
    const std::int64_t row = pixel / w.output.width;
    x_ = (pixel - row * w.output.width) * w.strides.width - w.padding_before.width;
    y_ = row % w.output.height * w.strides.height - w.padding_before.height;
    image_ = row / w.output.height * w.image.height;
  }
  /// Place of the tap's first channel, and its number after moving.
  struct Tap {
    std::int64_t offset;
    std::int32_t place;
  };
  [[nodiscard]] SALTUS_HD Tap at(std::int64_t row, std::int64_t column) const {
    const plan::Window& w = *window_;
    const std::int64_t y = smaller(larger(y_ + row, 0), w.image.height - 1);
    const std::int64_t x = smaller(larger(x_ + column, 0), w.image.width - 1);
    return {((image_ + y) * w.image.width + x) * w.channels_in,
            static_cast<std::int32_t>((y - y_) * w.size.width + x - x_)};
  }

 private:
  const plan::Window* window_;
  std::int64_t image_, y_, x_;
};

/// Largest x of each window and its place; `low` and `low_place`, where not null, receive the
/// smallest. NaN counts as larger and as smaller than everything.
template <bool both, class T>
void find_first(const T* x, const plan::Window& window, const Run& run, float* high,
                std::int32_t* high_place, float* low, std::int32_t* low_place) {
  const bool quads = window.size.height == 2 && window.size.width == 2;
  for (std::int64_t pixel = 0; pixel < run.pixels; ++pixel) {
    const Taps taps(window, run.pixel + pixel);
    const T* source = x + run.channel;
    const std::int64_t shift = pixel * run.channels;
    float* high_here = high + shift;
    std::int32_t* high_place_here = high_place + shift;
    float* low_here = both ? low + shift : nullptr;
    std::int32_t* low_place_here = both ? low_place + shift : nullptr;
    if (quads) {
      const Taps::Tap t0 = taps.at(0, 0), t1 = taps.at(0, 1), t2 = taps.at(1, 0),
                      t3 = taps.at(1, 1);
      const T* p0 = source + t0.offset;
      const T* p1 = source + t1.offset;
      const T* p2 = source + t2.offset;
      const T* p3 = source + t3.offset;
      SALTUS_INDEPENDENT
      for (std::int64_t c = 0; c < run.channels; ++c) {
        const float values[4] = {to_float(p0[c]), to_float(p1[c]), to_float(p2[c]),
                                 to_float(p3[c])};
        const std::int32_t places[4] = {t0.place, t1.place, t2.place, t3.place};
        float best = values[0];
        std::int32_t place = places[0];
        float least = values[0];
        std::int32_t least_place = places[0];
#pragma GCC unroll 4
        for (int tap = 1; tap < 4; ++tap) {
          const float v = values[tap];
          const bool above = kernels::replaces_largest(v, best);
          best = above ? v : best;
          place = above ? places[tap] : place;
          if constexpr (both) {
            const bool below = kernels::replaces_smallest(v, least);
            least = below ? v : least;
            least_place = below ? places[tap] : least_place;
          }
        }
        high_here[c] = best;
        high_place_here[c] = place;
        if constexpr (both) {
          low_here[c] = least;
          low_place_here[c] = least_place;
        }
      }
      continue;
    }
    for (std::int64_t row = 0; row < window.size.height; ++row)
      for (std::int64_t column = 0; column < window.size.width; ++column) {
        const Taps::Tap tap = taps.at(row, column);
        const T* p = source + tap.offset;
        const bool first = row == 0 && column == 0;
        SALTUS_INDEPENDENT
        for (std::int64_t c = 0; c < run.channels; ++c) {
          const float v = to_float(p[c]);
          const bool above = first || kernels::replaces_largest(v, high_here[c]);
          high_here[c] = above ? v : high_here[c];
          high_place_here[c] = above ? tap.place : high_place_here[c];
          if constexpr (both) {
            const bool below = first || kernels::replaces_smallest(v, low_here[c]);
            low_here[c] = below ? v : low_here[c];
            low_place_here[c] = below ? tap.place : low_place_here[c];
          }
        }
      }
  }
}

/// Largest x of each window, the first where several are, and its place; NaN is larger than all.
template <class T>
void find_largest(const T* x, const plan::Window& window, const Run& run, float* value,
                  std::int32_t* place) {
  find_first<false>(x, window, run, value, place, nullptr, nullptr);
}

/// Largest and smallest x.
template <class T>
void find_extremes(const T* x, const plan::Window& window, const Run& run, float* high,
                   std::int32_t* high_place, float* low, std::int32_t* low_place) {
  find_first<true>(x, window, run, high, high_place, low, low_place);
}

/// x at one tap of each window, and the tap's place.
template <class T>
void gather_tap(const T* x, const plan::Window& window, const Run& run, std::int64_t tap,
                float* value, std::int32_t* place) {
  for (std::int64_t pixel = 0; pixel < run.pixels; ++pixel) {
    const auto at =
        Taps(window, run.pixel + pixel).at(tap / window.size.width, tap % window.size.width);
    const T* source = x + run.channel + at.offset;
    for (std::int64_t c = 0; c < run.channels; ++c) {
      value[pixel * run.channels + c] = to_float(source[c]);
      place[pixel * run.channels + c] = at.place;
    }
  }
}

}  // namespace saltus::cpu::SALTUS_ISA
