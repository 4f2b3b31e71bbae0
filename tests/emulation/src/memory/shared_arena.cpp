#include "memory/shared_arena.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace saltus::emulation {
namespace {

constexpr std::size_t kRedZone = 128;
constexpr std::size_t kDynamicAlignment = 128;
constexpr std::size_t kCapacity = 512 * 1024;  // 227 KiB, and red zones of 2000 variables
constexpr std::align_val_t kPage{4096};

}  // namespace

SharedArena::SharedArena() : memory_(static_cast<std::byte*>(operator new(kCapacity, kPage))) {}

SharedArena::~SharedArena() {
  operator delete(memory_, kPage);
}

void SharedArena::begin_block(std::size_t dynamic_bytes, std::size_t limit) {
  variables_.clear();
  end_ = 0;
  used_ = 0;
  limit_ = limit;
  if (installed_hooks != nullptr) installed_hooks->block_begins({memory_, kCapacity});
  dynamic_ = add(nullptr, dynamic_bytes, kDynamicAlignment);
}

void* SharedArena::variable(const void* key, std::size_t bytes, std::size_t alignment) {
  for (const Variable& variable : variables_)
    if (variable.key == key) return const_cast<std::byte*>(variable.memory.begin);
  if (used_ + bytes > limit_) return nullptr;
  return add(key, bytes, std::max<std::size_t>(alignment, 16));
}

bool SharedArena::holds(const void* place, std::size_t bytes) const {
  return std::any_of(variables_.begin(), variables_.end(), [=](const Variable& variable) {
    return variable.memory.contains(place, bytes);
  });
}

std::byte* SharedArena::add(const void* key, std::size_t bytes, std::size_t alignment) {
  const std::size_t begin = (end_ + kRedZone + alignment - 1) / alignment * alignment;
  if (begin + bytes + kRedZone > kCapacity) throw std::bad_alloc();
  std::byte* memory = memory_ + begin;
  end_ = begin + bytes;
  used_ += bytes;
  if (bytes == 0) return memory;
  variables_.push_back({key, {memory, bytes}});
  if (installed_hooks != nullptr) installed_hooks->shared_memory_appears({memory, bytes});
  std::memset(memory, 0xFF, bytes);
  return memory;
}

}  // namespace saltus::emulation
