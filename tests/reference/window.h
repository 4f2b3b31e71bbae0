// Where the windows of convolutions and poolings lie: Keras's rules, worked out here anew.
#pragma once

#include <algorithm>
#include <cstdint>

#include <saltus/layers.h>

#include "reference/batch.h"

namespace saltus::reference {

/// Windows along one axis of an image.
struct Axis {
  std::int64_t image = 0;
  std::int64_t size = 0;
  std::int64_t stride = 0;
  std::int64_t padding = 0;  ///< before the first element
  std::int64_t output = 0;
};

inline Axis place(std::int64_t image, std::int64_t size, std::int64_t stride,
                  layers::Padding padding) {
  if (padding == layers::Padding::valid) {
    return {image, size, stride, 0, (image - size) / stride + 1};
  }
  const std::int64_t output = (image + stride - 1) / stride;
  const std::int64_t total = std::max<std::int64_t>((output - 1) * stride + size - image, 0);
  return {image, size, stride, total / 2, output};  // an odd element of padding goes behind
}

/// Windows on an image.
struct Window {
  Axis rows;
  Axis columns;
};

inline Window place(const Batch& images, Size2 size, Size2 strides, layers::Padding padding) {
  return {place(images.shape[0], size.height, strides.height, padding),
          place(images.shape[1], size.width, strides.width, padding)};
}

/// One position of one window, inside the image.
struct Tap {
  std::int64_t row;           ///< which image
  std::int64_t out_y, out_x;  ///< which window
  std::int64_t place;         ///< position in the window, row-major
  std::int64_t in_y, in_x;    ///< position in the image
};

/// Visits all positions of all windows that lie inside the image, each window's in row-major order.
template <typename Visit>
void for_each_tap(const Window& window, std::int64_t rows, Visit visit) {
  const Axis& v = window.rows;
  const Axis& h = window.columns;
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t oy = 0; oy < v.output; ++oy) {
      for (std::int64_t ox = 0; ox < h.output; ++ox) {
        for (std::int64_t ky = 0; ky < v.size; ++ky) {
          for (std::int64_t kx = 0; kx < h.size; ++kx) {
            const std::int64_t y = oy * v.stride + ky - v.padding;
            const std::int64_t x = ox * h.stride + kx - h.padding;
            if (y < 0 || y >= v.image || x < 0 || x >= h.image) continue;
            visit(Tap{row, oy, ox, ky * h.size + kx, y, x});
          }
        }
      }
    }
  }
}

}  // namespace saltus::reference
