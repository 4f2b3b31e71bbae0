#include "ops/layer_normalization/layer_normalization.h"

#include <fmt/format.h>

#include "plan/autodiff.h"
#include "plan/lowering.h"
#include "store/onnx_layer.h"

namespace saltus::ops {

Inferred LayerRule<layers::LayerNormalization>::infer(const layers::LayerNormalization& layer,
                                                      const Inference& at) {
  if (!(layer.epsilon > 0)) at.fail(fmt::format("epsilon {} is not positive", layer.epsilon));
  const Shape channels = {at.input().back()};
  return {at.input(),
          {at.weight("gamma", channels, initializers::Ones{}),
           at.weight("beta", channels, initializers::Zeros{})}};
}

TensorId LayerRule<layers::LayerNormalization>::lower(const layers::LayerNormalization& layer,
                                                      plan::Lowering& at) {
  const std::int64_t channels = at.input_shape().back();
  const TensorId y = at.output();
  at.emit(NormalizeRows{.x = at.input(),
                        .gamma = at.weight(0),
                        .beta = at.weight(1),
                        .y = y,
                        .rows = element_count(at.input_shape()) / channels,
                        .channels = channels,
                        .epsilon = layer.epsilon});
  return y;
}

store::OnnxValue LayerRule<layers::LayerNormalization>::export_onnx(
    const layers::LayerNormalization& layer, store::OnnxLayer& at) {
  return {at.add("LayerNormalization", {at.plain(), at.weight(0), at.weight(1)},
                 {{"axis", std::int64_t{-1}}, {"epsilon", static_cast<float>(layer.epsilon)}}),
          {}};
}

void NormalizeRows::differentiate(plan::Gradients& gradients) const {
  gradients.emit(x, [&](TensorId dx) {
    return NormalizeRowsBackward{.x = x,
                                 .gamma = gamma,
                                 .dy = gradients.at(y),
                                 .dx = dx,
                                 .dgamma = gradients.of_weight(gamma),
                                 .dbeta = gradients.of_weight(beta),
                                 .rows = rows,
                                 .channels = channels,
                                 .epsilon = epsilon};
  });
}

}  // namespace saltus::ops
