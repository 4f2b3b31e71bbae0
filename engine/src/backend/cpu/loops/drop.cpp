// Dropout masks, from the counter-based draws of kernels/random.h, eight elements a call.
#include <bit>

#include <saltus/kernels/random.h>

#include "backend/cpu/loops/vector.h"

namespace saltus::cpu::SALTUS_ISA {
namespace {

static_assert(std::endian::native == std::endian::little,
              "draws are taken from the words as they lie in memory");

constexpr std::int64_t kBlocks = 64;
constexpr std::int64_t kElements = kBlocks * kernels::kMaskBlock;

/// kernels::philox for kQuads counters at once, a word in each lane's lower half; what the upper
/// halves hold is never read.
struct WideWords {
  Quads w0, w1, w2, w3;
};
SALTUS_HD WideWords philox(std::uint64_t key, WideWords counter) {
  auto key0 = static_cast<std::uint32_t>(key);
  auto key1 = static_cast<std::uint32_t>(key >> 32);
#pragma GCC unroll 10
  for (int round = 0; round < 10; ++round) {
    const Quads product0 = multiply_low_halves(counter.w0, Quads{} + 0xD2511F53u);
    const Quads product1 = multiply_low_halves(counter.w2, Quads{} + 0xCD9E8D57u);
    counter = {product1 >> 32 ^ counter.w1 ^ key0, product1, product0 >> 32 ^ counter.w3 ^ key1,
               product0};
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
  return counter;
}

/// Draws of kBlocks mask blocks, one for each element, as kernels::mask_draw numbers them.
void fill_draws(const DrawKey& key, std::uint32_t first_block, std::uint16_t* draws) {
  std::uint64_t words[kBlocks][2];
  Quads lanes;
  for (int lane = 0; lane < kQuads; ++lane) lanes[lane] = static_cast<std::uint64_t>(lane);
  for (std::uint32_t i = 0; i < kBlocks; i += kQuads) {
    const WideWords w =
        philox(key.seed, {lanes + (first_block + i), Quads{} + key.layer, Quads{} + key.step,
                          Quads{} + static_cast<std::uint32_t>(kernels::Purpose::dropout)});
    const Quads low = (w.w0 & 0xffffffffu) | w.w1 << 32;
    const Quads high = (w.w2 & 0xffffffffu) | w.w3 << 32;
    for (std::uint32_t lane = 0; lane < kQuads; ++lane) {
      words[i + lane][0] = low[lane];
      words[i + lane][1] = high[lane];
    }
  }
  __builtin_memcpy(draws, words, sizeof words);
}

/// y = map(x, whether it is kept)
template <class Map>
SALTUS_HD void map_kept(const kernels::DropoutRule& rule, const DrawKey& key, In x, Out y,
                        std::int64_t n, Map map) {
  const std::uint32_t threshold = rule.threshold;
  std::uint16_t draws[kElements];
  for (std::int64_t done = 0; done < n;) {
    const std::int64_t block = (key.first + done) / kernels::kMaskBlock;
    const std::int64_t skipped = (key.first + done) % kernels::kMaskBlock;
    const std::int64_t count = smaller(n - done, kElements - skipped);
    fill_draws(key, static_cast<std::uint32_t>(block), draws);
    const std::uint16_t* own = draws + skipped;
    with_elements(x, y, [&](const auto* from, auto* to) {
      from += done;
      to += done;
      SALTUS_INDEPENDENT
      for (std::int64_t i = 0; i < count; ++i)
        store(map(to_float(from[i]), own[i] >= threshold), to[i]);
    });
    done += count;
  }
}

}  // namespace

void drop(const kernels::DropoutRule& rule, const DrawKey& key, In x, Out y, std::int64_t n) {
  const kernels::DropoutRule r = rule;
  map_kept(
      rule, key, x, y, n, [=](float value, bool kept) __attribute__((always_inline)) {
        const float mapped = r.scale * value + r.shift;
        return kept ? mapped : r.dropped;
      });
}

void drop_backward(const kernels::DropoutRule& rule, const DrawKey& key, In dy, Out dx,
                   std::int64_t n) {
  const float scale = rule.scale;
  map_kept(
      rule, key, dy, dx, n, [=](float value, bool kept) __attribute__((always_inline)) {
        return kept ? scale * value : 0.0f;
      });
}

}  // namespace saltus::cpu::SALTUS_ISA
