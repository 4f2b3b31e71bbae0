#include "backend/backend.h"

#include <cmath>

#include <saltus/kernels/random.h>

#include "graph/structure.h"

namespace saltus::backend {

DropoutRule dropout_rule(double rate) {
  const auto scale = static_cast<float>(1 / (1 - kernels::rounded_rate(rate)));
  return {kernels::drop_threshold(rate), scale, 0.0F, 0.0F};
}

DropoutRule alpha_dropout_rule(double asked) {
  const double rate = kernels::rounded_rate(asked);
  // -scale * alpha of SELU: its limit far to the left.
  constexpr double kLimit = -1.7580993408473766;
  const double scale = 1 / std::sqrt((1 - rate) * (1 + rate * kLimit * kLimit));
  const double shift = -scale * kLimit * rate;
  return {kernels::drop_threshold(rate), static_cast<float>(scale), static_cast<float>(shift),
          static_cast<float>(scale * kLimit + shift)};
}

std::vector<std::int64_t> broadcast_places(const Shape& sample, const Shape& alpha) {
  std::vector<std::int64_t> places(static_cast<std::size_t>(element_count(sample)), 0);
  for (std::int64_t element = 0; element < element_count(sample); ++element) {
    std::int64_t rest = element;
    std::int64_t stride = 1;
    for (std::size_t axis = sample.size(); axis-- > 0;) {
      if (alpha[axis] != 1)
        places[static_cast<std::size_t>(element)] += rest % sample[axis] * stride;
      rest /= sample[axis];
      stride *= alpha[axis];
    }
  }
  return places;
}

Trial trial_of(const Graph& graph, const Optimizer& optimizer, std::uint64_t seed) {
  Trial trial;
  trial.seed = seed;
  trial.optimizer = optimizer;
  for (const Node& node : graph.nodes()) {
    if (const Activation* activation = activation_of(node.layer)) {
      trial.activations.push_back(activation->ref());
    } else if (const auto* dropout = std::get_if<layers::Dropout>(&node.layer)) {
      trial.dropouts.push_back(dropout_rule(dropout->rate));
    } else if (const auto* alpha = std::get_if<layers::AlphaDropout>(&node.layer)) {
      trial.dropouts.push_back(alpha_dropout_rule(alpha->rate));
    }
  }
  return trial;
}

int moments_of(const Optimizer& optimizer) {
  if (const auto* sgd = std::get_if<SGD>(&optimizer)) return sgd->momentum != 0 ? 1 : 0;
  return 2;
}

}  // namespace saltus::backend
