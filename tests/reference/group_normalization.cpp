// Group normalization, of groups of neighbouring channels.
#include <cmath>

#include "reference/formula.h"

namespace saltus::reference {
namespace {

/// The elements of one sample's group, and its moments.
struct Group {
  Array<std::int64_t> places;
  double mean = 0;
  double deviation = 0;

  Group(const layers::GroupNormalization& layer, const Batch& x, std::int64_t row,
        std::int64_t width, std::int64_t number) {
    for (std::int64_t i = 0; i < x.sample_size(); ++i) {
      if (i % x.channels() / width == number) places.push_back(row * x.sample_size() + i);
    }
    const auto count = static_cast<double>(places.size());
    for (const std::int64_t i : places) mean += x.values[i] / count;
    double variance = 0;
    for (const std::int64_t i : places) variance += std::pow(x.values[i] - mean, 2) / count;
    deviation = std::sqrt(variance + layer.epsilon);
  }
};

/// Calls visit(group) for those of all samples.
template <typename Visit>
void for_each_group(const layers::GroupNormalization& layer, const Batch& x, Visit visit) {
  const std::int64_t groups = layer.groups == -1 ? x.channels() : layer.groups;
  for (std::int64_t row = 0; row < x.rows; ++row) {
    for (std::int64_t number = 0; number < groups; ++number) {
      visit(Group(layer, x, row, x.channels() / groups, number));
    }
  }
}

/// gamma, or ones.
Values gamma_of(const layers::GroupNormalization& layer, const Call& call) {
  return layer.scale ? call.weight("gamma") : Values(call.input().channels(), 1);
}

}  // namespace

// y = gamma (x - mean) / sqrt(variance + epsilon) + beta
Batch forward(const layers::GroupNormalization& layer, const Call& call) {
  const Batch& x = call.input();
  const Values gamma = gamma_of(layer, call);
  Batch y(x.rows, x.shape);
  for_each_group(layer, x, [&](const Group& group) {
    for (const std::int64_t i : group.places) {
      const std::int64_t c = i % x.channels();
      y.values[i] = gamma[c] * (x.values[i] - group.mean) / group.deviation;
      if (layer.center) y.values[i] += call.weight("beta")[c];
    }
  });
  return y;
}

// As LayerNormalization's, with means over a group.
Gradients backward(const layers::GroupNormalization& layer, const Call& call, const Batch& dy) {
  const Batch& x = call.input();
  const Values gamma = gamma_of(layer, call);
  Values d_gamma(x.channels());
  Values d_beta(x.channels());
  Batch dx(x.rows, x.shape);
  for_each_group(layer, x, [&](const Group& group) {
    const auto normalized = [&](std::int64_t i) {
      return (x.values[i] - group.mean) / group.deviation;
    };
    const auto count = static_cast<double>(group.places.size());
    double mean_g = 0;
    double mean_g_h = 0;
    for (const std::int64_t i : group.places) {
      const std::int64_t c = i % x.channels();
      d_gamma[c] += dy.values[i] * normalized(i);
      d_beta[c] += dy.values[i];
      mean_g += dy.values[i] * gamma[c] / count;
      mean_g_h += dy.values[i] * gamma[c] * normalized(i) / count;
    }
    for (const std::int64_t i : group.places) {
      const double g = dy.values[i] * gamma[i % x.channels()];
      dx.values[i] = (g - mean_g - normalized(i) * mean_g_h) / group.deviation;
    }
  });
  Gradients gradients{{std::move(dx)}, {}};
  if (layer.scale) gradients.weights[call.weight_name("gamma")] = std::move(d_gamma);
  if (layer.center) gradients.weights[call.weight_name("beta")] = std::move(d_beta);
  return gradients;
}

template struct Formula<layers::GroupNormalization>;

}  // namespace saltus::reference
