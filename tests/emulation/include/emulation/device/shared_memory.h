// A block's shared memory. kernels/device/launch.h has the macros that kernels use.
#pragma once

#include <cstddef>

#include <emulation/device/site.h>

namespace saltus::emulation {

/// The block's variable `key`, made where the block has none yet: filled with 0xFF bytes, between
/// red zones.
void* shared_variable(const void* key, std::size_t bytes, std::size_t alignment, Site site);

template <class T>
T& shared_variable(const void* key, Site site = Site::current()) {
  return *static_cast<T*>(shared_variable(key, sizeof(T), alignof(T), site));
}

/// The launch's dynamic shared memory, aligned to 128 bytes and exactly as long as asked for.
void* dynamic_shared();

}  // namespace saltus::emulation
