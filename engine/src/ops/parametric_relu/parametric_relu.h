// PReLU: a learned slope for negative inputs.
#pragma once

#include <vector>

#include "ops/layer_rule.h"

namespace saltus::ops {

template <>
struct LayerRule<layers::PReLU> : LayerDefaults {
  static constexpr Kind kKind = {"PReLU", "p_re_lu"};
  static auto options() {
    using L = layers::PReLU;
    return std::tuple(Option("shared_axes", &L::shared_axes, ShownBy::weights),
                      Option("alpha_initializer", &L::alpha_initializer, ShownBy::weights));
  }
  static Inferred infer(const layers::PReLU& layer, const Inference& at);
  static TensorId lower(const layers::PReLU& layer, plan::Lowering& at);
  static store::OnnxValue export_onnx(const layers::PReLU& layer, store::OnnxLayer& at);
};

/// For each element of a sample, the place of its alpha. Axes of extent 1 in `alpha` are shared.
std::vector<std::int64_t> broadcast_places(const Shape& sample, const Shape& alpha);

/// y = max(x, 0) + alpha min(x, 0). alpha has the shape of a sample with 1 at shared axes.
struct ParametricRelu {
  static constexpr std::string_view kName = "parametric_relu";
  Read x, alpha;
  Write y;
  Shape sample;  ///< that alpha's axes are those of; x may have the same values in another shape

  void differentiate(plan::Gradients& gradients) const;
  cpu::SlicedOpPtr compile(const cpu::Compilation& at) const;
  cuda::Launch launch(cuda::LaunchBuilder& at) const;
};

struct ParametricReluBackward {
  static constexpr std::string_view kName = "parametric_relu_backward";
  Read x, alpha, dy;
  Write dx;
  Gradient dalpha;
  Shape sample;

  cpu::WholeOpPtr compile(const cpu::Compilation& at) const;
  cuda::Launch launch(cuda::LaunchBuilder& at) const;
};

}  // namespace saltus::ops
