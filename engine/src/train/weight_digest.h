#pragma once

#include <bit>
#include <cstdint>
#include <span>

namespace saltus::train {

/// A number that changes with any bit of any value. Each place and value are mixed by a bijection
/// of 64 bits (the finalizer of splitmix64: Steele, Lea and Flood, OOPSLA 2014, with the constants
/// of Stafford's variant 13), so that one changed value always changes the sum; several cancel
/// with a probability of 2^-64. The sum is the same in any order.
inline std::uint64_t weight_digest(std::span<const float> values) {
  std::uint64_t sum = 0;
  for (std::size_t place = 0; place < values.size(); ++place) {
    std::uint64_t z =
        (std::uint64_t{place + 1} << 32) ^ std::bit_cast<std::uint32_t>(values[place]);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    sum += z ^ (z >> 31);
  }
  return sum;
}

}  // namespace saltus::train
