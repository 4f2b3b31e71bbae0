#include "ops/dropout/spatial_dropout.h"

#include "ops/dropout/dropout.h"
#include "plan/autodiff.h"
#include "plan/lowering.h"
#include "store/onnx_layer.h"

namespace saltus::ops {

Inferred LayerRule<layers::SpatialDropout2D>::infer(const layers::SpatialDropout2D& layer,
                                                    const Inference& at) {
  at.image();
  return infer_drop(layer.rate, at);
}

TensorId LayerRule<layers::SpatialDropout2D>::lower(const layers::SpatialDropout2D& /*layer*/,
                                                    plan::Lowering& at) {
  if (!at.training()) return at.input();
  const Shape& image = at.input_shape();
  const TensorId y = at.output();
  at.emit(DropMaps{at.input(), y, image[0] * image[1], image[2], at.dropout_slot()});
  return y;
}

kernels::DropoutRule LayerRule<layers::SpatialDropout2D>::dropout(
    const layers::SpatialDropout2D& layer) {
  return LayerRule<layers::Dropout>::dropout({layer.rate});
}

store::OnnxValue LayerRule<layers::SpatialDropout2D>::export_onnx(
    const layers::SpatialDropout2D& /*layer*/, store::OnnxLayer& at) {
  return at.input();
}

void DropMaps::differentiate(plan::Gradients& gradients) const {
  gradients.emit(x, [&](TensorId dx) {
    return DropMaps{gradients.at(y), dx, positions, channels, slot};
  });
}

}  // namespace saltus::ops
