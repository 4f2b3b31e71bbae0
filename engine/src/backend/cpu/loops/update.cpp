// The optimizers: clipping, moments and the new weights in one pass.
#include <type_traits>

#include "backend/cpu/loops/isa.h"

namespace saltus::cpu::SALTUS_ISA {
namespace {

/// Elements whose partial counts fit 32 bits.
constexpr std::int64_t kBlock = 1 << 20;

/// Calls update(i, gradient scaled and clipped) for each element, and returns how many were
/// clipped. NaN stays NaN. w16, where there is one, gets the new weights.
template <class Update>
SALTUS_HD std::int64_t update_all(const float* g, float scale, float clip, const float* w,
                                  std::uint16_t* w16, std::int64_t n, Update update) {
  const auto pass = [&](std::int64_t first, std::int64_t end, auto has_copy)
      __attribute__((always_inline)) {
    std::int32_t clipped = 0;
    SALTUS_INDEPENDENT
    for (std::int64_t i = first; i < end; ++i) {
      const auto gradient = kernels::clip_gradient(g[i], scale, clip);
      clipped += gradient.cut;
      update(i, gradient.value);
      if constexpr (has_copy.value) w16[i] = to_bf16(w[i]).bits;
    }
    return clipped;
  };
  std::int64_t clipped = 0;
  for (std::int64_t first = 0; first < n; first += kBlock) {
    const std::int64_t end = smaller(first + kBlock, n);
    clipped +=
        w16 != nullptr ? pass(first, end, std::true_type{}) : pass(first, end, std::false_type{});
  }
  return clipped;
}

}  // namespace

std::int64_t adam(const AdamStep& step, const float* g, float* w, float* m, float* v,
                  std::uint16_t* w16, std::int64_t n) {
  const AdamStep s = step;
  return update_all(
      g, s.scale, s.clip, w, w16,
      n, [=](std::int64_t i, float gradient) __attribute__((always_inline)) {
        kernels::adam_element(s, gradient, w[i], m[i], v[i]);
      });
}

std::int64_t sgd(const SgdStep& step, const float* g, float* w, float* velocity, std::uint16_t* w16,
                 std::int64_t n) {
  const SgdStep s = step;
  if (s.momentum == 0.0f)
    return update_all(
        g, s.scale, s.clip, w, w16,
        n, [=](std::int64_t i, float gradient) __attribute__((always_inline)) {
          kernels::sgd_element(s, gradient, w[i]);
        });
  return update_all(
      g, s.scale, s.clip, w, w16,
      n, [=](std::int64_t i, float gradient) __attribute__((always_inline)) {
        kernels::sgd_element(s, gradient, w[i], velocity[i]);
      });
}

}  // namespace saltus::cpu::SALTUS_ISA
