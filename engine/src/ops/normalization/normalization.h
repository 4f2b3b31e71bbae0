// Standardisation by statistics that are set, over the last axis. Its step is NormalizeMoving of
// batch normalization, without gamma and beta.
#pragma once

#include "ops/layer_rule.h"

namespace saltus::ops {

template <>
struct LayerRule<layers::Normalization> : LayerDefaults {
  static constexpr Kind kKind = {"Normalization", "normalization"};
  static constexpr bool kStatisticsMove = false;
  static auto options() { return std::tuple(); }
  static Inferred infer(const layers::Normalization& layer, const Inference& at);
  static TensorId lower(const layers::Normalization& layer, plan::Lowering& at);
  static store::OnnxValue export_onnx(const layers::Normalization& layer, store::OnnxLayer& at);
};

}  // namespace saltus::ops
