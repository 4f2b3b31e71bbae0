// Ctrl-C and SIGTERM.
#pragma once

#include <atomic>
#include <exception>

namespace saltus::app {

/// Thrown where work that keeps nothing was interrupted.
struct Interrupted : std::exception {
  const char* what() const noexcept override { return "interrupted"; }
};

/// From now on the first SIGINT or SIGTERM sets the flag that is returned; the second one ends the
/// program at once.
const std::atomic<bool>& catch_interrupts();

/// Throws Interrupted where the flag is set.
void throw_if_interrupted();

/// 128 + the signal that set the flag.
int interrupt_exit_code();

}  // namespace saltus::app
