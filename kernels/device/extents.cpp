#include <algorithm>
#include <string>

#include <saltus/kernels/device/extents.h>

namespace saltus::kernels {
namespace {

/// So many of k, m or n beyond the last are asked for by a tile.
constexpr int kBeyond = 128;

/// A product of counts. What is compared with 2^31 need not be exact above 2^53.
template <class... Counts>
double times(Counts... counts) {
  return (1.0 * ... * counts);
}

std::string text(const Extent& extent) {
  return std::to_string(extent.height) + " x " + std::to_string(extent.width);
}

/// What all windows have in common.
void check_images(const Window& w, int max_rows) {
  const double most =
      std::max(times(w.image.height, w.image.width), times(w.output.height, w.output.width));
  if (most * max_rows > kLargestIndex)
    throw std::invalid_argument("a layer on a batch of " + std::to_string(max_rows) +
                                " images of up to " +
                                std::to_string(static_cast<std::int64_t>(most)) +
                                " pixels: more than 2^31 pixels at once do not run on a GPU; use "
                                "smaller batches");
  const double height = 0.0 + w.image.height + w.padding.height + w.size.height;
  const double width = 0.0 + w.image.width + w.padding.width + w.size.width;
  if (std::max({times(w.image.height, w.image.width, w.channels_in),
                times(w.output.height, w.output.width, w.channels_out),
                times(w.size.height, w.size.width)}) > kLargestIndex ||
      std::max(height, width) >= 1 << 30)
    throw std::invalid_argument("a layer on images of " + text(w.image) + " with " +
                                std::to_string(w.channels_in) + " channels, windows of " +
                                text(w.size) + " and " + std::to_string(w.channels_out) +
                                " outputs: more than 2^31 elements of one image, or 2^30 pixels in "
                                "a row, do not run on a GPU; use smaller images");
}

/// The row of a window in which the last tap and channel lies that a tile asks for.
double last_row(const Window& w, int channels) {
  const double taps = (times(w.size.height, w.size.width, channels) + kBeyond) / channels;
  return taps / w.size.width;
}

}  // namespace

void check_pooling(const Window& window, int max_rows) {
  check_images(window, max_rows);
}

// The views' own formulas (kernels/matrix/views.h) at their last elements.
void check_convolution(const Window& w, int max_rows) {
  check_images(w, max_rows);
  const double taps = times(w.size.height, w.size.width);
  const double column_of_x =
      (last_row(w, w.channels_in) * w.image.width + w.size.width) * w.channels_in;
  const double column_of_dy =
      (last_row(w, w.channels_out) * w.output.width + w.size.width) * w.channels_out;
  const double row_of_dy =
      (times(w.image.height + w.padding.height, w.output.width) + w.image.width + w.padding.width) *
      w.channels_out;
  const bool unit_strides = w.strides.height == 1 && w.strides.width == 1;
  if (std::max({taps * w.channels_in, taps * w.channels_out, column_of_x,
                unit_strides ? std::max(column_of_dy, row_of_dy) : 0.0,
                taps * w.channels_in * w.channels_out}) > kLargestIndex)
    throw std::invalid_argument("a layer with windows of " + text(w.size) + ", " +
                                std::to_string(w.channels_in) + " inputs and " +
                                std::to_string(w.channels_out) +
                                " outputs: more than 2^31 weights, or elements under one window, "
                                "do not run on a GPU; use fewer channels");
}

}  // namespace saltus::kernels
