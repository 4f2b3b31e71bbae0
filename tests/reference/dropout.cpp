// Dropout, SpatialDropout2D and AlphaDropout, with the masks that the engine draws. All are
// identity unless training.
#include <algorithm>
#include <cmath>

#include <saltus/kernels/random.h>

#include "reference/formula.h"

namespace saltus::reference {
namespace {

/// A rate as it is kept: in parts of 65536, of which one at least keeps its elements.
double rounded(double rate) {
  return std::min(std::round(rate * 65536), 65535.0) / 65536;
}

/// Whether element i of the batch is kept; the rate is a rounded one.
bool kept(const Call& call, double rate, std::int64_t i) {
  const kernels::Words4 words =
      kernels::random_words(call.draw.seed, kernels::Purpose::dropout, call.dropout, call.draw.step,
                            static_cast<std::uint32_t>(i / kernels::kMaskBlock));
  return kernels::mask_draw(words, static_cast<int>(i % kernels::kMaskBlock)) >= rate * 65536;
}

/// Whether the channel of element i is kept in its sample: as of a batch of one element a channel.
bool map_kept(const Call& call, double rate, std::int64_t i) {
  const Batch& x = call.input();
  return kept(call, rate, i / x.sample_size() * x.channels() + i % x.channels());
}

/// SELU's limit at minus infinity, -scale alpha.
constexpr double kAlphaPrime = -1.7580993408473766;

/// The affine map a x + b that gives mean and variance of a SELU network's units back.
struct Affine {
  double a;
  double b;
};

Affine alpha_dropout_map(double rate) {
  const double a = 1 / std::sqrt((1 - rate) * (1 + rate * kAlphaPrime * kAlphaPrime));
  return {a, -a * kAlphaPrime * rate};
}

}  // namespace

// y = x / (1 - rate) where kept, else 0
Batch forward(const layers::Dropout& layer, const Call& call) {
  Batch y = call.input();
  if (!call.training) return y;
  const double rate = rounded(layer.rate);
  for (std::int64_t i = 0; i < y.size(); ++i) {
    y.values[i] = kept(call, rate, i) ? y.values[i] / (1 - rate) : 0.0;
  }
  return y;
}

Gradients backward(const layers::Dropout& layer, const Call& call, const Batch& dy) {
  Batch dx = dy;
  const double rate = rounded(layer.rate);
  for (std::int64_t i = 0; i < dx.size(); ++i) {
    dx.values[i] = kept(call, rate, i) ? dy.values[i] / (1 - rate) : 0.0;
  }
  return {{std::move(dx)}, {}};
}

// y = x / (1 - rate) where the channel is kept, else 0
Batch forward(const layers::SpatialDropout2D& layer, const Call& call) {
  Batch y = call.input();
  if (!call.training) return y;
  const double rate = rounded(layer.rate);
  for (std::int64_t i = 0; i < y.size(); ++i) {
    y.values[i] = map_kept(call, rate, i) ? y.values[i] / (1 - rate) : 0.0;
  }
  return y;
}

Gradients backward(const layers::SpatialDropout2D& layer, const Call& call, const Batch& dy) {
  Batch dx = dy;
  const double rate = rounded(layer.rate);
  for (std::int64_t i = 0; i < dx.size(); ++i) {
    dx.values[i] = map_kept(call, rate, i) ? dy.values[i] / (1 - rate) : 0.0;
  }
  return {{std::move(dx)}, {}};
}

// y = a x + b where kept, else a alpha' + b
Batch forward(const layers::AlphaDropout& layer, const Call& call) {
  Batch y = call.input();
  if (!call.training) return y;
  const double rate = rounded(layer.rate);
  const Affine map = alpha_dropout_map(rate);
  for (std::int64_t i = 0; i < y.size(); ++i) {
    y.values[i] = map.a * (kept(call, rate, i) ? y.values[i] : kAlphaPrime) + map.b;
  }
  return y;
}

Gradients backward(const layers::AlphaDropout& layer, const Call& call, const Batch& dy) {
  const double rate = rounded(layer.rate);
  const Affine map = alpha_dropout_map(rate);
  Batch dx = dy;
  for (std::int64_t i = 0; i < dx.size(); ++i) {
    dx.values[i] = kept(call, rate, i) ? map.a * dy.values[i] : 0.0;
  }
  return {{std::move(dx)}, {}};
}

template struct Formula<layers::Dropout>;
template struct Formula<layers::SpatialDropout2D>;
template struct Formula<layers::AlphaDropout>;

}  // namespace saltus::reference
