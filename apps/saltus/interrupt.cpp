#include "interrupt.h"

#include <csignal>
#include <system_error>
#include <thread>

namespace saltus::app {
namespace {

std::atomic<bool> caught{false};
std::atomic<bool> interrupted{false};
std::atomic<int> signal_number{0};

// A blocked signal keeps its default action, which ends the program.
void end_by(int number) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, number);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  raise(number);
}

[[noreturn]] void wait_for(sigset_t signals) {
  for (;;) {
    int number = 0;
    if (sigwait(&signals, &number) != 0) continue;
    if (caught && !interrupted) {
      signal_number = number;
      interrupted = true;
    } else if (!caught || number == SIGINT) {
      // Once interrupted only by a second Ctrl-C: closing a terminal sends several signals, and so
      // do programs that end the one they started.
      end_by(number);
    }
  }
}

}  // namespace

void watch_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction before {};
    sigaction(number, nullptr, &before);
    // The parent process may have set it to be ignored, as nohup does.
    if (before.sa_handler != SIG_IGN) sigaddset(&signals, number);
  }
  sigset_t others;
  pthread_sigmask(SIG_BLOCK, &signals, &others);
  try {
    std::thread(wait_for, signals).detach();
  } catch (const std::system_error&) {
    pthread_sigmask(SIG_SETMASK, &others, nullptr);
  }
}

const std::atomic<bool>& catch_interrupts() {
  caught = true;
  return interrupted;
}

void throw_if_interrupted() {
  if (interrupted) throw Interrupted();
}

bool hung_up() {
  return interrupted && signal_number == SIGHUP;
}

int interrupt_exit_code() {
  return 128 + signal_number;
}

}  // namespace saltus::app
