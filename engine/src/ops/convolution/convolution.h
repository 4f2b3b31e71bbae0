// Convolution.
#pragma once

#include <saltus/kernels/convolution/convolutions_pool_sizes.h>

#include "ops/layer_rule.h"

namespace saltus::ops {

template <>
struct LayerRule<layers::Conv2D> : LayerDefaults {
  static constexpr Kind kKind = {"Conv2D", "conv2d"};
  static auto options() {
    using L = layers::Conv2D;
    return std::tuple(Option("filters", &L::filters, ShownBy::weights),
                      Option("kernel_size", &L::kernel_size, ShownBy::weights),
                      Option("strides", &L::strides), Option("padding", &L::padding),
                      Option("activation", &L::activation),
                      Option("use_bias", &L::use_bias, ShownBy::weights),
                      Option("kernel_initializer", &L::kernel_initializer, ShownBy::weights),
                      Option("bias_initializer", &L::bias_initializer, ShownBy::weights));
  }
  static Inferred infer(const layers::Conv2D& layer, const Inference& at);
  static TensorId lower(const layers::Conv2D& layer, plan::Lowering& at);
  static store::OnnxValue export_onnx(const layers::Conv2D& layer, store::OnnxLayer& at);
};

/// y = x * w + b
struct Convolution {
  static constexpr std::string_view kName = "convolution";
  MatrixRead x;
  Read w, b;
  Write y;
  Window window;

  void differentiate(plan::Gradients& gradients) const;
  cpu::SlicedOpPtr compile(const cpu::Compilation& at) const;
  cuda::Launch launch(cuda::LaunchBuilder& at) const;
};

struct ConvolutionBackward {
  static constexpr std::string_view kName = "convolution_backward";
  MatrixRead x;
  Read w;
  MatrixRead dy;
  Write dx;
  Gradient dw, db;
  Window window;

  cpu::SlicedOpPtr compile(const cpu::Compilation& at) const;
  cuda::Launch launch(cuda::LaunchBuilder& at) const;
};

/// Backward of Convolution and of the max-pooling behind it in one: the gradient arrives at the
/// pooled positions, and `index` says which position of each pooling window it belongs to; all
/// others are zero. dy [pooled height][pooled width][channels_out]. Made by the CPU's pass
/// `fuse_pooled_convolution`.
struct PooledConvolutionBackward {
  static constexpr std::string_view kName = "pooled_convolution_backward";
  MatrixRead x;
  Read w;
  MatrixRead dy;
  Read index;
  Write dx;
  Gradient dw, db;
  Window window;
  Window pool;

  cpu::SlicedOpPtr compile(const cpu::Compilation& at) const;
};

/// y = f(x * w + b), slope = f'(x * w + b) in one launch. Made by CUDA's pass `fuse_epilogue`.
struct ConvolutionActivate {
  static constexpr std::string_view kName = "convolution_activate";
  MatrixRead x;
  Read w, b;
  Write y;
  Save slope;
  int slot;
  Window window;

  cuda::Launch launch(cuda::LaunchBuilder& at) const;
};

/// y = drop(max-pool(f2(f1(x * w1 + b1) * w2 + b2))), slope and index as those of ActivatePool, in
/// one launch which keeps what lies between to itself. Where drop_slot is PooledGradient::kNoDrop,
/// no dropout is in it. Made by CUDA's pass `fuse_convolutions`, of sizes that
/// kernels::has_convolutions_pool() lets pass.
struct ConvolutionsPool {
  static constexpr std::string_view kName = "convolutions_pool";
  MatrixRead x;
  Read first_w, first_b, second_w, second_b;
  Write y;
  Save slope, index;
  int first_slot, second_slot, drop_slot;
  Window first, second;

  cuda::Launch launch(cuda::LaunchBuilder& at) const;
};

/// The gradients of the weights of ConvolutionsPool, from what arrives behind the pool, or behind
/// the dropout of that slot: PooledGradient, and the backward steps of both convolutions and of the
/// activation between them, which is made again. Made by CUDA's pass
/// `fuse_convolutions_gradient`, of sizes that kernels::has_convolutions_pool_backward() lets pass.
struct ConvolutionsPoolBackward {
  static constexpr std::string_view kName = "convolutions_pool_backward";
  MatrixRead x;
  Read first_w, first_b, second_w;
  Read dy, slope, index;
  Gradient first_dw, first_db, second_dw, second_db;
  int first_slot, drop_slot;
  kernels::ConvolutionsPoolSizes sizes;

  cuda::Launch launch(cuda::LaunchBuilder& at) const;
};

/// Of two convolutions whose extents an int holds.
inline kernels::ConvolutionsPoolSizes sizes_of(const Window& first, const Window& second) {
  const auto extent = [](std::int64_t n) { return static_cast<int>(n); };
  return {{extent(first.image.height), extent(first.image.width)},
          extent(first.channels_out),
          extent(second.channels_out)};
}

}  // namespace saltus::ops
