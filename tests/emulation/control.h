// What tests set and ask: the order of threads, faults, leaks, which kernels there are.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/emulation/api/types.h"

namespace saltus::emulation {

/// In which order blocks run, and threads that could. Every order is one that a device may choose.
struct Order {
  enum class Kind { forward, reverse, shuffle };
  Kind kind = Kind::forward;
  std::uint64_t seed = 0;  ///< of shuffle
};
void set_order(Order order);

/// The processor time that a launch may take; it fails with cudaErrorLaunchTimeout then.
void set_time_limit(std::chrono::milliseconds limit);

/// A kernel of this program.
struct Kernel {
  std::string name;  ///< with template arguments
  std::uint64_t launches = 0;
};
std::vector<Kernel> kernels();

/// What the last fault said: kernel, block, thread, what happened. Empty: there was none.
std::string last_fault();

/// Forgets errors that a device would keep until its process ends.
void reset_errors();

/// Device memory that was not freed, one line each.
std::vector<std::string> leaks();

}  // namespace saltus::emulation
