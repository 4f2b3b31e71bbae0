// Normalization by the root of the mean square, over the last axis.
#include <cmath>

#include "reference/formula.h"

namespace saltus::reference {
namespace {

/// Calls visit(place of the first channel, root of the mean square) for each row of x.
template <typename Visit>
void for_each_row(const Batch& x, double epsilon, Visit visit) {
  for (std::int64_t first = 0; first < x.size(); first += x.channels()) {
    double squares = 0;
    for (std::int64_t c = 0; c < x.channels(); ++c) squares += std::pow(x.values[first + c], 2);
    visit(first, std::sqrt(squares / static_cast<double>(x.channels()) + epsilon));
  }
}

}  // namespace

// y = scale x / sqrt(mean(x^2) + epsilon)
Batch forward(const layers::RMSNormalization& layer, const Call& call) {
  const Batch& x = call.input();
  const Values& scale = call.weight("scale");
  Batch y(x.rows, x.shape);
  for_each_row(x, layer.epsilon, [&](std::int64_t first, double root) {
    for (std::int64_t c = 0; c < x.channels(); ++c) {
      y.values[first + c] = scale[c] * x.values[first + c] / root;
    }
  });
  return y;
}

// With h = x / root, g = dy scale, and d root / dx = x / (count root): dx = (g - h mean(g h)) /
// root, dscale = sum dy h
Gradients backward(const layers::RMSNormalization& layer, const Call& call, const Batch& dy) {
  const Batch& x = call.input();
  const Values& scale = call.weight("scale");
  Values d_scale(x.channels());
  Batch dx(x.rows, x.shape);
  for_each_row(x, layer.epsilon, [&](std::int64_t first, double root) {
    double mean = 0;
    for (std::int64_t c = 0; c < x.channels(); ++c) {
      const double h = x.values[first + c] / root;
      d_scale[c] += dy.values[first + c] * h;
      mean += dy.values[first + c] * scale[c] * h / static_cast<double>(x.channels());
    }
    for (std::int64_t c = 0; c < x.channels(); ++c) {
      const double h = x.values[first + c] / root;
      dx.values[first + c] = (dy.values[first + c] * scale[c] - h * mean) / root;
    }
  });
  return {{std::move(dx)}, {{call.weight_name("scale"), std::move(d_scale)}}};
}

template struct Formula<layers::RMSNormalization>;

}  // namespace saltus::reference
