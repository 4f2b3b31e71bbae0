// GaussianNoise, with the numbers that the engine draws: identity unless training.
#include <cmath>
#include <numbers>

#include <saltus/kernels/random.h>

#include "reference/formula.h"

namespace saltus::reference {
namespace {

/// A standard normal number by Box and Muller: of the four words that four elements share, two give
/// the two numbers of a pair, each by its upper 23 bits.
double normal(const Call& call, std::int64_t i) {
  const kernels::Words4 words =
      kernels::random_words(call.draw.seed, kernels::Purpose::noise, call.number, call.draw.step,
                            static_cast<std::uint32_t>(i / 4));
  const bool second_pair = i % 4 >= 2;
  const std::uint32_t for_radius = (second_pair ? words.w2 : words.w0) >> 9;
  const std::uint32_t for_angle = (second_pair ? words.w3 : words.w1) >> 9;
  const double radius = std::sqrt(-2 * std::log((for_radius + 0.5) * 0x1p-23));
  const double angle = 2 * std::numbers::pi * for_angle * 0x1p-23;
  return radius * (i % 2 == 0 ? std::cos(angle) : std::sin(angle));
}

}  // namespace

// y = x + stddev n
Batch forward(const layers::GaussianNoise& layer, const Call& call) {
  Batch y = call.input();
  if (!call.training) return y;
  for (std::int64_t i = 0; i < y.size(); ++i) y.values[i] += layer.stddev * normal(call, i);
  return y;
}

Gradients backward(const layers::GaussianNoise&, const Call&, const Batch& dy) {
  return {{dy}, {}};
}

template struct Formula<layers::GaussianNoise>;

}  // namespace saltus::reference
