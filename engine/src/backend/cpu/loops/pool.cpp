// Average pooling, and the backward passes of both poolings: each input pixel collects from the
// windows that cover it, in row-major order, so nothing has to be zeroed first.
#include "backend/cpu/loops/taps.h"

namespace saltus::cpu::SALTUS_ISA {
namespace {

/// Positions first to last - 1.
struct Range {
  std::int64_t first, last;

  [[nodiscard]] SALTUS_HD std::int64_t size() const { return last - first; }
};

/// The part of a window that lies inside the image, along one axis.
SALTUS_HD Range inside(std::int64_t output, std::int64_t size, std::int64_t stride,
                       std::int64_t padding, std::int64_t extent) {
  const std::int64_t start = output * stride - padding;
  return {larger(start, 0), smaller(start + size, extent)};
}

/// The windows that cover an input position, along one axis.
SALTUS_HD Range covering(std::int64_t input, std::int64_t size, std::int64_t stride,
                         std::int64_t padding, std::int64_t outputs) {
  const std::int64_t end = input + padding;
  return {end < size ? 0 : (end - size) / stride + 1, smaller(end / stride + 1, outputs)};
}

/// Calls collect(acc, output pixel, tap, first channel, channels) for each window over each input
/// pixel, `acc` being the sums that become dx.
template <class T, class Collect>
SALTUS_HD void collect_windows(T* dx, const plan::Window& w, std::int64_t images, Collect collect) {
  float acc[kBlock];
  const std::int64_t channels = w.channels_in;
  for (std::int64_t image = 0; image < images; ++image)
    for (std::int64_t y = 0; y < w.image.height; ++y) {
      const Range rows =
          covering(y, w.size.height, w.strides.height, w.padding_before.height, w.output.height);
      for (std::int64_t x = 0; x < w.image.width; ++x) {
        const Range columns =
            covering(x, w.size.width, w.strides.width, w.padding_before.width, w.output.width);
        for (std::int64_t channel = 0; channel < channels; channel += kBlock) {
          const std::int64_t count = smaller(kBlock, channels - channel);
          __builtin_memset(acc, 0, sizeof(float) * static_cast<std::size_t>(count));
          for (std::int64_t oy = rows.first; oy < rows.last; ++oy)
            for (std::int64_t ox = columns.first; ox < columns.last; ++ox) {
              const std::int64_t tap_y = y + w.padding_before.height - oy * w.strides.height;
              const std::int64_t tap_x = x + w.padding_before.width - ox * w.strides.width;
              collect(
                  acc,
                  Run{0, (image * w.output.height + oy) * w.output.width + ox, 1, channel, count},
                  tap_y * w.size.width + tap_x, oy, ox);
            }
          T* target = dx + ((image * w.image.height + y) * w.image.width + x) * channels + channel;
          for (std::int64_t c = 0; c < count; ++c) store(acc[c], target[c]);
        }
      }
    }
}

/// Positions of a window inside the image.
SALTUS_HD float window_count(const plan::Window& w, std::int64_t oy, std::int64_t ox) {
  const Range rows =
      inside(oy, w.size.height, w.strides.height, w.padding_before.height, w.image.height);
  const Range columns =
      inside(ox, w.size.width, w.strides.width, w.padding_before.width, w.image.width);
  return static_cast<float>(rows.size() * columns.size());
}

}  // namespace

void max_pool_backward(In dy, const std::uint8_t* index, Out dx, const plan::Window& window,
                       std::int64_t images) {
  with_elements(dy, dx, [&](const auto* from, auto* to) {
    collect_windows(
        to, window, images,
        [&](float* acc, const Run& run, std::int64_t tap, std::int64_t, std::int64_t)
            __attribute__((always_inline)) {
              const std::int64_t start = run.pixel * window.channels_in + run.channel;
              const auto* gradient = from + start;
              const std::uint8_t* places = index + start;
              const auto wanted = static_cast<std::uint8_t>(tap);
              for (std::int64_t c = 0; c < run.channels; ++c)
                acc[c] += places[c] == wanted ? to_float(gradient[c]) : 0.0f;
            });
  });
}

void average_pool(In x, Out y, const plan::Window& window, std::int64_t images) {
  const plan::Window& w = window;
  float sum[kBlock];
  with_elements(x, y, [&](const auto* from, auto* to) {
    for (std::int64_t pixel = 0; pixel < images * w.output.height * w.output.width; ++pixel) {
      const std::int64_t row = pixel / w.output.width;
      const std::int64_t oy = row % w.output.height;
      const std::int64_t ox = pixel % w.output.width;
      const std::int64_t image = row / w.output.height;
      const Range rows =
          inside(oy, w.size.height, w.strides.height, w.padding_before.height, w.image.height);
      const Range columns =
          inside(ox, w.size.width, w.strides.width, w.padding_before.width, w.image.width);
      const float count = window_count(w, oy, ox);
      for (std::int64_t channel = 0; channel < w.channels_in; channel += kBlock) {
        const std::int64_t channels = smaller(kBlock, w.channels_in - channel);
        __builtin_memset(sum, 0, sizeof(float) * static_cast<std::size_t>(channels));
        for (std::int64_t iy = rows.first; iy < rows.last; ++iy)
          for (std::int64_t ix = columns.first; ix < columns.last; ++ix) {
            const auto* source =
                from + ((image * w.image.height + iy) * w.image.width + ix) * w.channels_in +
                channel;
            for (std::int64_t c = 0; c < channels; ++c) sum[c] += to_float(source[c]);
          }
        auto* target = to + pixel * w.channels_in + channel;
        for (std::int64_t c = 0; c < channels; ++c) store(sum[c] / count, target[c]);
      }
    }
  });
}

void average_pool_backward(In dy, Out dx, const plan::Window& window, std::int64_t images) {
  with_elements(dy, dx, [&](const auto* from, auto* to) {
    collect_windows(
        to, window, images,
        [&](float* acc, const Run& run, std::int64_t, std::int64_t oy, std::int64_t ox)
            __attribute__((always_inline)) {
              const auto* gradient = from + run.pixel * window.channels_in + run.channel;
              const float count = window_count(window, oy, ox);
              for (std::int64_t c = 0; c < run.channels; ++c)
                acc[c] += to_float(gradient[c]) / count;
            });
  });
}

}  // namespace saltus::cpu::SALTUS_ISA
