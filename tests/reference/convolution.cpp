// The layers that multiply by a matrix: Conv2D and Dense.
#include "reference/formula.h"
#include "reference/window.h"

namespace saltus::reference {

// y[n, oy, ox, f] = bias[f] + sum over ky, kx, c of
//     x[n, oy stride + ky - padding, ox stride + kx - padding, c] kernel[ky, kx, c, f]
Batch forward(const layers::Conv2D& layer, const Call& call) {
  const Batch& x = call.input();
  const Values& kernel = call.weight("kernel");
  const Window window = place(x, layer.kernel_size, layer.strides, layer.padding);
  Batch y(x.rows, {window.rows.output, window.columns.output, layer.filters});
  if (layer.use_bias) {
    const Values& bias = call.weight("bias");
    for (std::int64_t i = 0; i < y.size(); ++i) y.values[i] = bias[i % layer.filters];
  }
  for_each_tap(window, x.rows, [&](const Tap& tap) {
    for (std::int64_t c = 0; c < x.channels(); ++c) {
      for (std::int64_t f = 0; f < layer.filters; ++f) {
        y.values[y.index(tap.row, tap.out_y, tap.out_x, f)] +=
            x.values[x.index(tap.row, tap.in_y, tap.in_x, c)] *
            kernel[(tap.place * x.channels() + c) * layer.filters + f];
      }
    }
  });
  return y;
}

Gradients backward(const layers::Conv2D& layer, const Call& call, const Batch& dy) {
  const Batch& x = call.input();
  const Values& kernel = call.weight("kernel");
  const Window window = place(x, layer.kernel_size, layer.strides, layer.padding);
  Batch dx(x.rows, x.shape);
  Values d_kernel(kernel.size());
  for_each_tap(window, x.rows, [&](const Tap& tap) {
    for (std::int64_t c = 0; c < x.channels(); ++c) {
      for (std::int64_t f = 0; f < layer.filters; ++f) {
        const std::int64_t in = x.index(tap.row, tap.in_y, tap.in_x, c);
        const std::int64_t out = dy.index(tap.row, tap.out_y, tap.out_x, f);
        const std::int64_t k = (tap.place * x.channels() + c) * layer.filters + f;
        dx.values[in] += dy.values[out] * kernel[k];
        d_kernel[k] += dy.values[out] * x.values[in];
      }
    }
  });
  Gradients gradients{{std::move(dx)}, {{call.weight_name("kernel"), std::move(d_kernel)}}};
  if (layer.use_bias) {
    Values d_bias(layer.filters);
    for (std::int64_t i = 0; i < dy.size(); ++i) d_bias[i % layer.filters] += dy.values[i];
    gradients.weights[call.weight_name("bias")] = std::move(d_bias);
  }
  return gradients;
}

// y[r, j] = bias[j] + sum over i of x[r, i] kernel[i, j], for every row r of the last axis
Batch forward(const layers::Dense& layer, const Call& call) {
  const Batch& x = call.input();
  const Values& kernel = call.weight("kernel");
  const std::int64_t in = x.channels();
  const std::int64_t units = layer.units;
  Shape shape = x.shape;
  shape.back() = units;
  Batch y(x.rows, shape);
  for (std::int64_t r = 0; r < x.size() / in; ++r) {
    for (std::int64_t j = 0; j < units; ++j) {
      double sum = layer.use_bias ? call.weight("bias")[j] : 0.0;
      for (std::int64_t i = 0; i < in; ++i) sum += x.values[r * in + i] * kernel[i * units + j];
      y.values[r * units + j] = sum;
    }
  }
  return y;
}

Gradients backward(const layers::Dense& layer, const Call& call, const Batch& dy) {
  const Batch& x = call.input();
  const Values& kernel = call.weight("kernel");
  const std::int64_t in = x.channels();
  const std::int64_t units = layer.units;
  Batch dx(x.rows, x.shape);
  Values d_kernel(kernel.size());
  Values d_bias(units);
  for (std::int64_t r = 0; r < x.size() / in; ++r) {
    for (std::int64_t j = 0; j < units; ++j) {
      const double d = dy.values[r * units + j];
      d_bias[j] += d;
      for (std::int64_t i = 0; i < in; ++i) {
        dx.values[r * in + i] += d * kernel[i * units + j];
        d_kernel[i * units + j] += d * x.values[r * in + i];
      }
    }
  }
  Gradients gradients{{std::move(dx)}, {{call.weight_name("kernel"), std::move(d_kernel)}}};
  if (layer.use_bias) gradients.weights[call.weight_name("bias")] = std::move(d_bias);
  return gradients;
}

template struct Formula<layers::Conv2D>;
template struct Formula<layers::Dense>;

}  // namespace saltus::reference
