// Gated linear units.
#include "reference/formula.h"

namespace saltus::reference {

// y = a f(b), where a and b are the halves of the last axis.
Batch forward(const layers::GLU& layer, const Call& call) {
  const Batch& x = call.input();
  Batch y(x.rows, call.node.shape);
  for (std::int64_t v = 0; v < y.size() / y.channels(); ++v) {
    for (std::int64_t c = 0; c < y.channels(); ++c) {
      const double a = x.values[v * x.channels() + c];
      const double b = x.values[v * x.channels() + y.channels() + c];
      y.values[v * y.channels() + c] = a * value_of(layer.activation, b);
    }
  }
  return y;
}

Gradients backward(const layers::GLU& layer, const Call& call, const Batch& dy) {
  const Batch& x = call.input();
  Batch dx(x.rows, x.shape);
  for (std::int64_t v = 0; v < dy.size() / dy.channels(); ++v) {
    for (std::int64_t c = 0; c < dy.channels(); ++c) {
      const std::int64_t first = v * x.channels() + c;
      const std::int64_t second = v * x.channels() + dy.channels() + c;
      const double gradient = dy.values[v * dy.channels() + c];
      dx.values[first] = gradient * value_of(layer.activation, x.values[second]);
      dx.values[second] = gradient * x.values[first] * slope_of(layer.activation, x.values[second]);
    }
  }
  return {{dx}, {}};
}

template struct Formula<layers::GLU>;

}  // namespace saltus::reference
