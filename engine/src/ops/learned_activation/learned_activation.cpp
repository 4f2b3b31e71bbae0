#include "ops/learned_activation/learned_activation.h"

#include <cstddef>

#include "graph/learned_activation.h"
#include "ops/choices.h"
#include "plan/autodiff.h"
#include "plan/lowering.h"

namespace saltus::ops {

void lower_learned_activation(TensorId x, TensorId y, plan::Lowering& at) {
  const Activation& activation = *activation_of(at.node().layer);
  ActivateLearned step{.x = x,
                       .parameters = {},
                       .y = y,
                       .activation = activation,
                       .channels = at.node().shape.back()};
  const auto places = places_of_learned(activation, at.node());
  for (std::size_t i = 0; i < places.size(); ++i)
    if (places[i] >= 0) step.parameters[i] = at.weight(static_cast<std::size_t>(places[i]));
  at.emit(step);
}

void ActivateLearned::differentiate(plan::Gradients& gradients) const {
  gradients.emit(x, [&](TensorId dx) {
    ActivateLearnedBackward step{.x = x,
                                 .parameters = parameters,
                                 .dy = gradients.at(y),
                                 .dx = dx,
                                 .gradients = {},
                                 .activation = activation,
                                 .channels = channels};
    for (std::size_t i = 0; i < parameters.size(); ++i)
      step.gradients[i] = gradients.of_weight(parameters[i]);
    return step;
  });
}

}  // namespace saltus::ops
