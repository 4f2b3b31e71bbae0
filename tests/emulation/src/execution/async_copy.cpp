#include <algorithm>
#include <cstdint>
#include <cstring>

#include <emulation/device/async_copy.h>

#include "execution/scheduler.h"
#include "memory/device_memory.h"

namespace saltus::emulation {
namespace {

bool aligned(const void* address, std::size_t bytes) {
  return reinterpret_cast<std::uintptr_t>(address) % bytes == 0;
}

Range shared_of(const AsyncCopy& copy) {
  return {static_cast<const std::byte*>(copy.shared), copy.bytes};
}

Range global_of(const AsyncCopy& copy) {
  return {static_cast<const std::byte*>(copy.global), copy.source_bytes};
}

void check(const AsyncCopy& copy) {
  const char* complaint = nullptr;
  if (!aligned(copy.shared, copy.bytes) ||
      (copy.source_bytes != 0 && !aligned(copy.global, copy.bytes)))
    fault(cudaErrorMisalignedAddress, "cp.async at %s:%u: an address is not aligned to %zu bytes",
          file_of(copy.site), copy.site.line(), copy.bytes);
  if (!scheduler.arena().holds(copy.shared, copy.bytes))
    complaint = "the target is outside of shared memory";
  else if (copy.source_bytes != 0 && !device_memory().holds(copy.global, copy.source_bytes))
    complaint = "the source is outside of device memory";
  if (complaint != nullptr)
    fault(cudaErrorIllegalAddress, "cp.async at %s:%u: %s", file_of(copy.site), copy.site.line(),
          complaint);
}

void complete(const AsyncCopy& copy) {
  if (installed_hooks != nullptr)
    installed_hooks->async_copy_completes(shared_of(copy), global_of(copy), copy.site);
  std::memcpy(copy.shared, copy.global, copy.source_bytes);
  std::memset(static_cast<std::byte*>(copy.shared) + copy.source_bytes, 0,
              copy.bytes - copy.source_bytes);
}

}  // namespace

void async_copy(void* shared, const void* global, int bytes, int source_bytes, Site site) {
  const RuntimeScope scope;
  Thread& thread = scheduler.running();
  if ((bytes != 4 && bytes != 8 && bytes != 16) || source_bytes < 0 || source_bytes > bytes)
    fault(cudaErrorLaunchFailure, "cp.async at %s:%u of %d bytes, %d from its source",
          file_of(site), site.line(), bytes, source_bytes);
  const AsyncCopy copy{shared,
                       global,
                       static_cast<std::size_t>(bytes),
                       static_cast<std::size_t>(source_bytes),
                       thread.closed_groups,
                       site};
  check(copy);
  std::memset(shared, 0xFF, copy.bytes);
  if (installed_hooks != nullptr)
    installed_hooks->async_copy_issued(shared_of(copy), global_of(copy), site);
  thread.copies.push_back(copy);
}

void async_commit(Site) {
  ++scheduler.running().closed_groups;
}

void async_wait(int groups_left, Site) {
  const RuntimeScope scope;
  Thread& thread = scheduler.running();
  const auto under_way =
      std::find_if(thread.copies.begin(), thread.copies.end(), [&](const AsyncCopy& copy) {
        return copy.group + static_cast<unsigned>(groups_left) >= thread.closed_groups;
      });
  std::for_each(thread.copies.begin(), under_way, complete);
  thread.copies.erase(thread.copies.begin(), under_way);
}

void check_aligned(const void* address, std::size_t bytes, Site site) {
  if (!aligned(address, bytes))
    fault(cudaErrorMisalignedAddress, "the access at %s:%u is not aligned to %zu bytes",
          file_of(site), site.line(), bytes);
}

}  // namespace saltus::emulation
