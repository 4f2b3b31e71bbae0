// Loads and stores of several elements at once, which the emulation does one by one.
#pragma once

#include <cstddef>

#include <emulation/device/site.h>

namespace saltus::emulation {

/// While it lives, what the thread touches of these bytes is one access. Fails the launch where
/// they are not aligned to their number. The thread may not wait meanwhile.
class VectorAccess {
 public:
  VectorAccess(const void* first, std::size_t bytes, Site site = Site::current());
  ~VectorAccess();
  VectorAccess(const VectorAccess&) = delete;
  VectorAccess& operator=(const VectorAccess&) = delete;
};

}  // namespace saltus::emulation
