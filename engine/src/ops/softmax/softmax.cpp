#include "ops/softmax/softmax.h"

#include "plan/autodiff.h"
#include "plan/lowering.h"
#include "store/onnx_layer.h"

namespace saltus::ops {
namespace {

TensorId lower_rows(bool log, plan::Lowering& at) {
  const TensorId y = at.output();
  const Shape& shape = at.node().shape;
  at.emit(SoftmaxRows{at.input(), y, element_count(shape) / shape.back(), shape.back(), log});
  return y;
}

}  // namespace

Inferred LayerRule<layers::Softmax>::infer(const layers::Softmax& /*layer*/, const Inference& at) {
  return {at.input(), {}};
}

TensorId LayerRule<layers::Softmax>::lower(const layers::Softmax& /*layer*/, plan::Lowering& at) {
  return at.loss_takes_softmax() ? at.input() : lower_rows(false, at);
}

store::OnnxValue LayerRule<layers::Softmax>::export_onnx(const layers::Softmax& /*layer*/,
                                                         store::OnnxLayer& at) {
  return at.over_channels("Softmax");
}

Inferred LayerRule<layers::LogSoftmax>::infer(const layers::LogSoftmax& /*layer*/,
                                              const Inference& at) {
  return {at.input(), {}};
}

TensorId LayerRule<layers::LogSoftmax>::lower(const layers::LogSoftmax& /*layer*/,
                                              plan::Lowering& at) {
  return lower_rows(true, at);
}

store::OnnxValue LayerRule<layers::LogSoftmax>::export_onnx(const layers::LogSoftmax& /*layer*/,
                                                            store::OnnxLayer& at) {
  return at.over_channels("LogSoftmax");
}

void SoftmaxRows::differentiate(plan::Gradients& gradients) const {
  gradients.emit(x, [&](TensorId dx) {
    return SoftmaxRowsBackward{y, gradients.at(y), dx, rows, channels, log};
  });
}

}  // namespace saltus::ops
