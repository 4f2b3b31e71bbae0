// Dense layers: matrix products.
#pragma once

#include "ops/layer_rule.h"

namespace saltus::ops {

template <>
struct LayerRule<layers::Dense> : LayerDefaults {
  static constexpr Kind kKind = {"Dense", "dense"};
  static auto options() {
    using L = layers::Dense;
    return std::tuple(Option("units", &L::units, ShownBy::weights),
                      Option("activation", &L::activation),
                      Option("use_bias", &L::use_bias, ShownBy::weights),
                      Option("kernel_initializer", &L::kernel_initializer, ShownBy::weights),
                      Option("bias_initializer", &L::bias_initializer, ShownBy::weights));
  }
  static Inferred infer(const layers::Dense& layer, const Inference& at);
  static TensorId lower(const layers::Dense& layer, plan::Lowering& at);
  static store::OnnxValue export_onnx(const layers::Dense& layer, store::OnnxLayer& at);
};

/// y = x w + b, on `rows` rows a sample: x [rows][in], w [in][out].
struct Gemm {
  static constexpr std::string_view kName = "gemm";
  MatrixRead x;
  Read w, b;
  Write y;
  std::int64_t rows, in, out;

  void differentiate(plan::Gradients& gradients) const;
  cpu::WholeOpPtr compile(const cpu::Compilation& at) const;
  cuda::Launch launch(cuda::LaunchBuilder& at) const;
};

/// dx = dy w^T, dw = x^T dy, db = the sum of dy's rows. Only dx remains where CUDA's pass
/// `fuse_update` gives the others to the update.
struct GemmBackward {
  static constexpr std::string_view kName = "gemm_backward";
  MatrixRead x;
  Read w;
  MatrixRead dy;
  Write dx;
  Gradient dw, db;
  std::int64_t rows, in, out;

  cpu::WholeOpPtr compile(const cpu::Compilation& at) const;
  cuda::Launch launch(cuda::LaunchBuilder& at) const;
};

/// y = f(x w + b), slope = f'(x w + b) in one launch. Made by CUDA's pass `fuse_epilogue`.
struct GemmActivate {
  static constexpr std::string_view kName = "gemm_activate";
  MatrixRead x;
  Read w, b;
  Write y;
  Save slope;
  int slot;
  std::int64_t rows, in, out;

  cuda::Launch launch(cuda::LaunchBuilder& at) const;
};

}  // namespace saltus::ops
