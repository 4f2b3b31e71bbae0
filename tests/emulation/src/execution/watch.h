// Signals: faulty addresses in kernels, and launches that do not end.
#pragma once

#include <chrono>
#include <csignal>

namespace saltus::emulation {

/// Set when the running launch has used up its time.
inline volatile std::sig_atomic_t time_is_up = 0;

/// While a launch runs: a signal of its thread is the kernel's fault, not the end of the program.
class Watch {
 public:
  explicit Watch(std::chrono::milliseconds limit);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
};

}  // namespace saltus::emulation
