#include "backend/backend.h"

#include <cmath>

#include "kernels/random.h"

namespace saltus::backend {

DropoutRule dropout_rule(double rate) {
  return {kernels::drop_threshold(rate), static_cast<float>(1 / (1 - rate)), 0.0F, 0.0F};
}

DropoutRule alpha_dropout_rule(double rate) {
  // -scale * alpha of SELU: its limit far to the left.
  constexpr double kLimit = -1.7580993408473766;
  const double scale = 1 / std::sqrt((1 - rate) * (1 + rate * kLimit * kLimit));
  const double shift = -scale * kLimit * rate;
  return {kernels::drop_threshold(rate), static_cast<float>(scale), static_cast<float>(shift),
          static_cast<float>(scale * kLimit + shift)};
}

Trial trial_of(const Graph& graph, const Optimizer& optimizer, std::uint64_t seed) {
  Trial trial;
  trial.seed = seed;
  trial.optimizer = optimizer;
  for (const Node& node : graph.nodes()) {
    if (const auto* activation = std::get_if<layers::Activation>(&node.layer)) {
      trial.activations.push_back(activation->function.ref());
    } else if (const auto* dropout = std::get_if<layers::Dropout>(&node.layer)) {
      trial.dropouts.push_back(dropout_rule(dropout->rate));
    } else if (const auto* alpha = std::get_if<layers::AlphaDropout>(&node.layer)) {
      trial.dropouts.push_back(alpha_dropout_rule(alpha->rate));
    }
  }
  return trial;
}

}  // namespace saltus::backend
