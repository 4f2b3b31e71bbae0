#include "ops/pooling/average_pooling.h"

#include "ops/pooling/pooled_shape.h"
#include "plan/autodiff.h"
#include "plan/lowering.h"
#include "store/onnx_layer.h"

namespace saltus::ops {
namespace {

TensorId lower_mean(Size2 size, Size2 strides, layers::Padding padding, plan::Lowering& at) {
  const TensorId y = at.output();
  at.emit(AveragePool{at.input(), y, at.window(size, strides, padding, at.input_shape()[2])});
  return y;
}

}  // namespace

Inferred LayerRule<layers::AveragePooling2D>::infer(const layers::AveragePooling2D& layer,
                                                    const Inference& at) {
  return pooled_shape(layer, at);
}

TensorId LayerRule<layers::AveragePooling2D>::lower(const layers::AveragePooling2D& layer,
                                                    plan::Lowering& at) {
  return lower_mean(layer.pool_size, layer.strides, layer.padding, at);
}

store::OnnxValue LayerRule<layers::AveragePooling2D>::export_onnx(
    const layers::AveragePooling2D& layer, store::OnnxLayer& at) {
  return at.pooled("AveragePool", layer.pool_size, layer.strides, layer.padding);
}

Inferred LayerRule<layers::GlobalAveragePooling2D>::infer(
    const layers::GlobalAveragePooling2D& /*layer*/, const Inference& at) {
  return {{at.image()[2]}, {}};
}

TensorId LayerRule<layers::GlobalAveragePooling2D>::lower(
    const layers::GlobalAveragePooling2D& /*layer*/, plan::Lowering& at) {
  const Size2 whole{at.input_shape()[0], at.input_shape()[1]};
  return lower_mean(whole, whole, layers::Padding::valid, at);
}

store::OnnxValue LayerRule<layers::GlobalAveragePooling2D>::export_onnx(
    const layers::GlobalAveragePooling2D& /*layer*/, store::OnnxLayer& at) {
  using Axes = std::vector<std::int64_t>;
  const bool first = at.is_channels_first();
  return {at.add("ReduceMean", {first ? at.channels_first() : at.plain()},
                 {{"axes", first ? Axes{2, 3} : Axes{1, 2}}, {"keepdims", std::int64_t{0}}}),
          {}};
}

void AveragePool::differentiate(plan::Gradients& gradients) const {
  gradients.emit(x, [&](TensorId dx) { return AveragePoolBackward{gradients.at(y), dx, window}; });
}

}  // namespace saltus::ops
