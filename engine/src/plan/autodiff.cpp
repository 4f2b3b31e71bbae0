#include "plan/autodiff.h"

namespace saltus::plan {

Gradients::Gradients(Program& program, std::span<const ops::ForwardStep> forward)
    : program_(program), forward_(forward) {
  wants_.assign(program.tensors.size(), false);
  for (std::size_t i = 0; i < program.gradient_of_weight.size(); ++i) {
    wants_[i] = program.gradient_of_weight[i] != kNone;
  }
  for (const ops::ForwardStep& step : forward) {
    bool any = false;
    for_each_tensor(step,
                    [&](TensorId id, ops::Use use) { any |= ops::is_read(use) && wants(id); });
    for_each_tensor(step, [&](TensorId id, ops::Use use) {
      if (any && !ops::is_read(use)) wants_[static_cast<std::size_t>(id)] = true;
    });
  }
}

void Gradients::run(const ops::EvaluateLoss& loss) {
  gradients_[loss.x] = loss.dx;
  for (std::size_t i = forward_.size(); i-- > 0;) {
    bool active = false;
    for_each_tensor(forward_[i], [&](TensorId id, ops::Use use) {
      active |= use == ops::Use::write && wants(id) && gradients_.contains(id);
    });
    if (active) std::visit([&](const auto& step) { step.differentiate(*this); }, forward_[i]);
  }
}

TensorId Gradients::of_weight(TensorId weight) const {
  return weight == kNone ? kNone : program_.gradient_of_weight[static_cast<std::size_t>(weight)];
}

TensorId Gradients::new_gradient(TensorId x) {
  const Tensor tensor = program_.tensor(x);
  return program_.add_tensor("d " + tensor.name, tensor.shape);
}

void Gradients::contribute(TensorId x, TensorId dx) {
  if (!wants(x)) return;
  const auto [known, first] = gradients_.try_emplace(x, dx);
  if (first) return;
  const TensorId sum = new_gradient(x);
  program_.steps.emplace_back(ops::Sum{known->second, dx, sum});
  known->second = sum;
}

}  // namespace saltus::plan
