// The values stay where they are; only the shape that readers assume differs.
#pragma once

#include "ops/layer_rule.h"

namespace saltus::ops {

template <>
struct LayerRule<layers::Flatten> : LayerDefaults {
  static constexpr Kind kKind = {"Flatten", "flatten"};
  static auto options() { return std::tuple(); }
  static Inferred infer(const layers::Flatten& layer, const Inference& at);
  static TensorId lower(const layers::Flatten& layer, plan::Lowering& at);
  static store::OnnxValue export_onnx(const layers::Flatten& layer, store::OnnxLayer& at);
};

template <>
struct LayerRule<layers::Reshape> : LayerDefaults {
  static constexpr Kind kKind = {"Reshape", "reshape"};
  static auto options() {
    return std::tuple(Option("target_shape", &layers::Reshape::target_shape, ShownBy::weights));
  }
  static Inferred infer(const layers::Reshape& layer, const Inference& at);
  static TensorId lower(const layers::Reshape& layer, plan::Lowering& at);
  static store::OnnxValue export_onnx(const layers::Reshape& layer, store::OnnxLayer& at);
};

}  // namespace saltus::ops
