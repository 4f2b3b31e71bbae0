// The largest and the smallest elements of windows.
#pragma once

#include <limits>

#include <saltus/kernels/pooling/windows.h>

namespace saltus::kernels::pooling {

inline constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// Chosen elements, one for each of a thread's channels, and their places in the window.
struct Chosen {
  Quad x;
  int places[4];

  __device__ void keep_larger(const Quad& next, int place) {
#pragma unroll
    for (int j = 0; j < 4; ++j)
      if (replaces_largest(next.values[j], x.values[j])) {
        x.values[j] = next.values[j];
        places[j] = place;
      }
  }
  __device__ void keep_smaller(const Quad& next, int place) {
#pragma unroll
    for (int j = 0; j < 4; ++j)
      if (replaces_smallest(next.values[j], x.values[j])) {
        x.values[j] = next.values[j];
        places[j] = place;
      }
  }
};

/// An element of a window, and its place there.
struct Extreme {
  float x;
  int place;

  __device__ void keep_larger(float next, int next_place) {
    if (replaces_largest(next, x)) *this = {next, next_place};
  }
  __device__ void keep_smaller(float next, int next_place) {
    if (replaces_smallest(next, x)) *this = {next, next_place};
  }
};

/// The largest f so far of each of a thread's channels.
struct Maximum {
  Quad y = {{-kInfinity, -kInfinity, -kInfinity, -kInfinity}};
  Quad slope = {};
  int places[4] = {kLastPlace, kLastPlace, kLastPlace, kLastPlace};

  /// Whether f at that place of channel j is the largest now.
  __device__ bool keep_larger(int j, float f, int place) {
    if (!replaces_maximum(f, place, y.values[j], places[j])) return false;
    y.values[j] = f;
    places[j] = place;
    return true;
  }

 private:
  static constexpr int kLastPlace = std::numeric_limits<int>::max();  // whatever comes is better
};

/// The largest element of each channel in high; in low, for kBoth, the smallest.
template <bool kBoth>
__device__ void find_extremes(const AnyInput& input, int trial, const Window& w,
                              const Place& output, bool quads, Chosen& high, Chosen& low) {
  const Area area(w, output.y, output.x);
  // What a window of infinities, whom no element replaces, must come to.
  const int first_place =
      (area.rows.first - area.first_y) * w.size.width + area.columns.first - area.first_x;
#pragma unroll
  for (int j = 0; j < 4; ++j) {
    high.x.values[j] = -kInfinity;
    low.x.values[j] = kInfinity;
    high.places[j] = low.places[j] = first_place;
  }
  const std::int64_t image = output.row * elements_of(w.image, w.channels_in) + output.channel;
  const auto fetch = [&](int i) { return fetch_channels(input, trial, image + i, quads); };
  for_positions(w, area, fetch, [&](const Quad& x, int place) {
    high.keep_larger(x, place);
    if constexpr (kBoth) low.keep_smaller(x, place);
  });
}

/// Stores places as bytes, where they are wanted.
__device__ inline void store_places(const int (&places)[4], const PerTrial<std::uint8_t>& index,
                                    int trial, const Place& output, bool quads) {
  if (!index) return;
  std::uint8_t* const first = index[trial] + output.element;
  if (quads)
    store_bytes({{static_cast<std::uint8_t>(places[0]), static_cast<std::uint8_t>(places[1]),
                  static_cast<std::uint8_t>(places[2]), static_cast<std::uint8_t>(places[3])}},
                first);
  else
    *first = static_cast<std::uint8_t>(places[0]);
}

}  // namespace saltus::kernels::pooling
