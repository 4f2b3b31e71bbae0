// Max-pooling. The place of a maximum in its window is kept in a byte, which bounds the window.
#pragma once

#include "ops/layer_rule.h"

namespace saltus::ops {

template <>
struct LayerRule<layers::MaxPooling2D> : LayerDefaults {
  static constexpr Kind kKind = {"MaxPooling2D", "max_pooling2d"};
  static auto options() {
    using L = layers::MaxPooling2D;
    return std::tuple(Option("pool_size", &L::pool_size), Option("strides", &L::strides),
                      Option("padding", &L::padding));
  }
  static Inferred infer(const layers::MaxPooling2D& layer, const Inference& at);
  static TensorId lower(const layers::MaxPooling2D& layer, plan::Lowering& at);
  static store::OnnxValue export_onnx(const layers::MaxPooling2D& layer, store::OnnxLayer& at);
};

/// y = the largest of each window, index = its position in the window, row-major.
struct MaxPool {
  static constexpr std::string_view kName = "max_pool";
  Read x;
  Write y;
  Save index;
  Window window;

  void differentiate(plan::Gradients& gradients) const;
  cpu::SlicedOpPtr compile(const cpu::Compilation& at) const;
  cuda::Launch launch(cuda::LaunchBuilder& at) const;
};

/// dx = dy where the maximum was taken, else 0.
struct MaxPoolBackward {
  static constexpr std::string_view kName = "max_pool_backward";
  Read dy, index;
  Write dx;
  Window window;

  cpu::SlicedOpPtr compile(const cpu::Compilation& at) const;
  cuda::Launch launch(cuda::LaunchBuilder& at) const;
};

/// dx = dy, through the dropout and times the slope of the activation behind the pool, where there
/// are any, where the maximum of each window was, else 0. Made by CUDA's pass
/// `fuse_pooled_gradient`.
struct PooledGradient {
  static constexpr std::string_view kName = "pooled_gradient";
  static constexpr int kNoDrop = -1;

  Read dy, slope, index;
  Write dx;
  int drop_slot;
  Window window;

  cuda::Launch launch(cuda::LaunchBuilder& at) const;
};

/// y = x where the maximum of each window was taken. Made by the pass `differentiate_pooled`.
struct GatherPooled {
  static constexpr std::string_view kName = "gather_pooled";
  Read x, index;
  Write y;
  Window window;

  cpu::SlicedOpPtr compile(const cpu::Compilation& at) const;
  cuda::Launch launch(cuda::LaunchBuilder& at) const;
};

/// y = max-pool(f(x)), slope = f' where the maximum was taken, index = its position in the window,
/// row-major. For a monotone f the maximum is taken before f, for f with one minimum f is needed at
/// the window's largest and smallest x only; ties then go to the first position in x. Made by the
/// pass `fuse_activation_pool`.
struct ActivatePool {
  static constexpr std::string_view kName = "activate_pool";
  Read x;
  Write y;
  Save slope, index;
  int slot;
  Window window;

  cpu::SlicedOpPtr compile(const cpu::Compilation& at) const;
  cuda::Launch launch(cuda::LaunchBuilder& at) const;
};

}  // namespace saltus::ops
