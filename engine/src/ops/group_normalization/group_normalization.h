// Group normalization, over groups of channels (last axis).
#pragma once

#include "ops/layer_rule.h"

namespace saltus::ops {

template <>
struct LayerRule<layers::GroupNormalization> : LayerDefaults {
  static constexpr Kind kKind = {"GroupNormalization", "group_normalization"};
  static auto options() {
    using L = layers::GroupNormalization;
    return std::tuple(Option("groups", &L::groups), Option("epsilon", &L::epsilon),
                      Option("center", &L::center), Option("scale", &L::scale));
  }
  static Inferred infer(const layers::GroupNormalization& layer, const Inference& at);
  static TensorId lower(const layers::GroupNormalization& layer, plan::Lowering& at);
  static store::OnnxValue export_onnx(const layers::GroupNormalization& layer,
                                      store::OnnxLayer& at);
};

/// How a sample's values [positions][groups][width] are normalized.
struct GroupShape {
  std::int64_t positions, groups, width;

  std::int64_t channels() const { return groups * width; }
};

/// y = xhat gamma + beta with xhat = (x - mean) / sqrt(variance + epsilon), mean and (biased)
/// variance those of a sample's group. gamma and beta, by channel, may be kNone.
struct NormalizeGroups {
  static constexpr std::string_view kName = "normalize_groups";
  Read x, gamma, beta;
  Write y;
  GroupShape shape;
  double epsilon;

  void differentiate(plan::Gradients& gradients) const;
  cpu::SlicedOpPtr compile(const cpu::Compilation& at) const;
  cuda::Launch launch(cuda::LaunchBuilder& at) const;
};

/// With g = dy gamma and means over a group: dx = (g - mean(g) - xhat mean(g xhat)) / sqrt(variance
/// + epsilon); over all samples and positions: dgamma = sum(dy xhat), dbeta = sum(dy). Mean and
/// variance are worked out again, as for NormalizeRowsBackward.
struct NormalizeGroupsBackward {
  static constexpr std::string_view kName = "normalize_groups_backward";
  Read x, gamma, dy;
  Write dx;
  Gradient dgamma, dbeta;
  GroupShape shape;
  double epsilon;

  cpu::SlicedOpPtr compile(const cpu::Compilation& at) const;
  cuda::Launch launch(cuda::LaunchBuilder& at) const;
};

}  // namespace saltus::ops
