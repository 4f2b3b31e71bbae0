// Convolution of each channel by itself.
#include "reference/formula.h"
#include "reference/window.h"

namespace saltus::reference {
namespace {

/// Calls visit(place in x, place in the kernel, place in y) for all products that y is made of.
template <typename Visit>
void for_each_product(const layers::DepthwiseConv2D& layer, const Batch& x, const Batch& y,
                      Visit visit) {
  const Window window = place(x, layer.kernel_size, layer.strides, layer.padding);
  for_each_tap(window, x.rows, [&](const Tap& tap) {
    for (std::int64_t c = 0; c < x.channels(); ++c) {
      for (std::int64_t m = 0; m < layer.depth_multiplier; ++m) {
        const std::int64_t out = c * layer.depth_multiplier + m;
        visit(x.index(tap.row, tap.in_y, tap.in_x, c), tap.place * y.channels() + out,
              y.index(tap.row, tap.out_y, tap.out_x, out));
      }
    }
  });
}

}  // namespace

// y[n, oy, ox, c M + m] = bias[c M + m] + sum over ky, kx of
//     x[n, oy stride + ky - padding, ox stride + kx - padding, c] kernel[ky, kx, c, m]
Batch forward(const layers::DepthwiseConv2D& layer, const Call& call) {
  const Batch& x = call.input();
  const Values& kernel = call.weight("kernel");
  Batch y(x.rows, call.node.shape);
  if (layer.use_bias) {
    const Values& bias = call.weight("bias");
    for (std::int64_t i = 0; i < y.size(); ++i) y.values[i] = bias[i % y.channels()];
  }
  for_each_product(layer, x, y, [&](std::int64_t in, std::int64_t k, std::int64_t out) {
    y.values[out] += x.values[in] * kernel[k];
  });
  return y;
}

Gradients backward(const layers::DepthwiseConv2D& layer, const Call& call, const Batch& dy) {
  const Batch& x = call.input();
  const Values& kernel = call.weight("kernel");
  Batch dx(x.rows, x.shape);
  Values d_kernel(kernel.size());
  for_each_product(layer, x, dy, [&](std::int64_t in, std::int64_t k, std::int64_t out) {
    dx.values[in] += dy.values[out] * kernel[k];
    d_kernel[k] += dy.values[out] * x.values[in];
  });
  Gradients gradients{{std::move(dx)}, {{call.weight_name("kernel"), std::move(d_kernel)}}};
  if (layer.use_bias) {
    Values d_bias(dy.channels());
    for (std::int64_t i = 0; i < dy.size(); ++i) d_bias[i % dy.channels()] += dy.values[i];
    gradients.weights[call.weight_name("bias")] = std::move(d_bias);
  }
  return gradients;
}

template struct Formula<layers::DepthwiseConv2D>;

}  // namespace saltus::reference
