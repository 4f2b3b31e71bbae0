// A walk through the floats: stretches of inputs, and checksums of what a function makes of them.
#pragma once

#include <cstdint>

#include <saltus/kernels/portable.h>

namespace saltus::test {

/// The floats with the bits first, first + stride, ...
struct Stretch {
  std::uint32_t first = 0;
  std::uint32_t stride = 1;
  std::int64_t count = 0;

  SALTUS_HD std::uint32_t bits(std::int64_t i) const {
    return first + stride * static_cast<std::uint32_t>(i);
  }
};

/// Of f and f' on a stretch. Sums, so that the order of the inputs does not matter.
struct Checksums {
  unsigned long long f = 0, df = 0;

  bool operator==(const Checksums&) const = default;
};

/// The bits that host and device must agree on: all NaN are one, and so are both zeros.
SALTUS_HD std::uint32_t agreed_bits(float y) {
  const std::uint32_t bits = kernels::bits_of(y);
  if (y != y) return 0x7fc00000u;
  return bits == 0x80000000u ? 0u : bits;
}

/// An input's part of a checksum: input and result, mixed so that every bit of either changes about
/// half of the part's (the finalizer of SplitMix64; Steele, Lea and Flood, OOPSLA 2014).
SALTUS_HD unsigned long long mixed(std::uint32_t input, float y) {
  unsigned long long z =
      (static_cast<unsigned long long>(input) << 32 | agreed_bits(y)) + 0x9e3779b97f4a7c15ULL;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

}  // namespace saltus::test
