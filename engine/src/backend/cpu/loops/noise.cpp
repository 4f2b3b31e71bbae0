// Normal noise, from the counter-based draws of kernels/random.h, four elements a call.
#include <saltus/kernels/normal_numbers.h>

#include "backend/cpu/loops/isa.h"

namespace saltus::cpu::SALTUS_ISA {
namespace {

constexpr std::int64_t kPairs = 128;
constexpr std::int64_t kElements = 2 * kPairs;
constexpr std::int64_t kCalls = kElements / kernels::kNormalBlock;

/// Normal numbers of kCalls Philox calls, one for each element.
void fill_normals(const DrawKey& key, std::uint32_t first_block, float* normals) {
  std::uint32_t radii[kPairs];
  std::uint32_t angles[kPairs];
  for (std::uint32_t i = 0; i < kCalls; ++i) {
    const kernels::Words4 words = kernels::random_words(key.seed, kernels::Purpose::noise,
                                                        key.layer, key.step, first_block + i);
    radii[2 * i] = words.w0;
    angles[2 * i] = words.w1;
    radii[2 * i + 1] = words.w2;
    angles[2 * i + 1] = words.w3;
  }
  for (std::int64_t i = 0; i < kPairs; ++i) {
    const kernels::NormalPair pair = kernels::normal_pair(radii[i], angles[i]);
    normals[2 * i] = pair.first;
    normals[2 * i + 1] = pair.second;
  }
}

}  // namespace

void add_noise(float stddev, const DrawKey& key, In x, Out y, std::int64_t n) {
  float normals[kElements];
  for (std::int64_t done = 0; done < n;) {
    const std::int64_t block = (key.first + done) / kernels::kNormalBlock;
    const std::int64_t skipped = (key.first + done) % kernels::kNormalBlock;
    const std::int64_t count = smaller(n - done, kElements - skipped);
    fill_normals(key, static_cast<std::uint32_t>(block), normals);
    const float* own = normals + skipped;
    with_elements(x, y, [&](const auto* from, auto* to) {
      SALTUS_INDEPENDENT
      for (std::int64_t i = 0; i < count; ++i)
        store(to_float(from[done + i]) + stddev * own[i], to[done + i]);
    });
    done += count;
  }
}

}  // namespace saltus::cpu::SALTUS_ISA
