// Elementwise activations: a layer by themselves, or behind the product of a convolution or dense
// layer.
#pragma once

#include "ops/layer_rule.h"

namespace saltus::ops {

template <>
struct LayerRule<Activation> : LayerDefaults {
  static constexpr Kind kKind = {"Activation", "activation"};
  static auto options() { return std::tuple(Option("activation", std::identity())); }
  static Inferred infer(const Activation& layer, const Inference& at);
  static TensorId lower(const Activation& layer, plan::Lowering& at);
  static store::OnnxValue export_onnx(const Activation& layer, store::OnnxLayer& at);
};

/// The activation of x that the node at hand applies: its output, or a part of it of that suffix.
TensorId lower_activation(TensorId x, plan::Lowering& at, std::string_view suffix = "");

/// y = f(x); while training slope = f'(x) too, for f and f' share their exponentials.
struct Activate {
  static constexpr std::string_view kName = "activate";
  Read x;
  Write y;
  Save slope;
  int slot;  ///< the activation's number in the trial table

  void differentiate(plan::Gradients& gradients) const;
  cpu::SlicedOpPtr compile(const cpu::Compilation& at) const;
  cuda::Launch launch(cuda::LaunchBuilder& at) const;
};

/// dx = dy * slope
struct ActivateBackward {
  static constexpr std::string_view kName = "activate_backward";
  Read dy, slope;
  Write dx;

  cpu::SlicedOpPtr compile(const cpu::Compilation& at) const;
  cuda::Launch launch(cuda::LaunchBuilder& at) const;
};

}  // namespace saltus::ops
