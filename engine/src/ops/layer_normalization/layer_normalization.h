// Layer normalization, over the last axis.
#pragma once

#include "ops/layer_rule.h"

namespace saltus::ops {

template <>
struct LayerRule<layers::LayerNormalization> : LayerDefaults {
  static constexpr Kind kKind = {"LayerNormalization", "layer_normalization"};
  static auto options() {
    return std::tuple(Option("epsilon", &layers::LayerNormalization::epsilon));
  }
  static Inferred infer(const layers::LayerNormalization& layer, const Inference& at);
  static TensorId lower(const layers::LayerNormalization& layer, plan::Lowering& at);
  static store::OnnxValue export_onnx(const layers::LayerNormalization& layer,
                                      store::OnnxLayer& at);
};

/// y = xhat gamma + beta with xhat = (x - mean) / sqrt(variance + epsilon), mean and (biased)
/// variance those of each row of `channels`; `rows` rows a sample. Without beta nothing is
/// centered: the mean counts as 0, so that the variance is the mean of squares.
struct NormalizeRows {
  static constexpr std::string_view kName = "normalize_rows";
  Read x, gamma, beta;
  Write y;
  std::int64_t rows, channels;
  double epsilon;

  void differentiate(plan::Gradients& gradients) const;
  cpu::SlicedOpPtr compile(const cpu::Compilation& at) const;
  cuda::Launch launch(cuda::LaunchBuilder& at) const;
};

/// With g = dy gamma and means over a row: dx = (g - mean(g) - xhat mean(g xhat)) / sqrt(variance +
/// epsilon); over all rows: dgamma = sum(dy xhat), dbeta = sum(dy). Where nothing is centered there
/// is no dbeta, and mean(g) counts as 0. It reads x anyway, so mean and variance are worked out
/// again rather than stored.
struct NormalizeRowsBackward {
  static constexpr std::string_view kName = "normalize_rows_backward";
  Read x, gamma, dy;
  Write dx;
  Gradient dgamma, dbeta;
  std::int64_t rows, channels;
  double epsilon;

  cpu::SlicedOpPtr compile(const cpu::Compilation& at) const;
  cuda::Launch launch(cuda::LaunchBuilder& at) const;
};

}  // namespace saltus::ops
