#include "traffic/touched_bytes.h"

#include <algorithm>

namespace saltus::emulation {

void TouchedBytes::begin() {
  for (auto& [begin, allocation] : allocations_) allocation.bytes.clear();
}

bool TouchedBytes::touch(Range memory, bool load) {
  if (last_ == nullptr || !last_->memory.contains(memory.begin)) {
    auto behind = allocations_.upper_bound(memory.begin);
    if (behind == allocations_.begin()) return false;
    Allocation& before = std::prev(behind)->second;
    if (!before.memory.contains(memory.begin)) return false;
    last_ = &before;
  }
  std::vector<std::uint8_t>& bytes = last_->bytes;
  if (bytes.empty()) bytes.resize(last_->memory.bytes);
  const auto first = static_cast<std::size_t>(memory.begin - last_->memory.begin);
  const std::size_t end = std::min(first + memory.bytes, bytes.size());
  for (std::size_t i = first; i < end; ++i) bytes[i] |= load ? kLoaded : kStored;
  return true;
}

std::uint64_t TouchedBytes::count(std::uint8_t what) const {
  std::uint64_t all = 0;
  for (const auto& [begin, allocation] : allocations_)
    all += static_cast<std::uint64_t>(
        std::count_if(allocation.bytes.begin(), allocation.bytes.end(),
                      [what](std::uint8_t done) { return (done & what) != 0; }));
  return all;
}

}  // namespace saltus::emulation
