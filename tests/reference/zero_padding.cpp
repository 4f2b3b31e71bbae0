// Zeros around images.
#include "reference/formula.h"

namespace saltus::reference {
namespace {

/// Calls visit(place in the image, place in the padded one) for each element of the images.
template <typename Visit>
void for_each_element(const layers::ZeroPadding2D& layer, const Batch& image, const Batch& padded,
                      Visit visit) {
  const std::int64_t top = layer.padding.height.before;
  const std::int64_t left = layer.padding.width.before;
  for (std::int64_t row = 0; row < image.rows; ++row) {
    for (std::int64_t y = 0; y < image.shape[0]; ++y) {
      for (std::int64_t x = 0; x < image.shape[1]; ++x) {
        for (std::int64_t c = 0; c < image.channels(); ++c) {
          visit(image.index(row, y, x, c), padded.index(row, y + top, x + left, c));
        }
      }
    }
  }
}

}  // namespace

Batch forward(const layers::ZeroPadding2D& layer, const Call& call) {
  const Batch& x = call.input();
  const auto& [height, width] = layer.padding;
  Batch y(x.rows, {height.before + x.shape[0] + height.after,
                   width.before + x.shape[1] + width.after, x.channels()});
  for_each_element(layer, x, y,
                   [&](std::int64_t from, std::int64_t to) { y.values[to] = x.values[from]; });
  return y;
}

Gradients backward(const layers::ZeroPadding2D& layer, const Call& call, const Batch& dy) {
  Batch dx(dy.rows, call.input().shape);
  for_each_element(layer, dx, dy,
                   [&](std::int64_t to, std::int64_t from) { dx.values[to] = dy.values[from]; });
  return {{std::move(dx)}, {}};
}

template struct Formula<layers::ZeroPadding2D>;

}  // namespace saltus::reference
