#include "ops/dropout/dropout.h"

#include <cmath>

#include <fmt/format.h>

#include <saltus/kernels/random.h>

#include "plan/autodiff.h"
#include "plan/lowering.h"
#include "store/onnx_layer.h"

namespace saltus::ops {

Inferred infer_drop(double rate, const Inference& at) {
  if (!(rate >= 0 && rate < 1)) {
    at.fail(fmt::format("rate {} is not at least 0 and less than 1", rate));
  }
  return {at.input(), {}};
}

namespace {

TensorId lower_drop(plan::Lowering& at) {
  if (!at.training()) return at.input();
  const TensorId y = at.output();
  at.emit(Drop{at.input(), y, at.dropout_slot()});
  return y;
}

}  // namespace

Inferred LayerRule<layers::Dropout>::infer(const layers::Dropout& layer, const Inference& at) {
  return infer_drop(layer.rate, at);
}

TensorId LayerRule<layers::Dropout>::lower(const layers::Dropout& /*layer*/, plan::Lowering& at) {
  return lower_drop(at);
}

kernels::DropoutRule LayerRule<layers::Dropout>::dropout(const layers::Dropout& layer) {
  const auto scale = static_cast<float>(1 / (1 - kernels::rounded_rate(layer.rate)));
  return {kernels::drop_threshold(layer.rate), scale, 0.0F, 0.0F};
}

store::OnnxValue LayerRule<layers::Dropout>::export_onnx(const layers::Dropout& /*layer*/,
                                                         store::OnnxLayer& at) {
  return at.input();
}

Inferred LayerRule<layers::AlphaDropout>::infer(const layers::AlphaDropout& layer,
                                                const Inference& at) {
  return infer_drop(layer.rate, at);
}

TensorId LayerRule<layers::AlphaDropout>::lower(const layers::AlphaDropout& /*layer*/,
                                                plan::Lowering& at) {
  return lower_drop(at);
}

kernels::DropoutRule LayerRule<layers::AlphaDropout>::dropout(const layers::AlphaDropout& layer) {
  const double rate = kernels::rounded_rate(layer.rate);
  // -scale * alpha of SELU: its limit far to the left.
  constexpr double kLimit = -1.7580993408473766;
  const double scale = 1 / std::sqrt((1 - rate) * (1 + rate * kLimit * kLimit));
  const double shift = -scale * kLimit * rate;
  return {kernels::drop_threshold(layer.rate), static_cast<float>(scale), static_cast<float>(shift),
          static_cast<float>(scale * kLimit + shift)};
}

store::OnnxValue LayerRule<layers::AlphaDropout>::export_onnx(const layers::AlphaDropout& /*layer*/,
                                                              store::OnnxLayer& at) {
  return at.input();
}

void Drop::differentiate(plan::Gradients& gradients) const {
  gradients.emit(x, [&](TensorId dx) { return DropBackward{gradients.at(y), dx, slot}; });
}

}  // namespace saltus::ops
