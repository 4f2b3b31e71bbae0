// Ctrl-C, SIGTERM, and a terminal that is closed.
#pragma once

#include <atomic>
#include <exception>

namespace saltus::app {

/// Thrown when work that keeps nothing was interrupted.
struct Interrupted : std::exception {
  const char* what() const noexcept override { return "interrupted"; }
};

/// From now on the first SIGINT, SIGTERM or SIGHUP sets the flag that is returned; a second
/// SIGINT ends the program at once. One that was ignored before stays ignored.
const std::atomic<bool>& catch_interrupts();

/// Throws Interrupted if the flag is set.
void throw_if_interrupted();

/// Whether the terminal was closed: nobody reads what is printed.
bool hung_up();

/// 128 + the signal that set the flag.
int interrupt_exit_code();

}  // namespace saltus::app
