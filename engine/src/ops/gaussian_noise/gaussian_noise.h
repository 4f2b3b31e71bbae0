// Normal noise, added while training.
#pragma once

#include "ops/layer_rule.h"

namespace saltus::ops {

template <>
struct LayerRule<layers::GaussianNoise> : LayerDefaults {
  static constexpr Kind kKind = {"GaussianNoise", "gaussian_noise"};
  static auto options() { return std::tuple(Option("stddev", &layers::GaussianNoise::stddev)); }
  static Inferred infer(const layers::GaussianNoise& layer, const Inference& at);
  static TensorId lower(const layers::GaussianNoise& layer, plan::Lowering& at);
  static store::OnnxValue export_onnx(const layers::GaussianNoise& layer, store::OnnxLayer& at);
};

/// y = x + stddev n with a standard normal n of each element, drawn anew in each step. `layer`
/// tells the numbers of layers apart.
struct AddNoise {
  static constexpr std::string_view kName = "add_noise";
  Read x;
  Write y;
  std::uint32_t layer;
  double stddev;

  void differentiate(plan::Gradients& gradients) const;
  cpu::SlicedOpPtr compile(const cpu::Compilation& at) const;
  cuda::Launch launch(cuda::LaunchBuilder& at) const;
};

}  // namespace saltus::ops
