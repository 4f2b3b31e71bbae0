// Batch normalization, over the last axis.
#pragma once

#include "ops/layer_rule.h"

namespace saltus::ops {

template <>
struct LayerRule<layers::BatchNormalization> : LayerDefaults {
  static constexpr Kind kKind = {"BatchNormalization", "batch_normalization"};
  static auto options() {
    using L = layers::BatchNormalization;
    return std::tuple(Option("momentum", &L::momentum), Option("epsilon", &L::epsilon));
  }
  static Inferred infer(const layers::BatchNormalization& layer, const Inference& at);
  static TensorId lower(const layers::BatchNormalization& layer, plan::Lowering& at);
  static store::OnnxValue export_onnx(const layers::BatchNormalization& layer,
                                      store::OnnxLayer& at);
};

/// By the batch's statistics over rows and positions, as while training. They are kept in mean and
/// inverse_deviation [channels] (f32, statistics home), and next_mean and next_variance are what
/// the moving ones are to become with the weights.
struct NormalizeBatch {
  static constexpr std::string_view kName = "normalize_batch";
  Read x, gamma, beta, moving_mean, moving_variance;
  Write y;
  Save next_mean, next_variance, mean, inverse_deviation;
  std::int64_t rows, channels;
  double momentum, epsilon;

  void differentiate(plan::Gradients& gradients) const;
  cpu::WholeOpPtr compile(const cpu::Compilation& at) const;
  cuda::Launch launch(cuda::LaunchBuilder& at) const;
};

struct NormalizeBatchBackward {
  static constexpr std::string_view kName = "normalize_batch_backward";
  Read x, gamma, mean, inverse_deviation, dy;
  Write dx;
  Gradient dgamma, dbeta;
  std::int64_t rows, channels;

  cpu::WholeOpPtr compile(const cpu::Compilation& at) const;
  cuda::Launch launch(cuda::LaunchBuilder& at) const;
};

/// By statistics that are known, as when evaluating: y = (x - mean) / sqrt(variance + epsilon)
/// gamma + beta. gamma and beta, and then the mean, too, may be kNone.
struct NormalizeMoving {
  static constexpr std::string_view kName = "normalize_moving";
  Read x, gamma, beta, moving_mean, moving_variance;
  Write y;
  std::int64_t rows, channels;
  double epsilon;

  void differentiate(plan::Gradients& gradients) const;
  cpu::SlicedOpPtr compile(const cpu::Compilation& at) const;
  cuda::Launch launch(cuda::LaunchBuilder& at) const;
};

/// dx = dy gamma / sqrt(variance + epsilon): the statistics are constants. Only diagnoses have it.
struct NormalizeMovingBackward {
  static constexpr std::string_view kName = "normalize_moving_backward";
  Read x, gamma, moving_mean, moving_variance, dy;
  Write dx;
  Gradient dgamma, dbeta;
  std::int64_t rows, channels;
  double epsilon;

  cpu::SlicedOpPtr compile(const cpu::Compilation& at) const;
};

}  // namespace saltus::ops
