// Dropout of whole feature maps.
#pragma once

#include "ops/layer_rule.h"

namespace saltus::ops {

/// y = keep ? scale x : 0, where one draw of the trial's rule of this slot decides for all
/// `positions` of a sample's channel. The gradient is the same map.
struct DropMaps {
  static constexpr std::string_view kName = "drop_maps";
  Read x;
  Write y;
  std::int64_t positions, channels;
  int slot;

  void differentiate(plan::Gradients& gradients) const;
  cpu::SlicedOpPtr compile(const cpu::Compilation& at) const;
  cuda::Launch launch(cuda::LaunchBuilder& at) const;
};

template <>
struct LayerRule<layers::SpatialDropout2D> : LayerDefaults {
  using DropStep = DropMaps;
  static constexpr Kind kKind = {"SpatialDropout2D", "spatial_dropout2d"};
  static auto options() { return std::tuple(Option("rate", &layers::SpatialDropout2D::rate)); }
  static Inferred infer(const layers::SpatialDropout2D& layer, const Inference& at);
  static TensorId lower(const layers::SpatialDropout2D& layer, plan::Lowering& at);
  static kernels::DropoutRule dropout(const layers::SpatialDropout2D& layer);
  static store::OnnxValue export_onnx(const layers::SpatialDropout2D& layer, store::OnnxLayer& at);
};

}  // namespace saltus::ops
