// Depthwise convolution: every channel has kernels of its own. Always in fp32: a sum of so few
// products an element leaves nothing for tensor cores to do.
#pragma once

#include "ops/layer_rule.h"

namespace saltus::ops {

template <>
struct LayerRule<layers::DepthwiseConv2D> : LayerDefaults {
  static constexpr Kind kKind = {"DepthwiseConv2D", "depthwise_conv2d"};
  static auto options() {
    using L = layers::DepthwiseConv2D;
    return std::tuple(Option("kernel_size", &L::kernel_size, ShownBy::weights),
                      Option("strides", &L::strides), Option("padding", &L::padding),
                      Option("depth_multiplier", &L::depth_multiplier, ShownBy::weights),
                      Option("activation", &L::activation),
                      Option("use_bias", &L::use_bias, ShownBy::weights),
                      Option("depthwise_initializer", &L::depthwise_initializer, ShownBy::weights),
                      Option("bias_initializer", &L::bias_initializer, ShownBy::weights));
  }
  static Inferred infer(const layers::DepthwiseConv2D& layer, const Inference& at);
  static TensorId lower(const layers::DepthwiseConv2D& layer, plan::Lowering& at);
  static store::OnnxValue export_onnx(const layers::DepthwiseConv2D& layer, store::OnnxLayer& at);
};

/// y = x * w + b, where output channel o is made of input channel o / (channels_out / channels_in)
/// alone. w [height][width][channels_out].
struct DepthwiseConvolution {
  static constexpr std::string_view kName = "depthwise_convolution";
  Read x, w, b;
  Write y;
  Window window;

  void differentiate(plan::Gradients& gradients) const;
  cpu::SlicedOpPtr compile(const cpu::Compilation& at) const;
  cuda::Launch launch(cuda::LaunchBuilder& at) const;
};

struct DepthwiseConvolutionBackward {
  static constexpr std::string_view kName = "depthwise_convolution_backward";
  Read x, w, dy;
  Write dx;
  Gradient dw, db;
  Window window;

  cpu::SlicedOpPtr compile(const cpu::Compilation& at) const;
  cuda::Launch launch(cuda::LaunchBuilder& at) const;
};

}  // namespace saltus::ops
