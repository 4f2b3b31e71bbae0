// The optimizers: clipping, moments and the new weights in one pass; and the weights' averages.
#include <type_traits>

#include <saltus/kernels/update/moving_average.h>

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

/// See UpdateLoop: by the formula for the moments that the optimizer has.
template <class O>
std::int64_t update(const O& optimizer, const typename O::Step& step, float scale, float clip,
                    const float* g, float* w, const MomentArrays& moments, std::uint16_t* w16,
                    std::int64_t n) {
  std::int64_t clipped = 0;
  kernels::with_moments(
      optimizer, [&]<std::size_t count>(std::integral_constant<std::size_t, count> /*moments*/) {
        const auto one = [=](std::int64_t i, float gradient) __attribute__((always_inline)) {
          float none = 0;
          kernels::change_element<O, count>(step, gradient, w[i], count > 0 ? moments[0][i] : none,
                                            count > 1 ? moments[1][i] : none,
                                            count > 2 ? moments[2][i] : none);
        };
        clipped = update_all(g, scale, clip, w, w16, n, one);
      });
  return clipped;
}

template <class... O>
constexpr UpdateLoops<std::variant<O...>> loops_of(std::type_identity<std::variant<O...>> /*all*/) {
  return {{update<O>}...};
}

}  // namespace

constinit const UpdateLoops<Optimizer> updates = loops_of(std::type_identity<Optimizer>());

void average(const float* w, float rate, float* averages, std::uint16_t* averages16,
             std::int64_t n) {
  SALTUS_INDEPENDENT
  for (std::int64_t i = 0; i < n; ++i) {
    averages[i] = kernels::moving_average(averages[i], w[i], rate);
  }
  if (averages16 == nullptr) return;
  SALTUS_INDEPENDENT
  for (std::int64_t i = 0; i < n; ++i) averages16[i] = to_bf16(averages[i]).bits;
}

}  // namespace saltus::cpu::SALTUS_ISA
