#include <algorithm>

#include "plan/passes.h"

namespace saltus::plan {

void fuse(Draft& draft) {
  std::vector<int> readers(draft.tensors.size(), 0);
  for (const Step& step : draft.steps) {
    for_each_tensor(step, [&](TensorId id, Use use) {
      if (use != Use::write) ++readers[static_cast<std::size_t>(id)];
    });
  }

  // activate, max_pool -> activate_pool: f is then evaluated at a quarter of the positions (of a
  // 2x2 window), and neither the full activation nor its slope is ever stored.
  std::vector<Step> fused;
  for (const Step& step : draft.steps) {
    const auto* pool = std::get_if<MaxPool>(&step);
    const auto* activate = fused.empty() ? nullptr : std::get_if<Activate>(&fused.back());
    if (pool != nullptr && activate != nullptr && activate->y == pool->x &&
        readers[static_cast<std::size_t>(pool->x)] == 1) {
      if (activate->slope != kNone) {
        Tensor& slope = draft.tensors[static_cast<std::size_t>(activate->slope)];
        const Tensor& pooled = draft.tensors[static_cast<std::size_t>(pool->y)];
        slope.shape = pooled.shape;
        slope.elements = pooled.elements;
      }
      const ActivatePool both{activate->x, pool->y,        activate->slope,
                              pool->index, activate->slot, pool->window};
      fused.back() = both;
    } else {
      fused.push_back(step);
    }
  }
  draft.steps = std::move(fused);
}

}  // namespace saltus::plan
