#include "ops/input/input.h"

#include "plan/lowering.h"
#include "store/onnx_layer.h"

namespace saltus::ops {

Inferred LayerRule<layers::Input>::infer(const layers::Input& layer, const Inference& at) {
  if (layer.shape.empty()) at.fail("shape () has no axis; give a sample one axis or more");
  at.require_positive("shape", layer.shape);
  return {layer.shape, {}};
}

TensorId LayerRule<layers::Input>::lower(const layers::Input& /*layer*/, plan::Lowering& at) {
  const TensorId x = at.output();
  at.emit(LoadInput{x});
  return x;
}

store::OnnxValue LayerRule<layers::Input>::export_onnx(const layers::Input& /*layer*/,
                                                       store::OnnxLayer& at) {
  return {at.node().name, {}};
}

void LoadInput::differentiate(plan::Gradients& /*gradients*/) const {}  // no weight is behind it

}  // namespace saltus::ops
