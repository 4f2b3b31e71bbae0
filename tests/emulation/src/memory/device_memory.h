// What cudaMalloc gives out.
#pragma once

#include <cstddef>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include <emulation/hooks.h>

namespace saltus::emulation {

/// Allocations, aligned to 256 bytes, each followed by a red zone. All sizes in bytes.
class DeviceMemory {
 public:
  static constexpr std::size_t kAlignment = 256;

  void set_capacity(std::size_t bytes) { capacity_ = bytes; }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  [[nodiscard]] std::size_t used() const { return used_; }  ///< in units of the alignment

  /// What is in memory at first.
  void set_fill(std::uint8_t byte) { fill_ = byte; }

  /// nullptr where the capacity does not suffice.
  void* allocate(std::size_t bytes);

  /// False where there is no such allocation.
  bool free(void* pointer);

  /// Memory that passes for this.
  void lend(const Range& range) { lent_.push_back(range); }
  void give_back(const void* begin) {
    std::erase_if(lent_, [&](const Range& range) { return range.begin == begin; });
  }

  /// Whether all of it lies inside one allocation.
  [[nodiscard]] bool holds(const void* place, std::size_t bytes) const;

  /// Says where something was written behind an allocation's end, and mends it; empty: nowhere.
  [[nodiscard]] std::string find_damage();

  [[nodiscard]] std::vector<std::string> list() const;

 private:
  struct Allocation {
    std::byte* begin;
    std::size_t bytes;
    std::size_t number;  ///< counts allocations from 1

    [[nodiscard]] Range memory() const { return {begin, bytes}; }
    [[nodiscard]] Range with_red_zone() const;
    [[nodiscard]] std::string text() const;
    [[nodiscard]] bool damaged() const;
    void fill_red_zone() const;
  };

  std::map<const void*, Allocation> allocations_;
  std::vector<Range> lent_;
  std::size_t count_ = 0;
  std::uint8_t fill_ = 0xFF;
  std::size_t used_ = 0;
  std::size_t capacity_ = std::size_t{4} << 30;
};

DeviceMemory& device_memory();

}  // namespace saltus::emulation
