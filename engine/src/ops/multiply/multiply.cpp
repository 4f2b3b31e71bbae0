#include "ops/multiply/multiply.h"

#include "plan/autodiff.h"
#include "plan/lowering.h"
#include "store/onnx_layer.h"

namespace saltus::ops {

Inferred LayerRule<layers::Multiply>::infer(const layers::Multiply& /*layer*/,
                                            const Inference& at) {
  return {at.one_shape("multiplied"), {}};
}

TensorId LayerRule<layers::Multiply>::lower(const layers::Multiply& /*layer*/, plan::Lowering& at) {
  return at.fold([&](TensorId a, TensorId b, TensorId y) { at.emit(Multiply{a, b, y}); });
}

store::OnnxValue LayerRule<layers::Multiply>::export_onnx(const layers::Multiply& /*layer*/,
                                                          store::OnnxLayer& at) {
  return at.folded("Mul");
}

void Multiply::differentiate(plan::Gradients& gradients) const {
  const TensorId dy = gradients.at(y);
  for (const auto& [x, other] : {std::pair(a.id, b.id), std::pair(b.id, a.id)}) {
    if (!gradients.wants(x)) continue;
    gradients.emit(x, [&](TensorId dx) { return Multiply{dy, other, dx}; });
  }
}

}  // namespace saltus::ops
