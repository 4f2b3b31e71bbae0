#include <algorithm>

#include "passes/passes.h"
#include "plan/lifetime.h"

namespace saltus::passes {
namespace {

using plan::Lifetime;
using plan::Tensor;

/// Bytes to which every buffer is aligned: a cache line, and the widest vector.
constexpr std::int64_t kAlignment = 64;

std::int64_t aligned_bytes_of(const Tensor& tensor) {
  return (bytes_of(tensor) + kAlignment - 1) / kAlignment * kAlignment;
}

/// Packs the tensors of one home. Returns the bytes needed for a sample.
std::int64_t pack_home(std::vector<Tensor>& tensors, const std::vector<Lifetime>& lives,
                       plan::Home home) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (tensors[i].home == home && lives[i].lives()) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return aligned_bytes_of(tensors[a]) > aligned_bytes_of(tensors[b]);
  });

  std::int64_t total = 0;
  std::vector<std::size_t> placed;  // by offset
  for (const std::size_t i : order) {
    const std::int64_t bytes = aligned_bytes_of(tensors[i]);
    std::int64_t offset = 0;
    for (const std::size_t other : placed) {
      if (!lives[i].overlaps(lives[other])) continue;
      if (tensors[other].offset >= offset + bytes) break;
      offset = std::max(offset, tensors[other].offset + aligned_bytes_of(tensors[other]));
    }
    tensors[i].offset = offset;
    total = std::max(total, offset + bytes);
    const auto behind = std::find_if(placed.begin(), placed.end(), [&](std::size_t other) {
      return tensors[other].offset > offset;
    });
    placed.insert(behind, i);
  }
  return total;
}

}  // namespace

void pack(plan::Program& program) {
  const std::vector<Lifetime> lives = plan::lifetimes(program);
  program.slice_bytes = pack_home(program.tensors, lives, plan::Home::slice);
  program.batch_bytes = pack_home(program.tensors, lives, plan::Home::batch);
}

}  // namespace saltus::passes
