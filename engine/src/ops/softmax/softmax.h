// Softmax and its logarithm, over the last axis.
#pragma once

#include "ops/layer_rule.h"

namespace saltus::ops {

template <>
struct LayerRule<layers::Softmax> : LayerDefaults {
  static constexpr Kind kKind = {"Softmax", "softmax"};
  static auto options() { return std::tuple(); }
  static Inferred infer(const layers::Softmax& layer, const Inference& at);
  static TensorId lower(const layers::Softmax& layer, plan::Lowering& at);
  static store::OnnxValue export_onnx(const layers::Softmax& layer, store::OnnxLayer& at);
};

template <>
struct LayerRule<layers::LogSoftmax> : LayerDefaults {
  static constexpr Kind kKind = {"LogSoftmax", "log_softmax"};
  static auto options() { return std::tuple(); }
  static Inferred infer(const layers::LogSoftmax& layer, const Inference& at);
  static TensorId lower(const layers::LogSoftmax& layer, plan::Lowering& at);
  static store::OnnxValue export_onnx(const layers::LogSoftmax& layer, store::OnnxLayer& at);
};

/// y = softmax(x), or log_softmax(x), of `rows` rows a sample of `channels`.
struct SoftmaxRows {
  static constexpr std::string_view kName = "softmax_rows";
  Read x;
  Write y;
  std::int64_t rows, channels;
  bool log;

  void differentiate(plan::Gradients& gradients) const;
  cpu::SlicedOpPtr compile(const cpu::Compilation& at) const;
  cuda::Launch launch(cuda::LaunchBuilder& at) const;
};

/// Softmax: dx = y (dy - sum y dy); log_softmax: dx = dy - exp(y) sum dy.
struct SoftmaxRowsBackward {
  static constexpr std::string_view kName = "softmax_rows_backward";
  Read y, dy;
  Write dx;
  std::int64_t rows, channels;
  bool log;

  cpu::SlicedOpPtr compile(const cpu::Compilation& at) const;
  cuda::Launch launch(cuda::LaunchBuilder& at) const;
};

}  // namespace saltus::ops
