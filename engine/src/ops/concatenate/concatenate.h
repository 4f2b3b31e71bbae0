// Tensors side by side along the last axis, and apart again.
#pragma once

#include "ops/layer_rule.h"

namespace saltus::ops {

template <>
struct LayerRule<layers::Concatenate> : LayerDefaults {
  static constexpr Kind kKind = {"Concatenate", "concatenate"};
  static constexpr Arity kArity = {2, SIZE_MAX};
  static auto options() { return std::tuple(); }
  static Inferred infer(const layers::Concatenate& layer, const Inference& at);
  static TensorId lower(const layers::Concatenate& layer, plan::Lowering& at);
  static store::OnnxValue export_onnx(const layers::Concatenate& layer, store::OnnxLayer& at);
};

/// y [rows][first + second] = a [rows][first] and b [rows][second] side by side; `rows` of a
/// sample.
struct Concat {
  static constexpr std::string_view kName = "concat";
  Read a, b;
  Write y;
  std::int64_t rows, first, second;

  void differentiate(plan::Gradients& gradients) const;
  cpu::SlicedOpPtr compile(const cpu::Compilation& at) const;
  cuda::Launch launch(cuda::LaunchBuilder& at) const;
};

/// The opposite: a and b are the two parts of x. One of them may be kNone.
struct Split {
  static constexpr std::string_view kName = "split";
  Read x;
  Write a, b;
  std::int64_t rows, first, second;

  void differentiate(plan::Gradients& gradients) const;
  cpu::SlicedOpPtr compile(const cpu::Compilation& at) const;
  cuda::Launch launch(cuda::LaunchBuilder& at) const;
};

}  // namespace saltus::ops
