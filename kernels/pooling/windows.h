// What the kernels of poolings and depthwise convolutions share: which thread takes what, and the
// walk over a window.
#pragma once

#include <saltus/kernels/device/any_quad.h>
#include <saltus/kernels/device/extents.h>
#include <saltus/kernels/matrix/divider.h>
#include <saltus/kernels/pooling/rules.h>
#include <saltus/kernels/window.h>

namespace saltus::kernels::pooling {

inline constexpr int kThreads = 256;

SALTUS_HD std::int64_t elements_of(const Extent& image, int channels) {
  return std::int64_t{image.height} * image.width * channels;
}

/// A pixel of a batch of images, and the first of the channels that a thread takes.
struct Place {
  int row, y, x;
  int channel;
  std::int64_t element;  ///< that channel's, counted over the batch
};

/// How the pixels of a batch are dealt out. A thread takes four channels of one pixel, or one where
/// quads are not allowed; a block takes whole pixels, as many as it has threads for, or as many
/// channels of one pixel.
class Dealing {
 public:
  Dealing(const Extent& image, int channels, bool quads)
      : channels_(channels),
        width_(quads ? 4 : 1),
        threads_of_pixel_(channels / width_ < kThreads ? channels / width_ : kThreads),
        pixels_of_block_(kThreads / threads_of_pixel_.divisor()),
        pixels_(image.height * image.width),
        columns_(image.width) {}

  [[nodiscard]] Grid grid(const LaunchContext& context) const {
    return {blocks_for(std::int64_t{context.max_rows} * pixels_.divisor(), pixels_of_block_),
            blocks_for(channels_, threads_of_pixel_.divisor() * width_), context.trials.count};
  }
  [[nodiscard]] dim3 block() const {
    return dim3(static_cast<unsigned>(pixels_of_block_ * threads_of_pixel_.divisor()));
  }

  /// Channels of a thread.
  [[nodiscard]] SALTUS_HD int width() const { return width_; }
  [[nodiscard]] SALTUS_HD bool quads() const { return width_ == 4; }

  /// The calling thread's place in a batch of so many rows; false where it has none.
  __device__ bool find(int rows, Place& place) const {
    const auto thread = static_cast<int>(threadIdx.x);
    const int pixel_of_block = threads_of_pixel_.quotient(thread);
    const int lane = thread - pixel_of_block * threads_of_pixel_.divisor();
    place.channel = (static_cast<int>(blockIdx.y) * threads_of_pixel_.divisor() + lane) * width_;
    const std::int64_t pixel = std::int64_t{blockIdx.x} * pixels_of_block_ + pixel_of_block;
    if (place.channel >= channels_ || pixel >= std::int64_t{rows} * pixels_.divisor()) return false;
    place.element = pixel * channels_ + place.channel;
    place.row = pixels_.quotient(static_cast<int>(pixel));
    const int of_image = static_cast<int>(pixel) - place.row * pixels_.divisor();
    place.y = columns_.quotient(of_image);
    place.x = of_image - place.y * columns_.divisor();
    return true;
  }

 private:
  int channels_, width_;
  Divider threads_of_pixel_;  ///< in a block
  int pixels_of_block_;
  Divider pixels_, columns_;  ///< of an image
};

/// The part of an output pixel's window that lies inside the image.
struct Area {
  Range<int> rows, columns;
  int first_y, first_x;  ///< where the window begins, maybe outside

  SALTUS_HD Area(const Window& w, int y, int x)
      : rows(inside(y, w.size.height, w.strides.height, w.padding.height, w.image.height)),
        columns(inside(x, w.size.width, w.strides.width, w.padding.width, w.image.width)),
        first_y(y * w.strides.height - w.padding.height),
        first_x(x * w.strides.width - w.padding.width) {}

  [[nodiscard]] SALTUS_HD int positions() const { return rows.size() * columns.size(); }
  [[nodiscard]] SALTUS_HD bool holds(int y, int x) const {
    return y >= rows.first && y < rows.last && x >= columns.first && x < columns.last;
  }
};

/// Loads a thread's channels.
template <class T, int kWidth>
struct Fetch {
  const T* elements;

  /// For the elements from that one on.
  [[nodiscard]] __device__ Fetch of(std::int64_t first) const { return {elements + first}; }
  __device__ Quad operator()(int i) const {
    if constexpr (kWidth == 4)
      return fetch_quad(elements + i);
    else
      return {{fetch(elements + i)}};
  }
  /// That many bytes.
  __device__ static ByteQuad bytes(const std::uint8_t* first) {
    if constexpr (kWidth == 4)
      return fetch_bytes(first);
    else
      return {{fetch(first)}};
  }
};

/// Calls visit(fetch) with a Fetch for the elements behind `first`. Which, is the same for a whole
/// launch, and is asked out here, not in the loops of `visit`.
template <class Visit>
__device__ void with_fetch(const AnyInput& input, int trial, std::int64_t first, bool quads,
                           const Visit& visit) {
  const auto choose = [&]<class T>(const T* elements) {
    if (quads)
      visit(Fetch<T, 4>{elements});
    else
      visit(Fetch<T, 1>{elements});
  };
  if (input.floats())
    choose(input.floats()[trial] + first);
  else
    choose(input.halves()[trial] + first);
}

/// Loads a thread's channels from an element on, asking for each load what it is: for walks with
/// enough beside them that four copies by with_fetch would spill registers.
__device__ inline Quad fetch_channels(const AnyInput& input, int trial, std::int64_t i,
                                      bool quads) {
  if (quads) return fetch_quad(input, trial, i);
  return {{input.load(trial, i)}};
}

/// Calls visit(values, place in the window) for the positions of an area, row by row. `fetch` loads
/// from the image of the window. Two loads are under way at a time.
template <class Fetch, class Visit>
__device__ void for_positions(const Window& w, const Area& area, const Fetch& fetch,
                              const Visit& visit) {
  for (int y = area.rows.first; y < area.rows.last; ++y) {
    const int place = (y - area.first_y) * w.size.width - area.first_x;
    for (int x = area.columns.first; x < area.columns.last; x += 2) {
      const bool both = x + 1 < area.columns.last;
      const int i = (y * w.image.width + x) * w.channels_in;
      const Quad first = fetch(i);
      const Quad second = fetch(both ? i + w.channels_in : i);
      visit(first, place + x);
      if (both) visit(second, place + x + 1);
    }
  }
}

/// The windows that cover a pixel of the image.
class Cover {
 public:
  explicit Cover(const Window& w) : down_(w.strides.height), right_(w.strides.width) {}

  struct Windows {
    Range<int> rows, columns;
  };
  [[nodiscard]] SALTUS_HD Windows at(const Window& w, int y, int x) const {
    return {of(y + w.padding.height, w.size.height, down_, w.output.height),
            of(x + w.padding.width, w.size.width, right_, w.output.width)};
  }

 private:
  /// Along one axis: window o covers [o stride, o stride + size).
  SALTUS_HD static Range<int> of(int position, int size, const Divider& stride, int outputs) {
    const int first = position < size ? 0 : stride.quotient(position - size) + 1;
    const int last = stride.quotient(position) + 1;
    return {first, last < outputs ? last : outputs};
  }

  Divider down_, right_;
};

/// The sum of term(y, x), four channels each, over the windows, row by row.
template <class Term>
__device__ Quad add_windows(const Cover::Windows& windows, const Term& term) {
  Quad sum = {};
  for (int y = windows.rows.first; y < windows.rows.last; ++y)
    for (int x = windows.columns.first; x < windows.columns.last; ++x) {
      const Quad next = term(y, x);
#pragma unroll
      for (int j = 0; j < 4; ++j) sum.values[j] += next.values[j];
    }
  return sum;
}

/// Stores a thread's channels.
__device__ inline void store_channels(const Quad& values, const AnyOutput& output, int trial,
                                      const Place& place, const Dealing& dealing) {
  store_some(values, output, trial, place.element, place.element + dealing.width(),
             dealing.quads());
}

}  // namespace saltus::kernels::pooling
