#include "ops/activation/activation.h"

#include "ops/choices.h"
#include "ops/learned_activation/learned_activation.h"
#include "plan/autodiff.h"
#include "plan/lowering.h"
#include "store/onnx_layer.h"

namespace saltus::ops {

Inferred LayerRule<Activation>::infer(const Activation& /*layer*/, const Inference& at) {
  return {at.input(), {}};
}

TensorId LayerRule<Activation>::lower(const Activation& /*layer*/, plan::Lowering& at) {
  return lower_activation(at.input(), at);
}

store::OnnxValue LayerRule<Activation>::export_onnx(const Activation& layer, store::OnnxLayer& at) {
  return at.on_either(
      [&](const std::string& x) { return at.activated(layer, x, at.is_channels_first()); });
}

TensorId lower_activation(TensorId x, plan::Lowering& at, std::string_view suffix) {
  const TensorId y = at.output(suffix);
  if (activation_of(at.node().layer)->is_learned()) {
    lower_learned_activation(x, y, at);
    return y;
  }
  at.emit(Activate{x, y, at.saved("/slope"), at.activation_slot()});
  return y;
}

void Activate::differentiate(plan::Gradients& gradients) const {
  gradients.emit(x, [&](TensorId dx) { return ActivateBackward{gradients.at(y), slope, dx}; });
}

}  // namespace saltus::ops
