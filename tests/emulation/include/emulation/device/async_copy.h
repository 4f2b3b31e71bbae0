// cp.async. The bytes arrive no sooner than their group is waited for: until then the target reads
// as NaN. A thread must have waited for all its groups before it exits.
#pragma once

#include <cstddef>

#include <emulation/device/site.h>

namespace saltus::emulation {

/// Starts a copy of `bytes` (4, 8 or 16) to shared memory: the first source_bytes from global
/// memory, zeros for the rest. Both addresses must be aligned to `bytes`.
void async_copy(void* shared, const void* global, int bytes, int source_bytes,
                Site site = Site::current());

/// Closes the thread's open group of copies.
void async_commit(Site site = Site::current());

/// Waits until at most `groups_left` of the thread's closed groups are under way.
void async_wait(int groups_left, Site site = Site::current());

/// Fails the launch where `address` is not a multiple of `bytes`.
void check_aligned(const void* address, std::size_t bytes, Site site = Site::current());

}  // namespace saltus::emulation
