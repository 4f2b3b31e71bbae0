// Ctrl-C, SIGTERM, and a terminal that is closed.
#pragma once

#include <atomic>
#include <exception>

namespace saltus::app {

/// Thrown when work that keeps nothing was interrupted.
struct Interrupted : std::exception {
  const char* what() const noexcept override { return "interrupted"; }
};

/// Starts a thread that waits for SIGINT, SIGTERM and SIGHUP, and blocks them everywhere else: to
/// be called before any other thread starts. No handler runs, since it would use the stack of the
/// code that it interrupts, and in oneDNN's generated code for AVX2 the stack pointer points into
/// the heap. A signal that was ignored before stays ignored. Where no thread can be started,
/// signals end the program at once.
void watch_signals();

/// From now on the first SIGINT, SIGTERM or SIGHUP sets the flag that is returned, in place of
/// ending the program; a second SIGINT ends it at once.
const std::atomic<bool>& catch_interrupts();

/// Throws Interrupted if the flag is set.
void throw_if_interrupted();

/// Whether the terminal was closed: nobody reads what is printed.
bool hung_up();

/// 128 + the signal that set the flag.
int interrupt_exit_code();

}  // namespace saltus::app
