#include "backend/backend.h"

#include "graph/custom_activation.h"
#include "ops/choices.h"

namespace saltus::backend {

Trial trial_of(const Graph& graph, const Optimizer& optimizer, std::uint64_t seed,
               double ema_momentum) {
  const ops::Slots slots = ops::deal_slots(graph);
  Trial trial;
  trial.seed = seed;
  trial.optimizer = optimizer;
  trial.ema_momentum = ema_momentum;
  trial.activations.resize(static_cast<std::size_t>(slots.activations));
  trial.dropouts.resize(static_cast<std::size_t>(slots.dropouts));
  for (std::size_t i = 0; i < graph.nodes().size(); ++i) {
    const Layer& layer = graph.nodes()[i].layer;
    if (const int slot = slots.activation[i]; slot >= 0) {
      trial.activations[static_cast<std::size_t>(slot)] =
          runnable(ops::activation_of(layer)->ref());
    }
    if (const int slot = slots.dropout[i]; slot >= 0) {
      trial.dropouts[static_cast<std::size_t>(slot)] = ops::dropout_of(layer);
    }
  }
  return trial;
}

int moments_of(const Optimizer& optimizer) {
  return std::visit([](const auto& o) { return static_cast<int>(o.moments()); }, optimizer);
}

}  // namespace saltus::backend
