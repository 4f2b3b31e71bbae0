#include "execution/watch.h"

#include <array>
#include <ctime>
#include <stdexcept>

#include <emulation/hooks.h>
#include <unistd.h>

namespace saltus::emulation {
namespace {

constexpr int kTimeSignal = SIGURG;  // ignored by default: one that comes late does no harm

bool on_page_below_stack(const std::byte* address) {
  constexpr std::ptrdiff_t kPage = 4096;
  const std::byte* stack = position.thread->stack.begin;
  return address >= stack - kPage && address < stack;
}

// The signals are synchronous, and a kernel holds no lock: leaving its stack for good is safe.
void handle_access(int number, siginfo_t* information, void*) {
  if (!position.in_kernel) {
    std::signal(number, SIG_DFL);  // the access is repeated, and ends the program
    return;
  }
  const auto* address = static_cast<const std::byte*>(information->si_addr);
  if (number == SIGFPE) fault(cudaErrorLaunchFailure, "divides an integer by zero");
  if (on_page_below_stack(address))
    fault(cudaErrorHardwareStackError, "uses up its stack of %zu bytes",
          position.thread->stack.bytes);
  fault(cudaErrorIllegalAddress, "accesses address %p", static_cast<const void*>(address));
}

void handle_time(int) {
  time_is_up = 1;
  if (position.in_kernel)
    fault(cudaErrorLaunchTimeout, "the launch takes too long, and the thread waits nowhere");
}

void handle_accesses() {
  static std::array<std::byte, 65536> own_stack;  // the thread's may be used up
  stack_t stack{};
  stack.ss_sp = own_stack.data();
  stack.ss_size = own_stack.size();
  sigaltstack(&stack, nullptr);
  struct sigaction action {};
  action.sa_sigaction = &handle_access;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  for (const int number : {SIGSEGV, SIGBUS, SIGFPE}) sigaction(number, &action, nullptr);
}

timer_t make_timer() {
  struct sigaction action {};
  action.sa_handler = &handle_time;
  action.sa_flags = SA_NODEFER | SA_RESTART;
  sigaction(kTimeSignal, &action, nullptr);
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = kTimeSignal;
  event._sigev_un._tid = gettid();
  timer_t timer{};
  if (timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &timer) != 0)
    throw std::runtime_error("timer_create failed");
  return timer;
}

timer_t timer{};

void set_timer(std::chrono::milliseconds time) {
  itimerspec setting{};
  setting.it_value.tv_sec = time.count() / 1000;
  setting.it_value.tv_nsec = time.count() % 1000 * 1'000'000;
  timer_settime(timer, 0, &setting, nullptr);
}

}  // namespace

Watch::Watch(std::chrono::milliseconds limit) {
  static const bool ready = [] {
    if (installed_hooks == nullptr || !installed_hooks->handles_signals()) handle_accesses();
    timer = make_timer();
    return true;
  }();
  static_cast<void>(ready);
  time_is_up = 0;
  set_timer(limit);
}

Watch::~Watch() {
  set_timer(std::chrono::milliseconds(0));
}

}  // namespace saltus::emulation
