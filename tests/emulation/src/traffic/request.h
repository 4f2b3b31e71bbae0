// One request of a warp to memory.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <emulation/traffic.h>

namespace saltus::emulation {

struct Request {
  std::uint32_t lanes = 0;  ///< that take part
  std::size_t bytes = 0;    ///< of each: 1 to 16
  std::array<std::uintptr_t, 32> places = {};
};

/// As requests to global memory, and to shared memory. Lanes that touch the same bytes do so at
/// once. Shared memory serves all lanes together where each has up to 4 bytes, half a warp after
/// the other where they have 8, and a quarter where they have 16.
Requests count_global(const Request& request);
Requests count_shared(const Request& request);

}  // namespace saltus::emulation
