// Backward of a convolution behind a max-pool. Of each pooling window only the position that won
// has a gradient, so the sums run over pooled positions, a quarter of all behind a 2x2 pool.
//
// Both gradients are sums over windows of x (or dx): rows of width * channels_in floats that lie
// together in memory. Weights are kept as [out][row][width * channels_in, rounded up to 16], so
// that window and weights of one output channel are alike, and a tile of both stays in registers:
//
//   weights: for each output channel, over positions:         tile of dw += dy * tile of x
//   data:    for each position and tap, over its channels:    tile of dx += dy * tile of w
//
// Every sum has its order from position, tap and channel alone, whatever the tiles are.
#include "backend/cpu/loops/vector.h"

namespace saltus::cpu::SALTUS_ISA {
namespace {

/// Sixteen floats; rows are rounded up to them.
constexpr std::int64_t kChunk = 16;
/// Registers that a tile may take, and the most chunks in one of its rows.
constexpr int kTileVectors = kVectorRegisters == 32 ? 24 : 12;
constexpr int kTileChunks = kTileVectors * kLanes / static_cast<int>(kChunk);
constexpr int kTileWidth = kTileChunks < 8 ? kTileChunks : 8;
constexpr int kTileRows = 3;
/// Bytes of x that are read over and over, for one output channel after the other.
constexpr std::int64_t kStripBytes = 24 << 10;
/// Bytes of weights that are read over and over, for one position after the other.
constexpr std::int64_t kGroupBytes = 40 << 10;
/// Most output channels that are taken together: their choices fit one mask.
constexpr std::int64_t kGroup = 64;

/// Extents, in floats.
struct Geometry {
  std::int64_t height, width;  ///< of the padded image
  std::int64_t channels_in, channels_out;
  std::int64_t image_row;   ///< of the padded image
  std::int64_t rows, row;   ///< of the window
  std::int64_t padded_row;  ///< the window's row, rounded up to kChunk
  std::int64_t weights;     ///< of one output channel, padded
  std::int64_t pooled_height, pooled_width;
  std::int64_t down, right;  ///< from one pooled position to the next, in the image
  std::int64_t origin;  ///< of the first pooled position: not in the image where pool is padded
  std::int64_t taps;
  int tap_bits;                  ///< of a tap's number
  bool copied;                   ///< whether x and dx go through scratch
  std::int64_t tap_offset[256];  ///< in the image

  Geometry(const plan::Window& window, const plan::Window& pool);
};

std::int64_t padded_height(const plan::Window& w) {
  return w.image.height + w.padding_before.height + w.padding_after.height;
}
std::int64_t padded_width(const plan::Window& w) {
  return w.image.width + w.padding_before.width + w.padding_after.width;
}
std::int64_t round_up(std::int64_t n) {
  return (n + kChunk - 1) / kChunk * kChunk;
}
/// Where the image is padded, or rows end inside a chunk, x is copied and dx is collected in
/// scratch: a padded image with some room behind it.
bool needs_copy(const plan::Window& w) {
  const std::int64_t row = w.size.width * w.channels_in;
  return padded_height(w) != w.image.height || padded_width(w) != w.image.width ||
         row != round_up(row);
}

Geometry::Geometry(const plan::Window& window, const plan::Window& pool)
    : height(padded_height(window)),
      width(padded_width(window)),
      channels_in(window.channels_in),
      channels_out(window.channels_out),
      image_row(width * channels_in),
      rows(window.size.height),
      row(window.size.width * channels_in),
      padded_row(round_up(row)),
      weights(rows * padded_row),
      pooled_height(pool.output.height),
      pooled_width(pool.output.width),
      taps(pool.size.height * pool.size.width),
      tap_bits(0),
      copied(needs_copy(window)) {
  const std::int64_t step_down = window.strides.height * image_row;
  const std::int64_t step_right = window.strides.width * channels_in;
  down = pool.strides.height * step_down;
  right = pool.strides.width * step_right;
  origin = -pool.padding_before.height * step_down - pool.padding_before.width * step_right;
  while (std::int64_t{1} << tap_bits < taps) ++tap_bits;
  for (std::int64_t tap = 0; tap < taps; ++tap)
    tap_offset[tap] = tap / pool.size.width * step_down + tap % pool.size.width * step_right;
}

/// Copies one image into the middle of its padded version.
void pad_image(const float* image, const plan::Window& w, const Geometry& g, float* padded) {
  const std::int64_t all = g.height * g.image_row + kChunk;
  __builtin_memset(padded, 0, sizeof(float) * static_cast<std::size_t>(all));
  const std::int64_t row = w.image.width * w.channels_in;
  float* inner =
      padded + w.padding_before.height * g.image_row + w.padding_before.width * w.channels_in;
  for (std::int64_t y = 0; y < w.image.height; ++y)
    for (std::int64_t i = 0; i < row; ++i) inner[y * g.image_row + i] = image[y * row + i];
}

/// The other way.
void crop_image(const float* padded, const plan::Window& w, const Geometry& g, float* image) {
  const std::int64_t row = w.image.width * w.channels_in;
  const float* inner =
      padded + w.padding_before.height * g.image_row + w.padding_before.width * w.channels_in;
  for (std::int64_t y = 0; y < w.image.height; ++y)
    for (std::int64_t i = 0; i < row; ++i) image[y * row + i] = inner[y * g.image_row + i];
}

/// Makes the compiler forget how an address was computed, so that it addresses a row's vectors by
/// constant distances from it; otherwise it computes, and spills, an address for each.
template <class T>
SALTUS_HD void hide(T& place) {
  asm("" : "+r"(place));
}

/// Rows and chunks of a tile.
template <int R, int V>
struct Tile {
  static constexpr int kVectors = V * static_cast<int>(kChunk) / kLanes;
  Vector at[R][kVectors];

  SALTUS_HD void load(const float* source, std::int64_t row) {
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r, source += row) {
      hide(source);
#pragma GCC unroll 32
      for (int v = 0; v < kVectors; ++v) at[r][v] = load_vector(source + v * kLanes);
    }
  }
  SALTUS_HD void store(float* target, std::int64_t row) const {
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r, target += row) {
      hide(target);
#pragma GCC unroll 32
      for (int v = 0; v < kVectors; ++v) store_vector(at[r][v], target + v * kLanes);
    }
  }
  /// += factor * source
  SALTUS_HD void add(float factor, const float* source, std::int64_t row) {
    const Vector factors = broadcast(factor);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r, source += row) {
      hide(source);
#pragma GCC unroll 32
      for (int v = 0; v < kVectors; ++v)
        at[r][v] = fma(factors, load_vector(source + v * kLanes), at[r][v]);
    }
  }
};

/// One tile's part of the weights' gradient, from the pooled rows first to last - 1 of an image.
struct WeightsTask {
  const Geometry* geometry;
  const float* x;  ///< the image, at the tile's place in the window
  const float* dy;
  const std::uint8_t* index;
  float* dw;  ///< at the tile
  std::int64_t first, last;
};
template <int R, int V>
void add_weights(const WeightsTask& t) {
  const Geometry& g = *t.geometry;
  const std::int64_t last = (t.last - t.first) * g.pooled_width - 1;
  const float* start = t.x + t.first * g.down;
  for (std::int64_t channel = 0; channel < g.channels_out; ++channel) {
    const std::int64_t place = t.first * g.pooled_width * g.channels_out + channel;
    const float* dy = t.dy + place;
    const std::uint8_t* index = t.index + place;
    Tile<R, V> tile;
    tile.load(t.dw + channel * g.weights, g.padded_row);
    // The next window's address is found one position ahead: its loads need not wait for it.
    const float* row = start;
    std::int64_t column = 0;
    const float* next = row + g.tap_offset[*index];
    for (std::int64_t position = 0; position <= last; ++position) {
      const float* window = next;
      hide(window);
      const bool turn = ++column == g.pooled_width;
      column = turn ? 0 : column;
      row += turn ? g.down : 0;
      index += position < last ? g.channels_out : 0;
      next = row + column * g.right + g.tap_offset[*index];
      hide(next);
      tile.add(*dy, window, g.image_row);
      dy += g.channels_out;
    }
    tile.store(t.dw + channel * g.weights, g.padded_row);
  }
}

/// The channels of a group that chose one tap, as bits, and the tap's place in the image.
struct Choice {
  std::uint64_t channels;
  std::int64_t offset;
};
/// One position's part of the data's gradient, from one group of channels.
struct DataTask {
  const Geometry* geometry;
  const float* dy;
  Choice choices[256];
  std::int64_t count;
};
/// One tile of it, for the choices first to last - 1.
template <int R, int V>
void add_data(const DataTask& t, std::int64_t first, std::int64_t last, const float* w, float* dx) {
  const std::int64_t weights = t.geometry->weights;
  const std::int64_t padded_row = t.geometry->padded_row;
  const std::int64_t image_row = t.geometry->image_row;
  for (std::int64_t choice = first; choice < last; ++choice) {
    float* place = dx + t.choices[choice].offset;
    std::uint64_t rest = t.choices[choice].channels;
    Tile<R, V> tile;
    tile.load(place, image_row);
    do {
      const std::int64_t channel = __builtin_ctzll(rest);
      rest &= rest - 1;
      tile.add(t.dy[channel], w + channel * weights, padded_row);
    } while (rest != 0);
    tile.store(place, image_row);
  }
}

using AddWeights = void (*)(const WeightsTask&);
using AddData = void (*)(const DataTask&, std::int64_t first, std::int64_t last, const float* w,
                         float* dx);

/// The functions for a tile of `rows` and `chunks`.
struct TileFunctions {
  AddWeights add_weights = nullptr;
  AddData add_data = nullptr;
};
template <int R, int V>
void find_tile(int rows, int chunks, TileFunctions& found) {
  if constexpr (R * V <= kTileChunks)
    if (rows == R && chunks == V) found = {&add_weights<R, V>, &add_data<R, V>};
  if constexpr (V < kTileWidth)
    find_tile<R, V + 1>(rows, chunks, found);
  else if constexpr (R < kTileRows)
    find_tile<R + 1, 1>(rows, chunks, found);
}

/// A tile and its place.
struct PlacedTile : TileFunctions {
  std::int64_t in_weights, in_image;
};

/// How some rows of a window are cut into tiles.
class Tiling {
 public:
  /// Rows first to last - 1.
  Tiling(const Geometry& g, std::int64_t first, std::int64_t last)
      : geometry_(&g),
        first_(first),
        last_(last),
        chunks_(g.padded_row / kChunk),
        width_(even_part(chunks_, kTileWidth)),
        height_(even_part(last - first, smaller(kTileRows, kTileChunks / width_))) {
    const std::int64_t heights[2] = {height_, (last - first - 1) % height_ + 1};
    const std::int64_t widths[2] = {width_, (chunks_ - 1) % width_ + 1};
    for (int i = 0; i < 2; ++i)
      for (int j = 0; j < 2; ++j)
        find_tile<1, 1>(static_cast<int>(heights[i]), static_cast<int>(widths[j]),
                        functions_[i][j]);
  }

  [[nodiscard]] SALTUS_HD bool single() const {
    return width_ == chunks_ && height_ == last_ - first_;
  }

  /// Calls function(tile) for all tiles.
  template <class Function>
  SALTUS_HD void for_each(Function function) const {
    for (std::int64_t row = first_; row < last_; row += height_)
      for (std::int64_t chunk = 0; chunk < chunks_; chunk += width_) {
        const int lowest = row + height_ >= last_ ? 1 : 0;
        const int rightmost = chunk + width_ >= chunks_ ? 1 : 0;
        function(PlacedTile{functions_[lowest][rightmost],
                            row * geometry_->padded_row + chunk * kChunk,
                            row * geometry_->image_row + chunk * kChunk});
      }
  }

 private:
  /// The largest part when `whole` is cut as evenly as can be into the fewest parts of at most
  /// `most`.
  static std::int64_t even_part(std::int64_t whole, std::int64_t most) {
    const std::int64_t parts = (whole + most - 1) / most;
    return (whole + parts - 1) / parts;
  }

  const Geometry* geometry_;
  std::int64_t first_, last_, chunks_, width_, height_;
  TileFunctions functions_[2][2];  ///< [of the lowest row][of the last chunk]
};

/// Bit i of the result is bit `bit` of bytes[i].
SALTUS_HD std::uint64_t bit_plane(const std::uint8_t (&bytes)[kGroup], int bit) {
  std::uint64_t plane = 0;
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) {
    std::uint64_t eight;
    __builtin_memcpy(&eight, bytes + 8 * i, 8);
    eight = eight >> bit & 0x0101010101010101u;
    plane |= (eight * 0x0102040810204080u >> 56) << (8 * i);
  }
  return plane;
}

/// Fills the task's choices.
void find_choices(const Geometry& g, const std::uint8_t* index, std::int64_t channels,
                  DataTask& task) {
  std::uint8_t choice[kGroup] = {};
  for (std::int64_t channel = 0; channel < channels; ++channel) choice[channel] = index[channel];
  std::uint64_t planes[8];
  for (int bit = 0; bit < g.tap_bits; ++bit) planes[bit] = bit_plane(choice, bit);
  const std::uint64_t all = ~std::uint64_t{0} >> (kGroup - channels);
  task.count = 0;
  for (std::int64_t tap = 0; tap < g.taps; ++tap) {
    std::uint64_t mask = all;
    for (int bit = 0; bit < g.tap_bits; ++bit)
      mask &= (tap >> bit & 1) != 0 ? planes[bit] : ~planes[bit];
    task.choices[task.count] = {mask, g.tap_offset[tap]};
    task.count += mask != 0 ? 1 : 0;
  }
}

/// Rows of the window and output channels whose weights stay in the cache together.
struct Slab {
  std::int64_t rows, channels;

  explicit Slab(const Geometry& g) {
    const std::int64_t row = g.padded_row * std::int64_t{sizeof(float)};
    // Few channels at once would leave many batches unfilled: rather a part of the window.
    rows = smaller(larger(kGroupBytes / (kGroup / 2 * row), 1), g.rows);
    channels = smaller(larger(kGroupBytes / (rows * row) / 8 * 8, 8), kGroup);
  }
};

}  // namespace

bool pooled_convolution_supported(const plan::Window& window, const plan::Window& pool) {
  if (!kFastFma || pool.size.height * pool.size.width > 16) return false;
  const Geometry g(window, pool);
  // The dense gradient comes nearer to the peak, and needs no masks.
  const std::int64_t dense = window.output.height * window.output.width * g.row;
  const std::int64_t pooled = g.pooled_height * g.pooled_width * g.padded_row;
  return 2 * pooled <= dense;
}

std::int64_t pooled_convolution_weights_size(const plan::Window& window) {
  return window.channels_out * window.size.height *
         round_up(window.size.width * window.channels_in);
}

std::int64_t pooled_convolution_scratch_size(const plan::Window& window) {
  if (!needs_copy(window)) return 0;
  return padded_height(window) * padded_width(window) * window.channels_in + kChunk;
}

void pooled_convolution_prepare(const float* w, float* w_own, const plan::Window& window) {
  const std::int64_t row = window.size.width * window.channels_in;
  const std::int64_t padded_row = round_up(row);
  for (std::int64_t channel = 0; channel < window.channels_out; ++channel)
    for (std::int64_t y = 0; y < window.size.height; ++y) {
      const float* from = w + y * row * window.channels_out + channel;
      for (std::int64_t i = 0; i < padded_row; ++i)
        *w_own++ = i < row ? from[i * window.channels_out] : 0.0f;
    }
}

void pooled_convolution_finish(const float* dw_own, float* dw, const plan::Window& window) {
  const std::int64_t row = window.size.width * window.channels_in;
  const std::int64_t padded_row = round_up(row);
  for (std::int64_t channel = 0; channel < window.channels_out; ++channel)
    for (std::int64_t y = 0; y < window.size.height; ++y, dw_own += padded_row) {
      float* to = dw + y * row * window.channels_out + channel;
      for (std::int64_t i = 0; i < row; ++i) to[i * window.channels_out] += dw_own[i];
    }
}

void pooled_convolution_weights(const float* x, const float* dy, const std::uint8_t* index,
                                float* dw_own, float* db, const plan::Window& window,
                                const plan::Window& pool, std::int64_t images, float* scratch) {
  const Geometry g(window, pool);
  const Tiling tiling(g, 0, g.rows);
  const std::int64_t image_size = window.image.height * window.image.width * g.channels_in;
  const std::int64_t pooled = g.pooled_height * g.pooled_width;
  const std::int64_t strip = larger(1, kStripBytes / (g.down * std::int64_t{sizeof(float)}));
  for (std::int64_t image = 0; image < images; ++image) {
    const float* source = x + image * image_size;
    if (g.copied) pad_image(source, window, g, scratch);
    const float* padded = g.copied ? scratch : source;
    const std::int64_t start = image * pooled * g.channels_out;
    for (std::int64_t row = 0; row < g.pooled_height; row += strip)
      tiling.for_each([&](const PlacedTile& tile) {
        tile.add_weights({&g, padded + g.origin + tile.in_image, dy + start, index + start,
                          dw_own + tile.in_weights, row, smaller(row + strip, g.pooled_height)});
      });
  }
  if (db == nullptr) return;
  for (std::int64_t position = 0; position < images * pooled; ++position)
    for (std::int64_t channel = 0; channel < g.channels_out; ++channel)
      db[channel] += dy[position * g.channels_out + channel];
}

void pooled_convolution_data(const float* w_own, const float* dy, const std::uint8_t* index,
                             float* dx, const plan::Window& window, const plan::Window& pool,
                             std::int64_t images, float* scratch) {
  const Geometry g(window, pool);
  const Slab slab(g);
  const std::int64_t image_size = window.image.height * window.image.width * g.channels_in;
  const std::int64_t pooled = g.pooled_height * g.pooled_width;
  DataTask task = {};
  task.geometry = &g;
  for (std::int64_t image = 0; image < images; ++image) {
    float* target = g.copied ? scratch : dx + image * image_size;
    const std::int64_t size = g.copied ? g.height * g.image_row + kChunk : image_size;
    __builtin_memset(target, 0, sizeof(float) * static_cast<std::size_t>(size));
    for (std::int64_t first = 0; first < g.channels_out; first += slab.channels) {
      const std::int64_t channels = smaller(slab.channels, g.channels_out - first);
      const float* w = w_own + first * g.weights;
      for (std::int64_t row = 0; row < g.rows; row += slab.rows) {
        const Tiling tiling(g, row, smaller(row + slab.rows, g.rows));
        for (std::int64_t position = 0; position < pooled; ++position) {
          const std::int64_t place = (image * pooled + position) * g.channels_out + first;
          task.dy = dy + place;
          find_choices(g, index + place, channels, task);
          float* here = target + g.origin + position / g.pooled_width * g.down +
                        position % g.pooled_width * g.right;
          // Choice after choice, for tiles of different choices overlap: the sums' order must not
          // depend on the tiles.
          const std::int64_t step = tiling.single() ? task.count : 1;
          for (std::int64_t choice = 0; choice < task.count; choice += step)
            tiling.for_each([&](const PlacedTile& tile) {
              tile.add_data(task, choice, choice + step, w + tile.in_weights, here + tile.in_image);
            });
        }
      }
    }
    if (g.copied) crop_image(scratch, window, g, dx + image * image_size);
  }
}

}  // namespace saltus::cpu::SALTUS_ISA
