// What dropout makes of one element, and of its gradient: the same in every kernel that has dropout
// in it.
#pragma once

#include <saltus/kernels/random.h>
#include <saltus/kernels/trial.h>

namespace saltus::kernels {

/// The draws of a block of kMaskBlock elements of a batch, by its number.
SALTUS_HD Words4 mask_words(const TrialState& state, int slot, std::int64_t block) {
  return random_words(state.seed, Purpose::dropout, static_cast<std::uint32_t>(slot), state.step,
                      static_cast<std::uint32_t>(block));
}

SALTUS_HD bool is_kept(const DropoutRule& rule, const Words4& words, int place_in_block) {
  return mask_draw(words, place_in_block) >= rule.threshold;
}

SALTUS_HD float dropped(const DropoutRule& rule, float x, bool kept) {
  return kept ? rule.scale * x + rule.shift : rule.dropped;
}
SALTUS_HD float dropped_gradient(const DropoutRule& rule, float dy, bool kept) {
  return kept ? rule.scale * dy : 0.0f;
}

}  // namespace saltus::kernels
