// Counter-based random numbers, the same on host and device: Philox4x32-10 (Salmon et al.,
// "Parallel random numbers: as easy as 1, 2, 3", SC'11). A draw depends on (seed, purpose, layer,
// step, element) alone, never on a thread or a block, so that masks can be recomputed in the
// backward pass and a trial draws the same numbers alone or beside others.
#pragma once

#include <cstdint>

#include <saltus/kernels/portable.h>

namespace saltus::kernels {

/// What a random number is for; part of its counter.
enum class Purpose : std::uint32_t { initial_weights = 1, shuffle = 2, dropout = 3, noise = 4 };

/// Four 32-bit words: a Philox counter, or the random words made from one.
struct Words4 {
  std::uint32_t w0, w1, w2, w3;
};

/// Philox4x32 with ten rounds: the counter enciphered under a 64-bit key.
SALTUS_HD Words4 philox(std::uint64_t key, Words4 counter) {
  auto key0 = static_cast<std::uint32_t>(key);
  auto key1 = static_cast<std::uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t product0 = std::uint64_t{0xD2511F53u} * counter.w0;
    const std::uint64_t product1 = std::uint64_t{0xCD9E8D57u} * counter.w2;
    counter = {static_cast<std::uint32_t>(product1 >> 32) ^ counter.w1 ^ key0,
               static_cast<std::uint32_t>(product1),
               static_cast<std::uint32_t>(product0 >> 32) ^ counter.w3 ^ key1,
               static_cast<std::uint32_t>(product0)};
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
  return counter;
}

/// The random words of one block of elements. `layer` tells tensors apart, `step` counts optimizer
/// steps (or epochs).
SALTUS_HD Words4 random_words(std::uint64_t seed, Purpose purpose, std::uint32_t layer,
                              std::uint32_t step, std::uint32_t block) {
  return philox(seed, {block, layer, step, static_cast<std::uint32_t>(purpose)});
}

/// Elements that share one Philox call in a dropout mask: sixteen bits decide one element.
inline constexpr int kMaskBlock = 8;

/// Number of the 65536 equally likely draws that drop an element, for a rate from 0 to below 1: the
/// rate is rounded to 1/65536, and one draw at least keeps its element.
SALTUS_HD std::uint32_t drop_threshold(double rate) {
  // A rate is not negative.  NOLINTNEXTLINE(bugprone-incorrect-roundings)
  const auto draws = static_cast<std::uint32_t>(rate * 65536.0 + 0.5);
  return draws < 65535u ? draws : 65535u;
}

/// The rate with which drop_threshold(rate) drops.
SALTUS_HD double rounded_rate(double rate) {
  return drop_threshold(rate) / 65536.0;
}

/// Draw number `lane` (0 to 7) of a mask block; the element is kept where the draw is not below
/// drop_threshold().
SALTUS_HD std::uint32_t mask_draw(const Words4& words, int lane) {
  const std::uint32_t word =
      lane < 4 ? (lane < 2 ? words.w0 : words.w1) : (lane < 6 ? words.w2 : words.w3);
  return (lane & 1) != 0 ? word >> 16 : word & 0xFFFFu;
}

/// Place `index` of the epoch's shuffled order of 0..count-1, computed for each place alone: a
/// Feistel network of eight rounds on the smallest even number of bits that holds count, walked
/// until it lands inside.
SALTUS_HD std::uint32_t shuffled_index(std::uint64_t seed, std::uint32_t epoch, std::uint32_t index,
                                       std::uint32_t count) {
  std::uint32_t half_bits = 1;
  while ((std::uint64_t{1} << (2 * half_bits)) < count) ++half_bits;
  const std::uint32_t mask = (1u << half_bits) - 1u;
  const Words4 low = random_words(seed, Purpose::shuffle, 0, epoch, 0);
  const Words4 high = random_words(seed, Purpose::shuffle, 0, epoch, 1);
  const std::uint32_t keys[8] = {low.w0,  low.w1,  low.w2,  low.w3,
                                 high.w0, high.w1, high.w2, high.w3};
  do {
    std::uint32_t left = index >> half_bits;
    std::uint32_t right = index & mask;
    for (const std::uint32_t key : keys) {
      std::uint32_t mixed =
          (right ^ key) * 0x9E3779B1u;  // an odd multiplier spreads each bit upwards
      mixed ^= mixed >> 15;
      mixed *= 0x85EBCA77u;
      mixed ^= mixed >> 13;
      const std::uint32_t next = left ^ (mixed & mask);
      left = right;
      right = next;
    }
    index = (left << half_bits) | right;
  } while (index >= count);
  return index;
}

}  // namespace saltus::kernels
