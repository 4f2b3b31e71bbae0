#include "checker/memory_map.h"

#include <algorithm>
#include <cstdio>

#include <emulation/device/builtins.h>
#include <link.h>

namespace saltus::emulation {
namespace {

constexpr std::size_t kFreedMost = 64;

bool overlap(Range a, Range b) {
  return a.begin < b.begin + b.bytes && b.begin < a.begin + a.bytes;
}

void describe_distance(Range from, const std::byte* place, const char* what, char* text,
                       std::size_t size) {
  if (place < from.begin)
    std::snprintf(text, size, "%td bytes before %s of %zu bytes", from.begin - place, what,
                  from.bytes);
  else
    std::snprintf(text, size, "%td bytes behind the start of %s of %zu bytes", place - from.begin,
                  what, from.bytes);
}

/// The segments of this program that are not writable once it runs.
int add_constants(dl_phdr_info* object, std::size_t, void* ranges) {
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const auto& segment = object->dlpi_phdr[i];
    if (!(segment.p_type == PT_LOAD && (segment.p_flags & PF_W) == 0) &&
        segment.p_type != PT_GNU_RELRO)
      continue;
    // NOLINTNEXTLINE(performance-no-int-to-ptr): dl_iterate_phdr gives numbers
    const auto* begin = reinterpret_cast<const std::byte*>(object->dlpi_addr + segment.p_vaddr);
    static_cast<std::vector<Range>*>(ranges)->push_back({begin, segment.p_memsz});
  }
  return 1;  // the program itself comes first
}

template <class T>
Range bytes_of(const T& variable) {
  return {reinterpret_cast<const std::byte*>(&variable), sizeof(T)};
}

std::vector<Range> constants() {
  std::vector<Range> ranges = {bytes_of(threadIdx), bytes_of(blockIdx), bytes_of(blockDim),
                               bytes_of(gridDim)};
  dl_iterate_phdr(&add_constants, &ranges);
  return ranges;
}

const std::vector<Range> all_constants = constants();

}  // namespace

void DeviceMap::add(Range memory) {
  std::erase_if(freed_, [&](Range freed) { return overlap(freed, memory); });
  allocations_[memory.begin].cover(memory);
}

void DeviceMap::remove(Range memory) {
  last_ = nullptr;
  allocations_.erase(memory.begin);
  freed_.push_front(memory);
  if (freed_.size() > kFreedMost) freed_.pop_back();
}

Shadow* DeviceMap::search(const std::byte* place) {
  const auto next = allocations_.upper_bound(place);
  if (next == allocations_.begin()) return nullptr;
  Shadow& found = std::prev(next)->second;
  if (!found.memory().contains(place)) return nullptr;
  return last_ = &found;
}

void DeviceMap::describe(const void* place, char* text, std::size_t size) const {
  constexpr std::ptrdiff_t kNear = 256;
  const auto* byte = static_cast<const std::byte*>(place);
  for (const Range freed : freed_)
    if (freed.contains(place))
      return describe_distance(freed, byte, "freed device memory", text, size);
  const Shadow* nearest = nullptr;
  std::ptrdiff_t least = kNear;
  for (const auto& [begin, shadow] : allocations_) {
    const std::byte* end = begin + shadow.memory().bytes;
    const std::ptrdiff_t distance = byte < begin ? begin - byte : byte - end;
    if (distance >= least) continue;
    nearest = &shadow;
    least = distance;
  }
  if (nearest != nullptr)
    return describe_distance(nearest->memory(), byte, "device memory", text, size);
  std::snprintf(text, size, "%p, which is the host's memory or none", place);
}

void SharedMap::add(Range variable) {
  if (count_ == variables_.size()) variables_.emplace_back();
  variables_[count_++].cover(variable);
}

void SharedMap::describe(const void* place, char* text, std::size_t size) const {
  const auto* byte = static_cast<const std::byte*>(place);
  const auto end = variables_.begin() + static_cast<std::ptrdiff_t>(count_);
  const auto nearest = std::find_if(variables_.begin(), end, [=](const Shadow& shadow) {
    constexpr std::size_t kNear = 128;
    return byte < shadow.memory().begin + shadow.memory().bytes + kNear;
  });
  if (nearest == end)
    std::snprintf(text, size, "shared memory that the launch did not ask for");
  else
    describe_distance(nearest->memory(), byte, "a shared variable", text, size);
}

bool is_constant(Range memory) {
  return std::any_of(all_constants.begin(), all_constants.end(),
                     [=](Range range) { return range.contains(memory.begin, memory.bytes); });
}

}  // namespace saltus::emulation
