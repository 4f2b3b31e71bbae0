#include <emulation/device/async_copy.h>
#include <emulation/device/vector_access.h>
#include <emulation/hooks.h>

namespace saltus::emulation {

VectorAccess::VectorAccess(const void* first, std::size_t bytes, Site site) {
  check_aligned(first, bytes, site);
  if (installed_hooks != nullptr)
    installed_hooks->vector_access_begins({static_cast<const std::byte*>(first), bytes});
}

VectorAccess::~VectorAccess() {
  if (installed_hooks != nullptr) installed_hooks->vector_access_ends();
}

}  // namespace saltus::emulation
