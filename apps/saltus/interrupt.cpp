#include "interrupt.h"

#include <csignal>

namespace saltus::app {
namespace {

std::atomic<bool> interrupted{false};
std::atomic<int> signal_number{0};
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free,
              "a signal handler may touch nothing else");

void on_signal(int number) {
  // Closing a terminal sends several, and so do those who end a program that started this one, too.
  if (interrupted && number != SIGINT) return;
  if (interrupted) {
    std::signal(number, SIG_DFL);
    raise(number);
    return;
  }
  signal_number = number;
  interrupted = true;
}

}  // namespace

const std::atomic<bool>& catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction before {};
    sigaction(number, nullptr, &before);
    // The parent process may have set it to be ignored, as nohup does.
    if (before.sa_handler != SIG_IGN) sigaction(number, &action, nullptr);
  }
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
