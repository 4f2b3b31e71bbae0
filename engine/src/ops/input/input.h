// Where samples enter.
#pragma once

#include "ops/layer_rule.h"

namespace saltus::ops {

template <>
struct LayerRule<layers::Input> : LayerDefaults {
  static constexpr Kind kKind = {"InputLayer", "input_layer"};
  static constexpr Arity kArity = {0, 0};
  static auto options() {
    return std::tuple(Option("shape", &layers::Input::shape, ShownBy::weights));
  }
  static Inferred infer(const layers::Input& layer, const Inference& at);
  static TensorId lower(const layers::Input& layer, plan::Lowering& at);
  static store::OnnxValue export_onnx(const layers::Input& layer, store::OnnxLayer& at);
};

/// x = rows of the data set, in the order of the epoch; bytes divided by 255.
struct LoadInput {
  static constexpr std::string_view kName = "load_input";
  Write x;

  void differentiate(plan::Gradients& gradients) const;
  cpu::SlicedOpPtr compile(const cpu::Compilation& at) const;
  cuda::Launch launch(cuda::LaunchBuilder& at) const;
};

}  // namespace saltus::ops
