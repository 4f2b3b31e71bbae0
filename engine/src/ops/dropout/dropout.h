// Dropout and AlphaDropout, which are one map.
#pragma once

#include "ops/layer_rule.h"

namespace saltus::ops {

/// y = keep ? scale x + shift : dropped, by the trial's rule of this slot.
struct Drop {
  static constexpr std::string_view kName = "drop";
  Read x;
  Write y;
  int slot;

  void differentiate(plan::Gradients& gradients) const;
  cpu::SlicedOpPtr compile(const cpu::Compilation& at) const;
  cuda::Launch launch(cuda::LaunchBuilder& at) const;
};

/// dx = keep ? scale dy : 0
struct DropBackward {
  static constexpr std::string_view kName = "drop_backward";
  Read dy;
  Write dx;
  int slot;

  cpu::SlicedOpPtr compile(const cpu::Compilation& at) const;
  cuda::Launch launch(cuda::LaunchBuilder& at) const;
};

template <>
struct LayerRule<layers::Dropout> : LayerDefaults {
  using DropStep = Drop;
  static constexpr Kind kKind = {"Dropout", "dropout"};
  static auto options() { return std::tuple(Option("rate", &layers::Dropout::rate)); }
  static Inferred infer(const layers::Dropout& layer, const Inference& at);
  static TensorId lower(const layers::Dropout& layer, plan::Lowering& at);
  static kernels::DropoutRule dropout(const layers::Dropout& layer);
  static store::OnnxValue export_onnx(const layers::Dropout& layer, store::OnnxLayer& at);
};

template <>
struct LayerRule<layers::AlphaDropout> : LayerDefaults {
  using DropStep = Drop;
  static constexpr Kind kKind = {"AlphaDropout", "alpha_dropout"};
  static auto options() { return std::tuple(Option("rate", &layers::AlphaDropout::rate)); }
  static Inferred infer(const layers::AlphaDropout& layer, const Inference& at);
  static TensorId lower(const layers::AlphaDropout& layer, plan::Lowering& at);
  static kernels::DropoutRule dropout(const layers::AlphaDropout& layer);
  static store::OnnxValue export_onnx(const layers::AlphaDropout& layer, store::OnnxLayer& at);
};

/// What kinds of dropout share: the input's shape, and a rate from 0 to below 1.
Inferred infer_drop(double rate, const Inference& at);

}  // namespace saltus::ops
