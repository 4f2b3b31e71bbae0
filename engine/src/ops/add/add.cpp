#include "ops/add/add.h"

#include "plan/autodiff.h"
#include "plan/lowering.h"
#include "store/onnx_layer.h"

namespace saltus::ops {

Inferred LayerRule<layers::Add>::infer(const layers::Add& /*layer*/, const Inference& at) {
  return {at.one_shape("added"), {}};
}

TensorId LayerRule<layers::Add>::lower(const layers::Add& /*layer*/, plan::Lowering& at) {
  return at.fold([&](TensorId a, TensorId b, TensorId y) { at.emit(Sum{a, b, y}); });
}

store::OnnxValue LayerRule<layers::Add>::export_onnx(const layers::Add& /*layer*/,
                                                     store::OnnxLayer& at) {
  return at.folded("Add");
}

void Sum::differentiate(plan::Gradients& gradients) const {
  for (const TensorId x : {a.id, b.id}) gradients.contribute(x, gradients.at(y));
}

}  // namespace saltus::ops
