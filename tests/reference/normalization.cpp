#include <cmath>

#include "reference/formula.h"

namespace saltus::reference {
namespace {

/// Mean and variance of each channel over the batch and all positions.
struct Moments {
  Values mean;
  Values variance;
};

Moments batch_moments(const Batch& x) {
  const std::int64_t channels = x.channels();
  const std::int64_t rows = x.size() / channels;
  const auto count = static_cast<double>(rows);
  Moments moments{Values(channels), Values(channels)};
  for (std::int64_t i = 0; i < x.size(); ++i) moments.mean[i % channels] += x.values[i] / count;
  for (std::int64_t i = 0; i < x.size(); ++i) {
    const double centred = x.values[i] - moments.mean[i % channels];
    moments.variance[i % channels] += centred * centred / count;
  }
  return moments;
}

}  // namespace

// y = gamma (x - mean) / sqrt(variance + epsilon) + beta
Batch forward(const layers::BatchNormalization& layer, const Call& call) {
  const Batch& x = call.input();
  const Moments moments = call.training
                              ? batch_moments(x)
                              : Moments{call.weight("moving_mean"), call.weight("moving_variance")};
  const Values& gamma = call.weight("gamma");
  const Values& beta = call.weight("beta");
  Batch y(x.rows, x.shape);
  for (std::int64_t i = 0; i < x.size(); ++i) {
    const std::int64_t c = i % x.channels();
    y.values[i] = gamma[c] * (x.values[i] - moments.mean[c]) /
                      std::sqrt(moments.variance[c] + layer.epsilon) +
                  beta[c];
  }
  return y;
}

// With h = (x - mean) / sqrt(variance + epsilon), and as mean and variance depend on x:
// dx = gamma / sqrt(variance + epsilon) (dy - mean(dy) - h mean(dy h)),
// dgamma = sum dy h, dbeta = sum dy
Gradients backward(const layers::BatchNormalization& layer, const Call& call, const Batch& dy) {
  const Batch& x = call.input();
  const std::int64_t channels = x.channels();
  const std::int64_t rows = x.size() / channels;
  const auto count = static_cast<double>(rows);
  const Moments moments = batch_moments(x);
  const Values& gamma = call.weight("gamma");

  const auto normalized = [&](std::int64_t i) {
    const std::int64_t c = i % channels;
    return (x.values[i] - moments.mean[c]) / std::sqrt(moments.variance[c] + layer.epsilon);
  };
  Values d_gamma(channels);
  Values d_beta(channels);
  for (std::int64_t i = 0; i < x.size(); ++i) {
    d_gamma[i % channels] += dy.values[i] * normalized(i);
    d_beta[i % channels] += dy.values[i];
  }
  Batch dx(x.rows, x.shape);
  for (std::int64_t i = 0; i < x.size(); ++i) {
    const std::int64_t c = i % channels;
    dx.values[i] = gamma[c] / std::sqrt(moments.variance[c] + layer.epsilon) *
                   (dy.values[i] - d_beta[c] / count - normalized(i) * d_gamma[c] / count);
  }
  return {{std::move(dx)},
          {{call.weight_name("gamma"), std::move(d_gamma)},
           {call.weight_name("beta"), std::move(d_beta)}}};
}

Weights moving_statistics(const layers::BatchNormalization& layer, const Call& call) {
  const Moments moments = batch_moments(call.input());
  Values mean = call.weight("moving_mean");
  Values variance = call.weight("moving_variance");
  for (std::int64_t c = 0; c < mean.size(); ++c) {
    mean[c] = layer.momentum * mean[c] + (1 - layer.momentum) * moments.mean[c];
    variance[c] = layer.momentum * variance[c] + (1 - layer.momentum) * moments.variance[c];
  }
  return {{call.weight_name("moving_mean"), std::move(mean)},
          {call.weight_name("moving_variance"), std::move(variance)}};
}

template struct Formula<layers::BatchNormalization>;

}  // namespace saltus::reference
