#include "memory/device_memory.h"

#include <algorithm>
#include <cstring>
#include <new>

#include <emulation/control.h>

namespace saltus::emulation {
namespace {

constexpr std::align_val_t kAlign{DeviceMemory::kAlignment};
constexpr std::size_t kRedZone = 256;
constexpr std::byte kRedZoneByte{0xDB};

std::size_t round_up(std::size_t bytes) {
  return (bytes + DeviceMemory::kAlignment - 1) / DeviceMemory::kAlignment *
         DeviceMemory::kAlignment;
}

}  // namespace

DeviceMemory& device_memory() {
  static DeviceMemory memory;
  return memory;
}

Range DeviceMemory::Allocation::with_red_zone() const {
  return {begin, round_up(bytes) + kRedZone};
}

std::string DeviceMemory::Allocation::text() const {
  return "allocation " + std::to_string(number) + " of " + std::to_string(bytes) + " bytes";
}

bool DeviceMemory::Allocation::damaged() const {
  return !std::all_of(begin + bytes, begin + with_red_zone().bytes,
                      [](std::byte byte) { return byte == kRedZoneByte; });
}

void DeviceMemory::Allocation::fill_red_zone() const {
  std::memset(begin + bytes, std::to_integer<int>(kRedZoneByte), with_red_zone().bytes - bytes);
}

void* DeviceMemory::allocate(std::size_t bytes) {
  if (bytes > capacity_ || round_up(bytes) > capacity_ - used_) return nullptr;
  Allocation allocation{nullptr, bytes, ++count_};
  const std::size_t all = allocation.with_red_zone().bytes;
  allocation.begin = static_cast<std::byte*>(operator new(all, kAlign, std::nothrow));
  if (allocation.begin == nullptr) return nullptr;
  std::memset(allocation.begin, fill_, bytes);
  allocation.fill_red_zone();
  allocations_[allocation.begin] = allocation;
  used_ += round_up(bytes);
  if (installed_hooks != nullptr)
    installed_hooks->device_memory_appears(allocation.memory(), allocation.with_red_zone());
  return allocation.begin;
}

bool DeviceMemory::free(void* pointer) {
  const auto found = allocations_.find(pointer);
  if (found == allocations_.end()) return false;
  const Allocation allocation = found->second;
  if (installed_hooks != nullptr)
    installed_hooks->device_memory_disappears(allocation.memory(), allocation.with_red_zone());
  operator delete(allocation.begin, kAlign);
  used_ -= round_up(allocation.bytes);
  allocations_.erase(found);
  return true;
}

void set_fill(std::uint8_t byte) {
  device_memory().set_fill(byte);
}

void lend_memory(void* begin, std::size_t bytes) {
  device_memory().lend({static_cast<const std::byte*>(begin), bytes});
}

void give_back_memory(void* begin) {
  device_memory().give_back(begin);
}

bool DeviceMemory::holds(const void* place, std::size_t bytes) const {
  for (const Range& lent : lent_) {
    if (lent.contains(place, bytes)) return true;
  }
  const auto next = allocations_.upper_bound(place);
  return next != allocations_.begin() && std::prev(next)->second.memory().contains(place, bytes);
}

std::string DeviceMemory::find_damage() {
  std::string text;
  for (const auto& [pointer, allocation] : allocations_) {
    if (!allocation.damaged()) continue;
    if (text.empty()) text = "wrote behind the end of " + allocation.text();
    allocation.fill_red_zone();
  }
  return text;
}

std::vector<std::string> DeviceMemory::list() const {
  std::vector<std::string> lines;
  for (const auto& [pointer, allocation] : allocations_) lines.push_back(allocation.text());
  return lines;
}

}  // namespace saltus::emulation
