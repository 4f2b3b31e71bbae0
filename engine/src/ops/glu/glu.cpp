#include "ops/glu/glu.h"

#include <fmt/format.h>

#include "ops/activation/activation.h"
#include "ops/concatenate/concatenate.h"
#include "ops/multiply/multiply.h"
#include "plan/lowering.h"
#include "store/onnx_layer.h"

namespace saltus::ops {

Inferred LayerRule<layers::GLU>::infer(const layers::GLU& /*layer*/, const Inference& at) {
  Shape half = at.input();
  if (half.back() % 2 != 0) {
    at.fail(fmt::format("the last axis of {} is halved, and must be even", to_string(half)));
  }
  half.back() /= 2;
  return {half, {}};
}

TensorId LayerRule<layers::GLU>::lower(const layers::GLU& layer, plan::Lowering& at) {
  const Shape& shape = at.node().shape;
  const TensorId value = at.output("/value");
  const TensorId gate = at.output("/gate");
  at.emit(Split{at.input(), value, gate, element_count(shape) / shape.back(), shape.back(),
                shape.back()});
  const TensorId open =
      layer.activation == Activation() ? gate : lower_activation(gate, at, "/activated");
  const TensorId y = at.output();
  at.emit(Multiply{value, open, y});
  return y;
}

store::OnnxValue LayerRule<layers::GLU>::export_onnx(const layers::GLU& layer,
                                                     store::OnnxLayer& at) {
  const bool first = at.is_channels_first();
  const std::int64_t half = at.node().shape.back();
  const std::string& x = first ? at.channels_first() : at.plain();
  const std::string axis = at.integers("/axis", {first ? 1 : -1});
  const auto part = [&](const char* name, std::int64_t begin) {
    return at.add("Slice", {x, at.integers(fmt::format("/{}_begin", name), {begin}),
                            at.integers(fmt::format("/{}_end", name), {begin + half}), axis});
  };
  const std::string value = part("value", 0);
  const std::string gate = at.activated(layer.activation, part("gate", half), first);
  return store::in_order(at.add("Mul", {value, gate}), first);
}

}  // namespace saltus::ops
