#include "passes/passes.h"
#include "passes/readers.h"

namespace saltus::passes {

using plan::TensorId;

namespace {

void shrink(plan::Tensor& tensor, const plan::Tensor& pooled) {
  tensor.shape = pooled.shape;
  tensor.elements = pooled.elements;
}

/// Multiplies the gradient by the slope, which is that of the pooled values, before it is spread
/// over the windows. False where the two steps are not side by side.
bool swap_backward(plan::Program& program, const ops::ActivatePool& forward) {
  for (std::size_t i = 0; i + 1 < program.steps.size(); ++i) {
    const auto* pool = std::get_if<ops::MaxPoolBackward>(&program.steps[i]);
    const auto* activate = std::get_if<ops::ActivateBackward>(&program.steps[i + 1]);
    if (pool == nullptr || activate == nullptr || pool->index != forward.index ||
        activate->dy != pool->dx) {
      continue;
    }
    const TensorId pooled = pool->dx;
    shrink(program.tensor(pooled), program.tensor(pool->dy));
    const ops::ActivateBackward first{pool->dy, activate->slope, pooled};
    const ops::MaxPoolBackward second{pooled, pool->index, activate->dx, pool->window};
    program.steps[i] = first;
    program.steps[i + 1] = second;
    return true;
  }
  return false;
}

}  // namespace

void fuse_activation_pool(plan::Program& program) {
  const std::vector<int> readers = plan::count_readers(program);
  for (std::size_t i = 0; i + 1 < program.steps.size(); ++i) {
    const auto* activate = std::get_if<ops::Activate>(&program.steps[i]);
    const auto* pool = std::get_if<ops::MaxPool>(&program.steps[i + 1]);
    if (activate == nullptr || pool == nullptr || activate->y != pool->x ||
        !is_read_once(readers, pool->x)) {
      continue;
    }
    const ops::ActivatePool both{activate->x, pool->y,        activate->slope,
                                 pool->index, activate->slot, pool->window};
    if (both.slope != plan::kNone) {
      const bool is_read = readers[static_cast<std::size_t>(both.slope.id)] > 0;
      if (is_read && !swap_backward(program, both)) continue;
      shrink(program.tensor(both.slope), program.tensor(both.y));
    }
    program.steps[i] = both;
    program.steps.erase(program.steps.begin() + static_cast<std::ptrdiff_t>(i) + 1);
  }
}

}  // namespace saltus::passes
