// Layer normalization, over the last axis.
#include <cmath>

#include "reference/formula.h"

namespace saltus::reference {
namespace {

/// Calls visit(place of the first channel, mean, deviation) for each row of x.
template <typename Visit>
void for_each_row(const Batch& x, double epsilon, Visit visit) {
  const auto count = static_cast<double>(x.channels());
  for (std::int64_t first = 0; first < x.size(); first += x.channels()) {
    double mean = 0;
    double variance = 0;
    for (std::int64_t c = 0; c < x.channels(); ++c) mean += x.values[first + c] / count;
    for (std::int64_t c = 0; c < x.channels(); ++c) {
      variance += std::pow(x.values[first + c] - mean, 2) / count;
    }
    visit(first, mean, std::sqrt(variance + epsilon));
  }
}

}  // namespace

// y = gamma (x - mean) / sqrt(variance + epsilon) + beta
Batch forward(const layers::LayerNormalization& layer, const Call& call) {
  const Batch& x = call.input();
  const Values& gamma = call.weight("gamma");
  const Values& beta = call.weight("beta");
  Batch y(x.rows, x.shape);
  for_each_row(x, layer.epsilon, [&](std::int64_t first, double mean, double deviation) {
    for (std::int64_t c = 0; c < x.channels(); ++c) {
      y.values[first + c] = gamma[c] * (x.values[first + c] - mean) / deviation + beta[c];
    }
  });
  return y;
}

// With h = (x - mean) / sqrt(variance + epsilon) and g = dy gamma, and as mean and variance depend
// on x: dx = (g - mean(g) - h mean(g h)) / sqrt(variance + epsilon), dgamma = sum dy h,
// dbeta = sum dy
Gradients backward(const layers::LayerNormalization& layer, const Call& call, const Batch& dy) {
  const Batch& x = call.input();
  const auto count = static_cast<double>(x.channels());
  const Values& gamma = call.weight("gamma");
  Values d_gamma(x.channels());
  Values d_beta(x.channels());
  Batch dx(x.rows, x.shape);
  for_each_row(x, layer.epsilon, [&](std::int64_t first, double mean, double deviation) {
    const auto normalized = [&](std::int64_t c) {
      return (x.values[first + c] - mean) / deviation;
    };
    double mean_g = 0;
    double mean_g_h = 0;
    for (std::int64_t c = 0; c < x.channels(); ++c) {
      const double d = dy.values[first + c];
      d_gamma[c] += d * normalized(c);
      d_beta[c] += d;
      mean_g += d * gamma[c] / count;
      mean_g_h += d * gamma[c] * normalized(c) / count;
    }
    for (std::int64_t c = 0; c < x.channels(); ++c) {
      dx.values[first + c] =
          (dy.values[first + c] * gamma[c] - mean_g - normalized(c) * mean_g_h) / deviation;
    }
  });
  return {{std::move(dx)},
          {{call.weight_name("gamma"), std::move(d_gamma)},
           {call.weight_name("beta"), std::move(d_beta)}}};
}

template struct Formula<layers::LayerNormalization>;

}  // namespace saltus::reference
