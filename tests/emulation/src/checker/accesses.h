// Who touched a place, and whether that is ordered before what happens now.
#pragma once

#include <cstdint>

#include "checker/clock.h"

namespace saltus::emulation {

/// An access by one thread.
struct Access {
  std::uint32_t phase = 0;       ///< 0: never
  std::uint32_t warp_epoch = 0;  ///< how many __syncwarp came before it
  std::uint32_t code = 0;        ///< the instruction, as an offset into the program
  std::uint16_t thread = 0;      ///< its number in the block

  [[nodiscard]] unsigned warp() const { return thread / 32U; }
};

/// Accesses of one kind that may all be unordered with what comes next: the last one, and whether
/// there were others.
struct Accesses : Access {
  bool of_threads : 1 = false;  ///< several of one warp since its last __syncwarp
  bool of_warps : 1 = false;    ///< several in one phase
  bool of_blocks : 1 = false;   ///< several in one launch
  bool atomic : 1 = false;      ///< every one

  void add(const Access& access, const Clock& clock);
  [[nodiscard]] bool unordered_with(const Access& access, const Clock& clock) const;
};

inline void Accesses::add(const Access& access, const Clock& clock) {
  if (!clock.in_launch(phase)) {
    of_threads = of_warps = of_blocks = false;
  } else if (!clock.in_block(phase)) {
    of_threads = of_warps = false;
    of_blocks = true;
  } else if (phase != access.phase) {
    of_threads = of_warps = false;
  } else if (warp() != access.warp()) {
    of_warps = true;
  } else if (warp_epoch < access.warp_epoch) {
    of_threads = false;
  } else if (thread != access.thread) {
    of_threads = true;
  }
  static_cast<Access&>(*this) = access;
}

/// Barriers order the phases of a block, __syncwarp the threads of a warp, nothing the blocks of a
/// launch. Shuffles and votes do not order memory.
inline bool Accesses::unordered_with(const Access& access, const Clock& clock) const {
  if (!clock.in_launch(phase)) return false;
  if (of_blocks || !clock.in_block(phase)) return true;
  if (phase != access.phase) return false;
  if (of_warps || warp() != access.warp()) return true;
  return (of_threads || thread != access.thread) && warp_epoch >= access.warp_epoch;
}

}  // namespace saltus::emulation
