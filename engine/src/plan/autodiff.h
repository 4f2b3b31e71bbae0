// Reverse-mode differentiation: the backward steps of a program, by the forward steps' own rules.
#pragma once

#include <map>
#include <span>
#include <utility>
#include <vector>

#include "plan/program.h"

namespace saltus::plan {

/// The gradients of a program's tensors while backward steps are added, last forward step first.
class Gradients {
 public:
  Gradients(Program& program, std::span<const ops::ForwardStep> forward);

  /// Appends the backward steps, which begin with the gradient that the loss gives.
  void run(const ops::EvaluateLoss& loss);

  // For the forward steps' rules, which are asked where a gradient has arrived and is of use.

  /// The gradient that has arrived at a tensor.
  TensorId at(TensorId y) const { return gradients_.at(y); }

  /// Where the gradient of a weight is to be written; kNone for kNone.
  TensorId of_weight(TensorId weight) const;

  /// Whether a tensor's value depends on a trainable weight, so that its gradient is of use.
  bool wants(TensorId id) const { return wants_[static_cast<std::size_t>(id)]; }

  /// Adds the step make(dx), which writes the gradient of x to dx; kNone where x wants none.
  template <class Make>
  void emit(TensorId x, Make make) {
    const TensorId dx = create(x);
    add(make(dx));
    contribute(x, dx);
  }

  /// The same in three, for a step that writes several gradients.
  TensorId create(TensorId x) { return wants(x) ? new_gradient(x) : kNone; }
  template <class S>
  void add(const S& step) {
    program_.steps.emplace_back(step);
  }

  /// Adds `dx` to the gradient of x, where x wants one: a tensor that several steps read gets the
  /// sum.
  void contribute(TensorId x, TensorId dx);

 private:
  TensorId new_gradient(TensorId x);

  Program& program_;
  std::span<const ops::ForwardStep> forward_;
  std::vector<bool> wants_;  ///< by tensor: its value depends on a trainable weight
  std::map<TensorId, TensorId> gradients_;
};

}  // namespace saltus::plan
