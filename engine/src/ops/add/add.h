// Elementwise sums.
#pragma once

#include "ops/layer_rule.h"

namespace saltus::ops {

template <>
struct LayerRule<layers::Add> : LayerDefaults {
  static constexpr Kind kKind = {"Add", "add"};
  static constexpr Arity kArity = {2, SIZE_MAX};
  static auto options() { return std::tuple(); }
  static Inferred infer(const layers::Add& layer, const Inference& at);
  static TensorId lower(const layers::Add& layer, plan::Lowering& at);
  static store::OnnxValue export_onnx(const layers::Add& layer, store::OnnxLayer& at);
};

/// y = a + b
struct Sum {
  static constexpr std::string_view kName = "sum";
  Read a, b;
  Write y;

  void differentiate(plan::Gradients& gradients) const;
  cpu::SlicedOpPtr compile(const cpu::Compilation& at) const;
  cuda::Launch launch(cuda::LaunchBuilder& at) const;
};

}  // namespace saltus::ops
