// Runs every bug and its twin in every order, each in a process of its own: a sanitizer ends it.
//
//   saltus_bugs_MODE          a line for each run: class, bug, order, broken or twin, what happened
//   saltus_bugs_MODE BUG      the same for one, with all that it says
#include <array>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>

#include <emulation/control.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/emulated/bugs/bug.h"

/// For AddressSanitizer, where there is one; looking up names would take most of the time.
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): the sanitizer's name
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() {
  return "exitcode=12:detect_leaks=0:symbolize=0";
}
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)

namespace saltus::test {

std::vector<const BugClass*>& BugClass::all() {
  static std::vector<const BugClass*> classes;
  return classes;
}

BugClass::BugClass(const char* class_name, std::initializer_list<Bug> of_class)
    : name(class_name), bugs(of_class) {
  all().push_back(this);
}

namespace {

using emulation::Order;
using emulation::Streams;

struct Setting {
  const char* name;
  Order order;
  Streams streams;
};

constexpr Setting kSettings[] = {
    {"forward", {}, {}},
    {"reverse", {Order::Kind::reverse, 0}, {}},
    {"shuffle", {Order::Kind::shuffle, 1}, {}},
    {"lazy", {}, {Streams::Kind::lazy, 0}},
};

constexpr int kRight = 0;
constexpr int kWrong = 10;
constexpr int kFault = 11;

/// How a process ends that has run the function.
int run_here(bool (*function)(), const Setting& setting) {
  emulation::set_order(setting.order);
  emulation::set_streams(setting.streams);
  emulation::set_time_limit(std::chrono::milliseconds(100));
  try {
    const bool right = function();
    return right ? kRight : kWrong;
  } catch (const kernels::CudaError& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return kFault;
  }
}

std::string outcome_of(bool (*function)(), const Setting& setting, bool quiet) {
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    if (quiet) dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
    _exit(run_here(function, setting));
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) return "lost";
  if (!WIFEXITED(status)) return "signal";
  switch (WEXITSTATUS(status)) {
    case kRight:
      return "right";
    case kWrong:
      return "wrong";
    case kFault:
      return "fault";
    default:
      return "report";
  }
}

void run_all(const char* only) {
  for (const BugClass* bug_class : BugClass::all())
    for (const Bug& bug : bug_class->bugs) {
      if (only != nullptr && std::strcmp(only, bug.name) != 0) continue;
      for (const Setting& setting : kSettings)
        for (const bool broken : {false, true}) {
          const auto function = broken ? bug.broken : bug.twin;
          std::printf("%s,%s,%s,%s,%s\n", bug_class->name, bug.name, setting.name,
                      broken ? "broken" : "twin",
                      outcome_of(function, setting, only == nullptr).c_str());
        }
    }
}

}  // namespace
}  // namespace saltus::test

int main(int count, char** words) {
  saltus::test::run_all(count > 1 ? words[1] : nullptr);
  return 0;
}
