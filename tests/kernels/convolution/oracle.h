// Convolutions by their formula, in double, each sum with the sum of its terms' magnitudes.
#pragma once

#include <cmath>
#include <vector>

#include "tests/kernels/device/windows.h"

namespace saltus::test {

/// Sums of products.
struct Sums {
  std::vector<double> values;
  std::vector<double> magnitudes;  ///< of the terms

  explicit Sums(std::size_t count) : values(count), magnitudes(count) {}
  void add(std::size_t i, double a, double b) {
    values[i] += a * b;
    magnitudes[i] += std::abs(a * b);
  }
};

/// Elements of the weights.
inline std::size_t weight_count(const kernels::Window& w) {
  const int count = w.size.height * w.size.width * w.channels_in * w.channels_out;
  return static_cast<std::size_t>(count);
}

/// Visits the places in x, w and y of all products x w that y is made of.
template <class Visit>
void for_each_product(const kernels::Window& w, int rows, Visit visit) {
  const auto place = [](int a, int b, int extent) {
    return static_cast<std::size_t>(a) * static_cast<std::size_t>(extent) +
           static_cast<std::size_t>(b);
  };
  for (int row = 0; row < rows; ++row)
    for (int oy = 0; oy < w.output.height; ++oy)
      for (int ox = 0; ox < w.output.width; ++ox)
        for (int ky = 0; ky < w.size.height; ++ky)
          for (int kx = 0; kx < w.size.width; ++kx) {
            const int y = oy * w.strides.height - w.padding.height + ky;
            const int x = ox * w.strides.width - w.padding.width + kx;
            if (y < 0 || y >= w.image.height || x < 0 || x >= w.image.width) continue;
            const int in = (row * w.image.height + y) * w.image.width + x;
            const int out = (row * w.output.height + oy) * w.output.width + ox;
            const int tap = ky * w.size.width + kx;
            for (int c = 0; c < w.channels_in; ++c)
              for (int f = 0; f < w.channels_out; ++f)
                visit(place(in, c, w.channels_in),
                      place(tap * w.channels_in + c, f, w.channels_out),
                      place(out, f, w.channels_out));
          }
}

/// z = x * w + bias
inline Sums forward_oracle(const kernels::Window& window, int rows, const float* x, const float* w,
                           const float* bias) {
  Sums z(static_cast<std::size_t>(rows) * output_size(window));
  for_each_product(window, rows, [&](std::size_t in, std::size_t weight, std::size_t out) {
    z.add(out, double{x[in]}, double{w[weight]});
  });
  const auto channels = static_cast<std::size_t>(window.channels_out);
  for (std::size_t i = 0; bias != nullptr && i < z.values.size(); ++i)
    z.add(i, double{bias[i % channels]}, 1);
  return z;
}

inline Sums backward_data_oracle(const kernels::Window& window, int rows, const float* dy,
                                 const float* w) {
  Sums dx(static_cast<std::size_t>(rows) * image_size(window));
  for_each_product(window, rows, [&](std::size_t in, std::size_t weight, std::size_t out) {
    dx.add(in, double{dy[out]}, double{w[weight]});
  });
  return dx;
}

inline Sums backward_filter_oracle(const kernels::Window& window, int rows, const float* x,
                                   const float* dy) {
  Sums dw(weight_count(window));
  for_each_product(window, rows, [&](std::size_t in, std::size_t weight, std::size_t out) {
    dw.add(weight, double{x[in]}, double{dy[out]});
  });
  return dw;
}

inline Sums bias_oracle(const kernels::Window& window, int rows, const float* dy) {
  const auto channels = static_cast<std::size_t>(window.channels_out);
  Sums db(channels);
  for (std::size_t i = 0; i < static_cast<std::size_t>(rows) * output_size(window); ++i)
    db.add(i % channels, double{dy[i]}, 1);
  return db;
}

}  // namespace saltus::test
