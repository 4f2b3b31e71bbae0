#include <algorithm>
#include <array>
#include <utility>

#include "passes/passes.h"

namespace saltus::passes {

using plan::TensorId;

namespace {

/// Multiply-adds for one output below which a convolution is cheaper than the memory traffic of its
/// activation and slope: about the 3x3 window of an image of one to three channels.
constexpr std::int64_t kCheap = 32;

/// The backward steps whose inputs may be computed again: those that take a few samples at a time,
/// as the steps that compute them do.
bool may_read_again(const plan::Step& step) {
  return std::holds_alternative<ops::ConvolutionBackward>(step) ||
         std::holds_alternative<ops::PooledConvolutionBackward>(step) ||
         std::holds_alternative<ops::ActivateBackward>(step);
}

void rename_reads(plan::Step& step, TensorId from, TensorId to) {
  plan::for_each_tensor(step, [&](TensorId& id, ops::Use use) {
    if (id == from && ops::is_read(use)) id = to;
  });
}

/// Whether every step from `first` on that reads the tensor may read another.
bool can_rename(const plan::Program& program, std::size_t first, TensorId tensor) {
  return std::all_of(
      program.steps.begin() + static_cast<std::ptrdiff_t>(first), program.steps.end(),
      [&](const plan::Step& step) { return !plan::reads(step, tensor) || may_read_again(step); });
}

}  // namespace

void recompute(plan::Program& program) {
  if (program.mode != plan::Mode::train) return;
  const auto is_loss = [](const plan::Step& step) {
    return std::holds_alternative<ops::EvaluateLoss>(step);
  };
  const auto loss = std::find_if(program.steps.begin(), program.steps.end(), is_loss);
  const auto backward = static_cast<std::size_t>(loss - program.steps.begin());

  for (std::size_t i = 0; i + 1 < backward; ++i) {
    const auto* convolution = std::get_if<ops::Convolution>(&program.steps[i]);
    const auto* activate = std::get_if<ops::Activate>(&program.steps[i + 1]);
    if (convolution == nullptr || activate == nullptr || activate->x != convolution->y) continue;
    const plan::Window& window = convolution->window;
    if (window.size.height * window.size.width * window.channels_in > kCheap) continue;
    if (!can_rename(program, backward, activate->y)) continue;

    // The forward pass keeps neither activation nor slope; the backward pass makes both again,
    // under names of their own.
    ops::Convolution again = *convolution;
    ops::Activate activate_again = *activate;
    const auto copy = [&](TensorId id) {
      const plan::Tensor tensor = program.tensor(id);
      return program.add_tensor(tensor.name + "/again", tensor.shape, tensor.type);
    };
    again.y = activate_again.x = copy(convolution->y);
    activate_again.y = copy(activate->y);
    activate_again.slope = copy(activate->slope);
    const std::array<std::pair<TensorId, TensorId>, 2> renamed = {
        {{activate->y, activate_again.y}, {activate->slope, activate_again.slope}}};
    std::get<ops::Activate>(program.steps[i + 1]).slope = plan::kNone;

    std::size_t first = program.steps.size();
    for (std::size_t j = backward; j < program.steps.size(); ++j) {
      for (const auto& [before, after] : renamed) {
        if (!plan::reads(program.steps[j], before)) continue;
        first = std::min(first, j);
        rename_reads(program.steps[j], before, after);
      }
    }
    program.steps.insert(program.steps.begin() + static_cast<std::ptrdiff_t>(first),
                         {again, activate_again});
  }
}

}  // namespace saltus::passes
