// Elementwise products.
#pragma once

#include "ops/layer_rule.h"

namespace saltus::ops {

template <>
struct LayerRule<layers::Multiply> : LayerDefaults {
  static constexpr Kind kKind = {"Multiply", "multiply"};
  static constexpr Arity kArity = {2, SIZE_MAX};
  static auto options() { return std::tuple(); }
  static Inferred infer(const layers::Multiply& layer, const Inference& at);
  static TensorId lower(const layers::Multiply& layer, plan::Lowering& at);
  static store::OnnxValue export_onnx(const layers::Multiply& layer, store::OnnxLayer& at);
};

/// y = a b
struct Multiply {
  static constexpr std::string_view kName = "multiply";
  Read a, b;
  Write y;

  void differentiate(plan::Gradients& gradients) const;
  cpu::SlicedOpPtr compile(const cpu::Compilation& at) const;
  cuda::Launch launch(cuda::LaunchBuilder& at) const;
};

}  // namespace saltus::ops
