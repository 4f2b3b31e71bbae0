// Normal numbers from random words, the same bits on host and device.
#pragma once

#include <saltus/kernels/math.h>
#include <saltus/kernels/random.h>

namespace saltus::kernels {

struct NormalPair {
  float first, second;
};

/// Two independent standard normal numbers (Box and Muller, "A note on the generation of random
/// normal deviates", 1958): radius sqrt(-2 ln u) for the middle u of one of 2^23 equal parts of
/// (0, 1), at one of 2^23 equally likely angles. None is beyond 5.8.
SALTUS_HD NormalPair normal_pair(std::uint32_t word_of_radius, std::uint32_t word_of_angle) {
  const float u_minus_1 =
      (static_cast<float>(word_of_radius >> 9) + 0.5f) * 0x1p-23f - 1.0f;  // exact
  const float radius = math::sqrt(-2.0f * math::log1p(u_minus_1));
  const auto angle = math::sincos_of_half_turns(static_cast<float>(word_of_angle >> 9) * 0x1p-22f);
  return {radius * angle.cos, radius * angle.sin};
}

/// Elements that share one Philox call where each takes a normal number: two pairs.
inline constexpr int kNormalBlock = 4;

}  // namespace saltus::kernels
