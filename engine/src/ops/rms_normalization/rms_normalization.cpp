#include "ops/rms_normalization/rms_normalization.h"

#include <fmt/format.h>

#include "ops/layer_normalization/layer_normalization.h"
#include "plan/lowering.h"
#include "store/onnx_layer.h"

namespace saltus::ops {

Inferred LayerRule<layers::RMSNormalization>::infer(const layers::RMSNormalization& layer,
                                                    const Inference& at) {
  if (!(layer.epsilon > 0)) at.fail(fmt::format("epsilon {} is not positive", layer.epsilon));
  return {at.input(), {at.weight("scale", {at.input().back()}, initializers::Ones{})}};
}

TensorId LayerRule<layers::RMSNormalization>::lower(const layers::RMSNormalization& layer,
                                                    plan::Lowering& at) {
  const std::int64_t channels = at.input_shape().back();
  const TensorId y = at.output();
  at.emit(NormalizeRows{.x = at.input(),
                        .gamma = at.weight(0),
                        .beta = kNone,
                        .y = y,
                        .rows = element_count(at.input_shape()) / channels,
                        .channels = channels,
                        .epsilon = layer.epsilon});
  return y;
}

store::OnnxValue LayerRule<layers::RMSNormalization>::export_onnx(
    const layers::RMSNormalization& layer, store::OnnxLayer& at) {
  const std::string& x = at.plain();
  const std::string mean =
      at.add("ReduceMean", {at.add("Mul", {x, x})},
             {{"axes", std::vector<std::int64_t>{-1}}, {"keepdims", std::int64_t{1}}});
  const std::string root =
      at.add("Sqrt", {at.add("Add", {mean, at.scalar(static_cast<float>(layer.epsilon))})});
  return {at.add("Mul", {at.add("Div", {x, root}), at.weight(0)}), {}};
}

}  // namespace saltus::ops
