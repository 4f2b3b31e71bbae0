// The gradient of a max-pool's outputs, with that of what follows it: the same in every kernel that
// begins with it.
#pragma once

#include <saltus/kernels/device/any_quad.h>
#include <saltus/kernels/elementwise/drop_rule.h>

namespace saltus::kernels::pooling {

/// Of the elements of a batch from `first` to `end`, one or four of them, whose draws of dropout
/// are of one block: dy, through the dropout of step.drop_slot (or kNoDrop) and times step.slope,
/// where there is one.
template <class Step>
__device__ Quad pooled_quad(const Step& step, const Trials& trials, int trial, std::int64_t first,
                            std::int64_t end, bool quads) {
  Quad gradient = fetch_some(step.dy, trial, first, end, quads);
  if (step.drop_slot != Step::kNoDrop) {
    const DropoutRule& rule = trials.dropout(trial, step.drop_slot);
    // Four elements from a multiple of four on are of one block.
    const Words4 words = mask_words(trials.states[trial], step.drop_slot, first / kMaskBlock);
    const auto place = static_cast<int>(first % kMaskBlock);
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      const bool kept = is_kept(rule, words, (place + j) % kMaskBlock);
      gradient.values[j] = dropped_gradient(rule, gradient.values[j], kept);
    }
  }
  if (step.slope) {
    const Quad slope = fetch_some(AnyInput(step.slope), trial, first, end, quads);
#pragma unroll
    for (int j = 0; j < 4; ++j) gradient.values[j] *= slope.values[j];
  }
  return gradient;
}

}  // namespace saltus::kernels::pooling
