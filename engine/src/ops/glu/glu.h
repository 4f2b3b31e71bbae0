// Gated linear units: a split, an activation and a product.
#pragma once

#include "ops/layer_rule.h"

namespace saltus::ops {

template <>
struct LayerRule<layers::GLU> : LayerDefaults {
  static constexpr Kind kKind = {"GLU", "glu"};
  static auto options() { return std::tuple(Option("activation", &layers::GLU::activation)); }
  static Inferred infer(const layers::GLU& layer, const Inference& at);
  static TensorId lower(const layers::GLU& layer, plan::Lowering& at);
  static store::OnnxValue export_onnx(const layers::GLU& layer, store::OnnxLayer& at);
};

}  // namespace saltus::ops
