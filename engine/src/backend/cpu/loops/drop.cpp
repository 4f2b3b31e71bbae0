// Dropout masks, from the counter-based draws of kernels/random.h, eight elements a call.
#include <bit>

#include "backend/cpu/loops/isa.h"
#include "kernels/random.h"

namespace saltus::cpu::SALTUS_ISA {
namespace {

static_assert(std::endian::native == std::endian::little,
              "draws are taken from the words as they lie in memory");

constexpr std::int64_t kBlocks = 64;
constexpr std::int64_t kElements = kBlocks * kernels::kMaskBlock;

/// Draws of kBlocks mask blocks, one for each element.
void fill_draws(const MaskKey& key, std::uint32_t first_block, std::uint16_t* draws) {
  std::uint64_t words[kBlocks][2];
  for (std::uint32_t i = 0; i < kBlocks; ++i) {
    const kernels::Words4 block = kernels::random_words(key.seed, kernels::Purpose::dropout,
                                                        key.layer, key.step, first_block + i);
    words[i][0] = block.w0 | std::uint64_t{block.w1} << 32;
    words[i][1] = block.w2 | std::uint64_t{block.w3} << 32;
  }
  __builtin_memcpy(draws, words, sizeof words);
}

/// y = map(x, whether it is kept)
template <class Map>
SALTUS_HD void map_kept(const backend::DropoutRule& rule, const MaskKey& key, In x, Out y,
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
#pragma GCC ivdep
      for (std::int64_t i = 0; i < count; ++i)
        store(map(to_float(from[i]), own[i] >= threshold), to[i]);
    });
    done += count;
  }
}

}  // namespace

void drop(const backend::DropoutRule& rule, const MaskKey& key, In x, Out y, std::int64_t n) {
  const backend::DropoutRule r = rule;
  map_kept(
      rule, key, x, y, n, [=](float value, bool kept) __attribute__((always_inline)) {
        const float mapped = r.scale * value + r.shift;
        return kept ? mapped : r.dropped;
      });
}

void drop_backward(const backend::DropoutRule& rule, const MaskKey& key, In dy, Out dx,
                   std::int64_t n) {
  const float scale = rule.scale;
  map_kept(
      rule, key, dy, dx, n, [=](float value, bool kept) __attribute__((always_inline)) {
        return kept ? scale * value : 0.0f;
      });
}

}  // namespace saltus::cpu::SALTUS_ISA
