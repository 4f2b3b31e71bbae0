#include "ops/normalization/normalization.h"

#include "ops/batch_normalization/batch_normalization.h"
#include "plan/lowering.h"
#include "store/onnx_layer.h"

namespace saltus::ops {

namespace {

/// The square of Keras's epsilon.
constexpr double kEpsilon = 1e-14;

}  // namespace

Inferred LayerRule<layers::Normalization>::infer(const layers::Normalization& /*layer*/,
                                                 const Inference& at) {
  const Shape channels = {at.input().back()};
  return {at.input(),
          {at.weight("mean", channels, initializers::Zeros{}, false),
           at.weight("variance", channels, initializers::Ones{}, false)}};
}

TensorId LayerRule<layers::Normalization>::lower(const layers::Normalization& /*layer*/,
                                                 plan::Lowering& at) {
  const std::int64_t channels = at.input_shape().back();
  const TensorId y = at.output();
  at.emit(NormalizeMoving{.x = at.input(),
                          .gamma = kNone,
                          .beta = kNone,
                          .moving_mean = at.weight(0),
                          .moving_variance = at.weight(1),
                          .y = y,
                          .rows = element_count(at.input_shape()) / channels,
                          .channels = channels,
                          .epsilon = kEpsilon});
  return y;
}

store::OnnxValue LayerRule<layers::Normalization>::export_onnx(
    const layers::Normalization& /*layer*/, store::OnnxLayer& at) {
  const std::string centred = at.add("Sub", {at.plain(), at.weight(0)});
  const std::string deviation =
      at.add("Sqrt", {at.add("Add", {at.weight(1), at.scalar(static_cast<float>(kEpsilon))})});
  return {at.add("Div", {centred, deviation}), {}};
}

}  // namespace saltus::ops
