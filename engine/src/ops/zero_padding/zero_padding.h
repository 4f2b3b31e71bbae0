// Zeros around an image.
#pragma once

#include "ops/layer_rule.h"

namespace saltus::ops {

template <>
struct LayerRule<layers::ZeroPadding2D> : LayerDefaults {
  static constexpr Kind kKind = {"ZeroPadding2D", "zero_padding2d"};
  static auto options() { return std::tuple(Option("padding", &layers::ZeroPadding2D::padding)); }
  static Inferred infer(const layers::ZeroPadding2D& layer, const Inference& at);
  static TensorId lower(const layers::ZeroPadding2D& layer, plan::Lowering& at);
  static store::OnnxValue export_onnx(const layers::ZeroPadding2D& layer, store::OnnxLayer& at);
};

/// An image's lines within the longer and more lines of a padded one. Lengths are in elements, so
/// of width times channels.
struct Frame {
  std::int64_t lines, length;                ///< of the image
  std::int64_t padded_lines, padded_length;  ///< with what is around it
  std::int64_t top, left;                    ///< where in the padded one the image begins
};

/// y [padded_lines][padded_length] = x [lines][length] within zeros.
struct Pad {
  static constexpr std::string_view kName = "pad";
  Read x;
  Write y;
  Frame frame;

  void differentiate(plan::Gradients& gradients) const;
  cpu::SlicedOpPtr compile(const cpu::Compilation& at) const;
  cuda::Launch launch(cuda::LaunchBuilder& at) const;
};

/// The opposite: dx = what lies in the middle of dy.
struct PadBackward {
  static constexpr std::string_view kName = "pad_backward";
  Read dy;
  Write dx;
  Frame frame;

  cpu::SlicedOpPtr compile(const cpu::Compilation& at) const;
  cuda::Launch launch(cuda::LaunchBuilder& at) const;
};

}  // namespace saltus::ops
