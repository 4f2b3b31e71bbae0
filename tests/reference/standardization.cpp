#include <cmath>

#include "reference/formula.h"

namespace saltus::reference {
namespace {

double deviation_of(const Call& call, std::int64_t channel) {
  return std::sqrt(call.weight("variance")[channel] + 1e-14);
}

}  // namespace

// y = (x - mean) / sqrt(variance + 1e-14)
Batch forward(const layers::Normalization& /*layer*/, const Call& call) {
  const Batch& x = call.input();
  Batch y(x.rows, x.shape);
  for (std::int64_t i = 0; i < x.size(); ++i) {
    const std::int64_t c = i % x.channels();
    y.values[i] = (x.values[i] - call.weight("mean")[c]) / deviation_of(call, c);
  }
  return y;
}

// dx = dy / sqrt(variance + 1e-14)
Gradients backward(const layers::Normalization& /*layer*/, const Call& call, const Batch& dy) {
  const Batch& x = call.input();
  Batch dx(x.rows, x.shape);
  for (std::int64_t i = 0; i < x.size(); ++i)
    dx.values[i] = dy.values[i] / deviation_of(call, i % x.channels());
  return {{std::move(dx)}, {}};
}

template struct Formula<layers::Normalization>;

}  // namespace saltus::reference
