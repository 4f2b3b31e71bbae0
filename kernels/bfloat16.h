// bf16: the upper half of a float's bits.
#pragma once

#include <cstdint>

#include <saltus/kernels/portable.h>

namespace saltus::kernels {

/// An element of a bf16 tensor.
struct Bf16 {
  std::uint16_t bits;
};

SALTUS_HD float to_float(float x) {
  return x;
}
SALTUS_HD float to_float(Bf16 x) {
  return float_of(std::uint32_t{x.bits} << 16);
}

/// Rounds to nearest, ties to even; NaN stays NaN.
SALTUS_HD Bf16 to_bf16(float x) {
  const std::uint32_t bits = bits_of(x);
  const std::uint32_t rounded = bits + 0x7fffu + ((bits >> 16) & 1u);
  const std::uint32_t chosen = x == x ? rounded : bits | 0x400000u;
  return {static_cast<std::uint16_t>(chosen >> 16)};
}

/// Stores x in the element's type.
SALTUS_HD void store(float x, float& place) {
  place = x;
}
SALTUS_HD void store(float x, Bf16& place) {
  place = to_bf16(x);
}

}  // namespace saltus::kernels
