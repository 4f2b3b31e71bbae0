#include "ops/reshape/reshape.h"

#include <algorithm>

#include <fmt/format.h>

#include "plan/lowering.h"
#include "store/onnx_layer.h"

namespace saltus::ops {

Inferred LayerRule<layers::Flatten>::infer(const layers::Flatten& /*layer*/, const Inference& at) {
  return {{element_count(at.input())}, {}};
}

TensorId LayerRule<layers::Flatten>::lower(const layers::Flatten& /*layer*/, plan::Lowering& at) {
  return at.input();
}

store::OnnxValue LayerRule<layers::Flatten>::export_onnx(const layers::Flatten& /*layer*/,
                                                         store::OnnxLayer& at) {
  return {at.reshaped(at.plain(), at.node().shape), {}};
}

Inferred LayerRule<layers::Reshape>::infer(const layers::Reshape& layer, const Inference& at) {
  Shape target = layer.target_shape;
  if (target.empty()) at.fail("target_shape () has no axis; give a sample one axis or more");
  const std::int64_t elements = element_count(at.input());
  const auto open = std::find(target.begin(), target.end(), -1);
  if (open != target.end()) {
    *open = 1;
    at.require_positive("target_shape", target);
    *open = elements / element_count(target);
  }
  at.require_positive("target_shape", target);
  if (element_count(target) != elements) {
    at.fail(fmt::format("target_shape {} does not hold the {} elements of {}",
                        to_string(layer.target_shape), elements, to_string(at.input())));
  }
  return {target, {}};
}

TensorId LayerRule<layers::Reshape>::lower(const layers::Reshape& /*layer*/, plan::Lowering& at) {
  return at.input();
}

store::OnnxValue LayerRule<layers::Reshape>::export_onnx(const layers::Reshape& /*layer*/,
                                                         store::OnnxLayer& at) {
  return {at.reshaped(at.plain(), at.node().shape), {}};
}

}  // namespace saltus::ops
