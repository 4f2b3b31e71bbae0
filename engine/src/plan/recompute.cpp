#include <algorithm>
#include <array>
#include <utility>

#include "plan/passes.h"

namespace saltus::plan {
namespace {

/// Multiply-adds for one output below which a convolution is cheaper than the memory traffic of its
/// activation and slope: about the 3x3 window of an image of one to three channels.
constexpr std::int64_t kCheap = 32;

/// Replaces a tensor in the backward steps that read a convolution's input or an activation's
/// slope.
struct Rename {
  TensorId from, to;

  void operator()(ConvolutionBackward& step) const { replace(step.x); }
  void operator()(PooledConvolutionBackward& step) const { replace(step.x); }
  void operator()(ActivateBackward& step) const { replace(step.slope); }
  template <class Other>
  void operator()(Other& /*step*/) const {}

  void replace(TensorId& id) const {
    if (id == from) id = to;
  }
};

bool reads(const Step& step, TensorId tensor) {
  bool found = false;
  for_each_tensor(step, [&](TensorId id, Use use) { found |= id == tensor && use != Use::write; });
  return found;
}

/// Whether every backward step that reads the tensor is one that Rename knows.
bool can_rename(const Draft& draft, std::size_t backward, TensorId tensor) {
  return std::all_of(draft.steps.begin() + static_cast<std::ptrdiff_t>(backward), draft.steps.end(),
                     [&](Step step) {
                       std::visit(Rename{tensor, kNone}, step);
                       return !reads(step, tensor);
                     });
}

}  // namespace

void recompute(Draft& draft) {
  const auto is_loss = [](const Step& step) { return std::holds_alternative<EvaluateLoss>(step); };
  const auto loss = std::find_if(draft.steps.begin(), draft.steps.end(), is_loss);
  if (loss == draft.steps.end()) return;
  const auto backward = static_cast<std::size_t>(loss - draft.steps.begin());

  for (std::size_t i = 0; i + 1 < backward; ++i) {
    const auto* convolution = std::get_if<Convolution>(&draft.steps[i]);
    const auto* activate = std::get_if<Activate>(&draft.steps[i + 1]);
    if (convolution == nullptr || activate == nullptr || activate->x != convolution->y) continue;
    const Window& window = convolution->window;
    if (window.size.height * window.size.width * window.channels_in > kCheap) continue;
    if (!can_rename(draft, backward, activate->y)) continue;

    // The forward pass keeps neither activation nor slope; the backward pass makes both again,
    // under names of their own.
    Convolution again = *convolution;
    Activate activate_again = *activate;
    const auto copy = [&](TensorId id) {
      const Tensor tensor = draft.tensors[static_cast<std::size_t>(id)];
      return draft.add_tensor(tensor.name + "/again", tensor.shape, tensor.type);
    };
    again.y = activate_again.x = copy(convolution->y);
    activate_again.y = copy(activate->y);
    activate_again.slope = copy(activate->slope);
    const std::array<std::pair<TensorId, TensorId>, 2> renamed = {
        {{activate->y, activate_again.y}, {activate->slope, activate_again.slope}}};
    std::get<Activate>(draft.steps[i + 1]).slope = kNone;

    std::size_t first = draft.steps.size();
    for (std::size_t j = backward; j < draft.steps.size(); ++j) {
      for (const auto& [before, after] : renamed) {
        if (!reads(draft.steps[j], before)) continue;
        first = std::min(first, j);
        std::visit(Rename{before, after}, draft.steps[j]);
      }
    }
    draft.steps.insert(draft.steps.begin() + static_cast<std::ptrdiff_t>(first),
                       {again, activate_again});
  }
}

}  // namespace saltus::plan
