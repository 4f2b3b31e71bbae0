#include "ops/dense/dense.h"

#include "ops/activation/activation.h"
#include "plan/autodiff.h"
#include "plan/lowering.h"
#include "store/onnx_layer.h"

namespace saltus::ops {

Inferred LayerRule<layers::Dense>::infer(const layers::Dense& layer, const Inference& at) {
  at.require_at_least_one("units", layer.units);
  const Shape& input = at.input();
  Inferred inferred{input, {}};
  inferred.shape.back() = layer.units;
  inferred.weights.push_back(
      at.weight("kernel", {input.back(), layer.units}, layer.kernel_initializer));
  if (layer.use_bias) {
    inferred.weights.push_back(at.weight("bias", {layer.units}, layer.bias_initializer));
  }
  return inferred;
}

TensorId LayerRule<layers::Dense>::lower(const layers::Dense& layer, plan::Lowering& at) {
  const bool activated = layer.activation != Activation();
  const TensorId y = at.output(activated ? "/product" : "");
  const std::int64_t in = at.input_shape().back();
  at.emit(Gemm{at.input(), at.weight(0), layer.use_bias ? at.weight(1) : kNone, y,
               element_count(at.input_shape()) / in, in, layer.units});
  return activated ? lower_activation(y, at) : y;
}

store::OnnxValue LayerRule<layers::Dense>::export_onnx(const layers::Dense& layer,
                                                       store::OnnxLayer& at) {
  if (at.input_shape().size() == 1) {
    std::vector<std::string> inputs = {at.plain(), at.weight(0)};
    if (layer.use_bias) inputs.push_back(at.weight(1));
    return {at.activated(layer.activation, at.add("Gemm", std::move(inputs)), false), {}};
  }
  std::string product = at.add("MatMul", {at.plain(), at.weight(0)});
  if (layer.use_bias) product = at.add("Add", {product, at.weight(1)});
  return {at.activated(layer.activation, product, false), {}};
}

void Gemm::differentiate(plan::Gradients& gradients) const {
  gradients.emit(x, [&](TensorId dx) {
    return GemmBackward{.x = x,
                        .w = w,
                        .dy = gradients.at(y),
                        .dx = dx,
                        .dw = gradients.of_weight(w),
                        .db = gradients.of_weight(b),
                        .rows = rows,
                        .in = in,
                        .out = out};
  });
}

}  // namespace saltus::ops
