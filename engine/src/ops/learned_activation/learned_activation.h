// Activations with parameters that are learned: weights of the layer that has the activation.
#pragma once

#include <array>

#include "ops/layer_rule.h"

namespace saltus::ops {

/// y = f(x) for the node at hand, whose activation is learned.
void lower_learned_activation(TensorId x, TensorId y, plan::Lowering& at);

/// A tensor for each parameter of an activation; kNone for those that are not learned.
template <class Operand>
using EachParameter = std::array<Operand, kernels::kMaxParameters>;

/// y = f(x), the last axis of which has `channels`. Parameters are used within their legal
/// intervals.
struct ActivateLearned {
  static constexpr std::string_view kName = "activate_learned";
  Read x;
  EachParameter<Read> parameters;
  Write y;
  Activation activation;
  std::int64_t channels;

  void differentiate(plan::Gradients& gradients) const;
  cpu::SlicedOpPtr compile(const cpu::Compilation& at) const;
  cuda::Launch launch(cuda::LaunchBuilder& at) const;
};

/// dx = dy f'(x); the gradient of a parameter p is the sum of dy df/dp, over everything or over its
/// channel. It is 0 where a parameter stands at the end of its interval and a step against it would
/// lead out.
struct ActivateLearnedBackward {
  static constexpr std::string_view kName = "activate_learned_backward";
  Read x;
  EachParameter<Read> parameters;
  Read dy;
  Write dx;
  EachParameter<Gradient> gradients;
  Activation activation;
  std::int64_t channels;

  cpu::SlicedOpPtr compile(const cpu::Compilation& at) const;
  cuda::Launch launch(cuda::LaunchBuilder& at) const;
};

}  // namespace saltus::ops
