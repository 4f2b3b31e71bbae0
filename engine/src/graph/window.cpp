#include <algorithm>

#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/graph.h>

namespace saltus {
namespace {

/// A window along one axis.
struct Extent {
  std::int64_t output;
  std::int64_t before;
  std::int64_t after;
};

/// TensorFlow's rule: `valid` leaves out what a last, incomplete window would cover; `same` gives
/// ceil(size / stride) windows, and where the padding is odd, the extra row comes after the image.
Extent place(std::int64_t size, std::int64_t window, std::int64_t stride, layers::Padding padding) {
  if (padding == layers::Padding::valid) return {(size - window) / stride + 1, 0, 0};
  const std::int64_t output = (size + stride - 1) / stride;
  const std::int64_t total = std::max<std::int64_t>((output - 1) * stride + window - size, 0);
  return {output, total / 2, total - total / 2};
}

}  // namespace

WindowPlacement place_window(Size2 image, Size2 window, Size2 strides, layers::Padding padding) {
  const auto require_positive = [](std::string_view name, Size2 size) {
    if (size.height < 1 || size.width < 1) {
      throw InvalidArgument(fmt::format("{} ({}, {}) has an extent below 1; make both 1 or more",
                                        name, size.height, size.width));
    }
  };
  require_positive("window", window);
  require_positive("stride", strides);
  require_positive("image", image);
  if (padding == layers::Padding::valid &&
      (window.height > image.height || window.width > image.width)) {
    throw InvalidArgument(
        fmt::format("window ({}, {}) does not fit an image of ({}, {}) with padding valid; use a "
                    "smaller window "
                    "or padding same",
                    window.height, window.width, image.height, image.width));
  }
  const Extent rows = place(image.height, window.height, strides.height, padding);
  const Extent columns = place(image.width, window.width, strides.width, padding);
  return {
      {rows.output, columns.output}, {rows.before, columns.before}, {rows.after, columns.after}};
}

}  // namespace saltus
