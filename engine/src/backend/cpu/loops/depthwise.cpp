// Depthwise convolution, of as many inputs as outputs: channels lie side by side in memory, and
// each chunk of them is summed up in registers, tap after tap. Every sum has its order from
// position and tap alone. A product is rounded before it is added, so that all instruction sets
// give the same bits: what is read is read so often that a fused multiply-add would save nothing.
#include "backend/cpu/loops/vector.h"
#include "backend/cpu/loops/windows.h"

namespace saltus::cpu::SALTUS_ISA {
namespace {

/// N values of T, as a vector.
template <class T, int N>
struct VectorOf {
  using Type [[gnu::vector_size(sizeof(T) * N)]] = T;
};

/// N neighbouring channels, in one register.
template <int N>
struct Lanes {
  using Floats = typename VectorOf<float, N>::Type;
  using Words = typename VectorOf<std::uint32_t, N>::Type;
  using Halves = typename VectorOf<std::uint16_t, N>::Type;

  Floats values = {};

  SALTUS_HD void load(const float* source) { __builtin_memcpy(&values, source, sizeof values); }
  SALTUS_HD void load(const Bf16* source) {
    Halves halves;
    __builtin_memcpy(&halves, source, sizeof halves);
    const Words words = __builtin_convertvector(halves, Words) << 16;
    __builtin_memcpy(&values, &words, sizeof values);
  }
  SALTUS_HD void save(float* target) const { __builtin_memcpy(target, &values, sizeof values); }
  SALTUS_HD void save(Bf16* target) const {
    for (int i = 0; i < N; ++i) store(values[i], target[i]);
  }
};

template <>
struct Lanes<1> {
  float values = 0;

  template <class T>
  SALTUS_HD void load(const T* source) {
    values = to_float(*source);
  }
  template <class T>
  SALTUS_HD void save(T* target) const {
    store(values, *target);
  }
};

/// V * N neighbouring channels.
template <int V, int N>
struct Chunk {
  Lanes<N> at[V];

  template <class T>
  SALTUS_HD void load(const T* source) {
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) at[v].load(source + v * N);
  }
  template <class T>
  SALTUS_HD void save(T* target) const {
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) at[v].save(target + v * N);
  }
  SALTUS_HD void add(const Chunk& a) {
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) at[v].values += a.at[v].values;
  }
  SALTUS_HD void add_product(const Chunk& a, const Chunk& b) {
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) at[v].values += a.at[v].values * b.at[v].values;
  }
};

/// Calls function(empty chunk, first channel) for chunks that cover all channels.
template <class Function>
SALTUS_HD void for_each_chunk(std::int64_t channels, Function function) {
  std::int64_t c = 0;
  for (; c + 4 * kLanes <= channels; c += 4 * kLanes) function(Chunk<4, kLanes>(), c);
  for (; c + kLanes <= channels; c += kLanes) function(Chunk<1, kLanes>(), c);
  if constexpr (kLanes > 8) {
    if (c + 8 <= channels) {
      function(Chunk<1, 8>(), c);
      c += 8;
    }
  }
  if constexpr (kLanes > 4) {
    if (c + 4 <= channels) {
      function(Chunk<1, 4>(), c);
      c += 4;
    }
  }
  for (; c < channels; ++c) function(Chunk<1, 1>(), c);
}

/// One position of the output: its first channel there and in the image, which may lie outside,
/// and the part of its window that lies inside.
struct Position {
  const plan::Window* window;
  std::int64_t output, input;
  Area area;
  std::int64_t first_y, first_x;

  SALTUS_HD Position(const plan::Window& w, std::int64_t image, std::int64_t y, std::int64_t x)
      : window(&w),
        output(((image * w.output.height + y) * w.output.width + x) * w.channels_in),
        input(image * w.image.height * w.image.width * w.channels_in),
        area(w, y, x),
        first_y(y * w.strides.height - w.padding_before.height),
        first_x(x * w.strides.width - w.padding_before.width) {}

  /// Calls visit(first channel of the image's position, first channel of the tap) for the window.
  template <class Visit>
  SALTUS_HD void for_each_tap(Visit visit) const {
    const plan::Window& w = *window;
    for (std::int64_t y = area.rows.first; y < area.rows.last; ++y)
      for (std::int64_t x = area.columns.first; x < area.columns.last; ++x)
        visit(input + (y * w.image.width + x) * w.channels_in,
              ((y - first_y) * w.size.width + x - first_x) * w.channels_in);
  }
};

template <class Visit>
SALTUS_HD void for_each_position(const plan::Window& w, std::int64_t images, Visit visit) {
  for (std::int64_t image = 0; image < images; ++image)
    for (std::int64_t y = 0; y < w.output.height; ++y)
      for (std::int64_t x = 0; x < w.output.width; ++x) visit(Position(w, image, y, x));
}

}  // namespace

void depthwise_forward(In x, const float* w, const float* b, Out y, const plan::Window& window,
                       std::int64_t images) {
  with_elements(x, y, [&](const auto* from, auto* to) {
    for_each_position(
        window, images, [&](const Position& at) __attribute__((always_inline)) {
          for_each_chunk(
              window.channels_in, [&]<class Sum>(Sum sum, std::int64_t c)
                                      __attribute__((always_inline)) {
                                        if (b != nullptr) sum.load(b + c);
                                        at.for_each_tap([&](std::int64_t input, std::int64_t tap)
                                                            __attribute__((always_inline)) {
                                                              Sum value, weight;
                                                              value.load(from + input + c);
                                                              weight.load(w + tap + c);
                                                              sum.add_product(value, weight);
                                                            });
                                        sum.save(to + at.output + c);
                                      });
        });
  });
}

void depthwise_backward_data(In dy, const float* w, Out dx, const plan::Window& window,
                             std::int64_t images) {
  const plan::Window& s = window;
  with_elements(dy, dx, [&](const auto* from, auto* to) {
    for (std::int64_t image = 0; image < images; ++image) {
      Cover over_rows(s.size.height, s.strides.height, s.padding_before.height, s.output.height);
      for (std::int64_t y = 0; y < s.image.height; ++y) {
        const Range rows = over_rows.at(y);
        Cover over_columns(s.size.width, s.strides.width, s.padding_before.width, s.output.width);
        for (std::int64_t x = 0; x < s.image.width; ++x, to += s.channels_in) {
          const Range columns = over_columns.at(x);
          for_each_chunk(
              s.channels_in, [&]<class Sum>(Sum sum,
                                            std::int64_t c) __attribute__((always_inline)) {
                for (std::int64_t oy = rows.first; oy < rows.last; ++oy)
                  for (std::int64_t ox = columns.first; ox < columns.last; ++ox) {
                    const std::int64_t row = y + s.padding_before.height - oy * s.strides.height;
                    const std::int64_t column = x + s.padding_before.width - ox * s.strides.width;
                    const std::int64_t pixel = (image * s.output.height + oy) * s.output.width + ox;
                    Sum gradient, weight;
                    gradient.load(from + pixel * s.channels_in + c);
                    weight.load(w + (row * s.size.width + column) * s.channels_in + c);
                    sum.add_product(gradient, weight);
                  }
                sum.save(to + c);
              });
        }
      }
    }
  });
}

void depthwise_backward_weights(In x, In dy, float* dw, float* db, const plan::Window& window,
                                std::int64_t images) {
  with_elements(x, [&](const auto* from) {
    with_elements(dy, [&](const auto* gradients) {
      for_each_position(
          window, images, [&](const Position& at) __attribute__((always_inline)) {
            for_each_chunk(
                window.channels_in, [&]<class Sum>(Sum sum, std::int64_t c)
                                        __attribute__((always_inline)) {
                                          Sum gradient;
                                          gradient.load(gradients + at.output + c);
                                          if (db != nullptr) {
                                            sum.load(db + c);
                                            sum.add(gradient);
                                            sum.save(db + c);
                                          }
                                          at.for_each_tap([&](std::int64_t input, std::int64_t tap)
                                                              __attribute__((always_inline)) {
                                                                Sum value;
                                                                value.load(from + input + c);
                                                                sum.load(dw + tap + c);
                                                                sum.add_product(value, gradient);
                                                                sum.save(dw + tap + c);
                                                              });
                                        });
          });
    });
  });
}

}  // namespace saltus::cpu::SALTUS_ISA
