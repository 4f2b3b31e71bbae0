// Poolings. A stride of zero means the window's size.
#include "reference/formula.h"
#include "reference/window.h"

namespace saltus::reference {
namespace {

template <typename Pooling>
Window place(const Pooling& layer, const Batch& x) {
  const Size2 strides = layer.strides == Size2{0, 0} ? layer.pool_size : layer.strides;
  return place(x, layer.pool_size, strides, layer.padding);
}

Shape output_shape(const Window& window, const Batch& x) {
  return {window.rows.output, window.columns.output, x.channels()};
}

/// For each output the index in x of its window's largest value, the first of equals.
Array<std::int64_t> winners(const Window& window, const Batch& x) {
  const Batch y(x.rows, output_shape(window, x));
  Array<std::int64_t> winner(y.values.size(), -1);
  for_each_tap(window, x.rows, [&](const Tap& tap) {
    for (std::int64_t c = 0; c < x.channels(); ++c) {
      const std::int64_t in = x.index(tap.row, tap.in_y, tap.in_x, c);
      std::int64_t& best = winner[y.index(tap.row, tap.out_y, tap.out_x, c)];
      if (best < 0 || x.values[in] > x.values[best]) best = in;
    }
  });
  return winner;
}

/// For each output the number of positions of its window inside the image.
Values window_sizes(const Window& window, const Batch& x) {
  const Batch y(x.rows, output_shape(window, x));
  Values sizes(y.values.size());
  for_each_tap(window, x.rows, [&](const Tap& tap) {
    for (std::int64_t c = 0; c < x.channels(); ++c) {
      sizes[y.index(tap.row, tap.out_y, tap.out_x, c)] += 1;
    }
  });
  return sizes;
}

}  // namespace

Batch forward(const layers::MaxPooling2D& layer, const Call& call) {
  const Batch& x = call.input();
  const Window window = place(layer, x);
  const Array<std::int64_t> winner = winners(window, x);
  Batch y(x.rows, output_shape(window, x));
  for (std::int64_t i = 0; i < y.size(); ++i) y.values[i] = x.values[winner[i]];
  return y;
}

Gradients backward(const layers::MaxPooling2D& layer, const Call& call, const Batch& dy) {
  const Batch& x = call.input();
  const Array<std::int64_t> winner = winners(place(layer, x), x);
  Batch dx(x.rows, x.shape);
  for (std::int64_t i = 0; i < dy.size(); ++i) dx.values[winner[i]] += dy.values[i];
  return {{std::move(dx)}, {}};
}

Batch forward(const layers::AveragePooling2D& layer, const Call& call) {
  const Batch& x = call.input();
  const Window window = place(layer, x);
  const Values sizes = window_sizes(window, x);
  Batch y(x.rows, output_shape(window, x));
  for_each_tap(window, x.rows, [&](const Tap& tap) {
    for (std::int64_t c = 0; c < x.channels(); ++c) {
      const std::int64_t out = y.index(tap.row, tap.out_y, tap.out_x, c);
      y.values[out] += x.values[x.index(tap.row, tap.in_y, tap.in_x, c)] / sizes[out];
    }
  });
  return y;
}

Gradients backward(const layers::AveragePooling2D& layer, const Call& call, const Batch& dy) {
  const Batch& x = call.input();
  const Window window = place(layer, x);
  const Values sizes = window_sizes(window, x);
  Batch dx(x.rows, x.shape);
  for_each_tap(window, x.rows, [&](const Tap& tap) {
    for (std::int64_t c = 0; c < x.channels(); ++c) {
      const std::int64_t out = dy.index(tap.row, tap.out_y, tap.out_x, c);
      dx.values[x.index(tap.row, tap.in_y, tap.in_x, c)] += dy.values[out] / sizes[out];
    }
  });
  return {{std::move(dx)}, {}};
}

Batch forward(const layers::GlobalAveragePooling2D&, const Call& call) {
  const Batch& x = call.input();
  const std::int64_t channels = x.channels();
  const std::int64_t positions = x.shape[0] * x.shape[1];
  Batch y(x.rows, {channels});
  for (std::int64_t i = 0; i < x.size(); ++i) {
    const std::int64_t row = i / x.sample_size();
    y.values[row * channels + i % channels] += x.values[i] / static_cast<double>(positions);
  }
  return y;
}

Gradients backward(const layers::GlobalAveragePooling2D&, const Call& call, const Batch& dy) {
  const Batch& x = call.input();
  const std::int64_t channels = x.channels();
  const std::int64_t positions = x.shape[0] * x.shape[1];
  Batch dx(x.rows, x.shape);
  for (std::int64_t i = 0; i < x.size(); ++i) {
    const std::int64_t row = i / x.sample_size();
    dx.values[i] = dy.values[row * channels + i % channels] / static_cast<double>(positions);
  }
  return {{std::move(dx)}, {}};
}

template struct Formula<layers::MaxPooling2D>;
template struct Formula<layers::AveragePooling2D>;
template struct Formula<layers::GlobalAveragePooling2D>;

}  // namespace saltus::reference
