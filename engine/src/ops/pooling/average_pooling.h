// Means of windows, and of whole images.
#pragma once

#include "ops/layer_rule.h"

namespace saltus::ops {

template <>
struct LayerRule<layers::AveragePooling2D> : LayerDefaults {
  static constexpr Kind kKind = {"AveragePooling2D", "average_pooling2d"};
  static auto options() {
    using L = layers::AveragePooling2D;
    return std::tuple(Option("pool_size", &L::pool_size), Option("strides", &L::strides),
                      Option("padding", &L::padding));
  }
  static Inferred infer(const layers::AveragePooling2D& layer, const Inference& at);
  static TensorId lower(const layers::AveragePooling2D& layer, plan::Lowering& at);
  static store::OnnxValue export_onnx(const layers::AveragePooling2D& layer, store::OnnxLayer& at);
};

template <>
struct LayerRule<layers::GlobalAveragePooling2D> : LayerDefaults {
  static constexpr Kind kKind = {"GlobalAveragePooling2D", "global_average_pooling2d"};
  static auto options() { return std::tuple(); }
  static Inferred infer(const layers::GlobalAveragePooling2D& layer, const Inference& at);
  static TensorId lower(const layers::GlobalAveragePooling2D& layer, plan::Lowering& at);
  static store::OnnxValue export_onnx(const layers::GlobalAveragePooling2D& layer,
                                      store::OnnxLayer& at);
};

/// y = the mean over the window's positions inside the image.
struct AveragePool {
  static constexpr std::string_view kName = "average_pool";
  Read x;
  Write y;
  Window window;

  void differentiate(plan::Gradients& gradients) const;
  cpu::SlicedOpPtr compile(const cpu::Compilation& at) const;
  cuda::Launch launch(cuda::LaunchBuilder& at) const;
};

struct AveragePoolBackward {
  static constexpr std::string_view kName = "average_pool_backward";
  Read dy;
  Write dx;
  Window window;

  cpu::SlicedOpPtr compile(const cpu::Compilation& at) const;
  cuda::Launch launch(cuda::LaunchBuilder& at) const;
};

}  // namespace saltus::ops
