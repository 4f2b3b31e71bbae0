// What launches asked of memory, counted: what a profiler calls requests, sectors and wavefronts.
// For programs whose kernels tell the counter of their accesses.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <emulation/device/vector_types.h>

namespace saltus::emulation {

/// Requests of warps, each by all lanes that execute an instruction together.
struct Requests {
  std::uint64_t count = 0;
  /// Of global memory the sectors of 32 bytes that are touched, of shared memory the wavefronts: in
  /// each, a bank of 4 bytes serves one word.
  std::uint64_t parts = 0;
  std::uint64_t least_parts = 0;  ///< that could do for so many bytes, or lanes
  std::uint64_t bytes = 0;        ///< of all lanes together

  Requests& operator+=(const Requests& other);
};

struct Traffic {
  Requests loads, stores;  ///< of global memory; atomics are stores
  Requests shared;

  Traffic& operator+=(const Traffic& other);
};

/// What one place of the program asked for.
struct PlaceTraffic {
  std::uint32_t code;  ///< see place_of_code()
  Traffic traffic;
};

struct LaunchTraffic {
  std::string kernel;
  dim3 grid, block;
  std::size_t dynamic_bytes = 0;  ///< of shared memory
  Traffic total;
  std::vector<PlaceTraffic> places;
  /// Different bytes of global memory that were loaded, and stored: what had to move.
  std::uint64_t bytes_loaded = 0;
  std::uint64_t bytes_stored = 0;
  /// What was told to tally(): for each function of warp_collective() the lanes that called it.
  std::map<const void*, std::uint64_t> tallies;
};

/// The thread that runs did something `times` more often.
void tally(const void* what, std::uint64_t times);

/// Of the launches since the last call.
std::vector<LaunchTraffic> take_traffic();

}  // namespace saltus::emulation
