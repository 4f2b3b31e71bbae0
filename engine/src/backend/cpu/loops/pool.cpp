// Average pooling, and the backward passes of both poolings: each input pixel collects from the
// windows that cover it, in row-major order, so nothing has to be zeroed first.
#include "backend/cpu/loops/taps.h"
#include "backend/cpu/loops/windows.h"

namespace saltus::cpu::SALTUS_ISA {
namespace {

/// One window over an input pixel: its place among the outputs, and the pixel's tap in it.
struct Covering {
  std::int64_t y, x;
  std::int64_t tap;
};

/// dx = sum of make(first element of y, window)(channel) over the windows over each input pixel,
/// channels counted from that first element.
template <class T, class Make>
SALTUS_HD void collect_windows(T* dx, const plan::Window& w, std::int64_t images, Make make) {
  const std::int64_t channels = w.channels_in;
  for (std::int64_t image = 0; image < images; ++image) {
    Cover rows(w.size.height, w.strides.height, w.padding_before.height, w.output.height);
    for (std::int64_t y = 0; y < w.image.height; ++y) {
      const Range row = rows.at(y);
      Cover columns(w.size.width, w.strides.width, w.padding_before.width, w.output.width);
      for (std::int64_t x = 0; x < w.image.width; ++x, dx += channels) {
        const Range column = columns.at(x);
        const auto term = [&](std::int64_t oy, std::int64_t ox, std::int64_t channel)
            __attribute__((always_inline)) {
          const std::int64_t tap_y = y + w.padding_before.height - oy * w.strides.height;
          const std::int64_t tap_x = x + w.padding_before.width - ox * w.strides.width;
          const std::int64_t pixel = (image * w.output.height + oy) * w.output.width + ox;
          return make(pixel * channels + channel, Covering{oy, ox, tap_y * w.size.width + tap_x});
        };
        if (row.size() == 1 && column.size() == 1) {
          const auto only = term(row.first, column.first, 0);
          SALTUS_INDEPENDENT
          for (std::int64_t c = 0; c < channels; ++c) store(only(c), dx[c]);
          continue;
        }
        for (std::int64_t channel = 0; channel < channels; channel += kBlock) {
          const std::int64_t count = smaller(kBlock, channels - channel);
          float sums[kBlock];
          for (std::int64_t c = 0; c < count; ++c) sums[c] = 0.0f;
          for (std::int64_t oy = row.first; oy < row.last; ++oy)
            for (std::int64_t ox = column.first; ox < column.last; ++ox) {
              const auto next = term(oy, ox, channel);
              SALTUS_INDEPENDENT
              for (std::int64_t c = 0; c < count; ++c) sums[c] += next(c);
            }
          for (std::int64_t c = 0; c < count; ++c) store(sums[c], dx[channel + c]);
        }
      }
    }
  }
}

}  // namespace

void max_pool_backward(In dy, const std::uint8_t* index, Out dx, const plan::Window& window,
                       std::int64_t images) {
  with_elements(dy, dx, [&](const auto* from, auto* to) {
    collect_windows(
        to, window,
        images, [=](std::int64_t first, const Covering& at) __attribute__((always_inline)) {
          const auto* gradient = from + first;
          const std::uint8_t* places = index + first;
          const auto tap = static_cast<std::uint8_t>(at.tap);
          return [=](std::int64_t c) __attribute__((always_inline)) {
            return places[c] == tap ? to_float(gradient[c]) : 0.0f;
          };
        });
  });
}

void gather_pooled(In x, const std::uint8_t* index, Out y, const plan::Window& window,
                   std::int64_t images) {
  const plan::Window& w = window;
  const std::int64_t channels = w.channels_in;
  std::int64_t taps[256];  // elements from a window's first one to that of each place
  for (std::int64_t tap = 0; tap < w.size.height * w.size.width; ++tap)
    taps[tap] = (tap / w.size.width * w.image.width + tap % w.size.width) * channels;
  with_elements(x, y, [&](const auto* from, auto* to) {
    for (std::int64_t image = 0; image < images; ++image)
      for (std::int64_t oy = 0; oy < w.output.height; ++oy)
        for (std::int64_t ox = 0; ox < w.output.width; ++ox) {
          const std::int64_t row = oy * w.strides.height - w.padding_before.height;
          const std::int64_t column = ox * w.strides.width - w.padding_before.width;
          const std::int64_t first = ((image * w.image.height + row) * w.image.width + column) *
                                     channels;  // may lie in the padding
          for (std::int64_t c = 0; c < channels; ++c)
            store(to_float(from[first + taps[index[c]] + c]), to[c]);
          index += channels;
          to += channels;
        }
  });
}

void average_pool(In x, Out y, const plan::Window& window, std::int64_t images) {
  const plan::Window& w = window;
  float sums[kBlock];
  with_elements(x, y, [&](const auto* from, auto* to) {
    for (std::int64_t pixel = 0; pixel < images * w.output.height * w.output.width; ++pixel) {
      const std::int64_t row = pixel / w.output.width;
      const std::int64_t image = row / w.output.height;
      const Area area(w, row - image * w.output.height, pixel - row * w.output.width);
      const float positions = area.positions();
      for (std::int64_t channel = 0; channel < w.channels_in; channel += kBlock) {
        const std::int64_t count = smaller(kBlock, w.channels_in - channel);
        for (std::int64_t c = 0; c < count; ++c) sums[c] = 0.0f;
        for (std::int64_t iy = area.rows.first; iy < area.rows.last; ++iy)
          for (std::int64_t ix = area.columns.first; ix < area.columns.last; ++ix) {
            const std::int64_t source = (image * w.image.height + iy) * w.image.width + ix;
            const auto* values = from + source * w.channels_in + channel;
            for (std::int64_t c = 0; c < count; ++c) sums[c] += to_float(values[c]);
          }
        auto* target = to + pixel * w.channels_in + channel;
        for (std::int64_t c = 0; c < count; ++c) store(sums[c] / positions, target[c]);
      }
    }
  });
}

void average_pool_backward(In dy, Out dx, const plan::Window& window, std::int64_t images) {
  with_elements(dy, dx, [&](const auto* from, auto* to) {
    collect_windows(
        to, window,
        images, [&](std::int64_t first, const Covering& at) __attribute__((always_inline)) {
          const auto* gradient = from + first;
          const float positions = Area(window, at.y, at.x).positions();
          return [=](std::int64_t c) __attribute__((always_inline)) {
            return to_float(gradient[c]) / positions;
          };
        });
  });
}

}  // namespace saltus::cpu::SALTUS_ISA
