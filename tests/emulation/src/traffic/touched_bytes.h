// Which bytes of device memory a launch has loaded and stored.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include <emulation/hooks.h>

namespace saltus::emulation {

class TouchedBytes {
 public:
  void add(Range memory) { allocations_[memory.begin] = {memory, {}}; }
  void remove(Range memory) {
    allocations_.erase(memory.begin);
    last_ = nullptr;
  }

  /// Nothing is touched.
  void begin();
  /// False where it is no device memory.
  bool touch(Range memory, bool load);

  [[nodiscard]] std::uint64_t loaded() const { return count(kLoaded); }
  [[nodiscard]] std::uint64_t stored() const { return count(kStored); }

 private:
  static constexpr std::uint8_t kLoaded = 1;
  static constexpr std::uint8_t kStored = 2;

  struct Allocation {
    Range memory;
    std::vector<std::uint8_t> bytes;  ///< what was done to each; empty: nothing
  };

  [[nodiscard]] std::uint64_t count(std::uint8_t what) const;

  std::map<const std::byte*, Allocation> allocations_;
  Allocation* last_ = nullptr;
};

}  // namespace saltus::emulation
