// Normalization by the root of the mean square, over the last axis: rows that are not centered.
#pragma once

#include "ops/layer_rule.h"

namespace saltus::ops {

template <>
struct LayerRule<layers::RMSNormalization> : LayerDefaults {
  static constexpr Kind kKind = {"RMSNormalization", "rms_normalization"};
  static auto options() {
    return std::tuple(Option("epsilon", &layers::RMSNormalization::epsilon));
  }
  static Inferred infer(const layers::RMSNormalization& layer, const Inference& at);
  static TensorId lower(const layers::RMSNormalization& layer, plan::Lowering& at);
  static store::OnnxValue export_onnx(const layers::RMSNormalization& layer, store::OnnxLayer& at);
};

}  // namespace saltus::ops
