#include "core/process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/file.h"
#include "core/text.h"

namespace saltus {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kKeptOutput = 1 << 14;

// execve's list of pointers into `strings`, which must outlive it.
std::vector<char*> pointers_to(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (std::string& text : strings) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Ours, with `added` in place of variables of the same name.
std::vector<std::string> environment_with(const std::vector<std::string>& added) {
  std::vector<std::string> all = added;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    const std::string_view name = text.substr(0, text.find('=') + 1);
    if (std::ranges::none_of(added, [&](const auto& own) { return own.starts_with(name); })) {
      all.emplace_back(text);
    }
  }
  return all;
}

// posix_spawn's lists of what a child starts with.
class SpawnSetup {
 public:
  SpawnSetup(const StandardStreams& streams, Child::Group group) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_adddup2(&actions_, streams.in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, streams.out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, streams.err, STDERR_FILENO);

    posix_spawnattr_init(&attributes_);
    sigset_t signals;
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes_, &signals);
    sigaddset(&signals, SIGPIPE);
    sigaddset(&signals, SIGXFSZ);
    posix_spawnattr_setsigdefault(&attributes_, &signals);
    const int own_group = group == Child::Group::own ? POSIX_SPAWN_SETPGROUP : 0;
    posix_spawnattr_setflags(&attributes_, static_cast<short>(POSIX_SPAWN_SETSIGMASK |
                                                              POSIX_SPAWN_SETSIGDEF | own_group));
  }
  SpawnSetup(const SpawnSetup&) = delete;
  SpawnSetup& operator=(const SpawnSetup&) = delete;
  ~SpawnSetup() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }

  const posix_spawn_file_actions_t* actions() const { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

// Collects what is written until the other end closes; false when `deadline` came first.
bool collect(int pipe, Clock::time_point deadline, std::string& output) {
  std::array<char, 1 << 12> block;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return false;
    pollfd wait{.fd = pipe, .events = POLLIN, .revents = 0};
    if (::poll(&wait, 1, static_cast<int>(std::min<std::int64_t>(left, 60'000))) <= 0) continue;
    const ssize_t got = restarted([&] { return ::read(pipe, block.data(), block.size()); });
    if (got <= 0) return true;
    output.append(block.data(), static_cast<std::size_t>(got));
    if (output.size() > 2 * kKeptOutput) output.erase(0, output.size() - kKeptOutput);
  }
}

}  // namespace

StartError::StartError(const std::string& program, int error)
    : Error(fmt::format("cannot run {}: {}", program, error_text(error))),
      missing_(error == ENOENT) {}

Child::Child(const std::vector<std::string>& command, const std::vector<std::string>& environment,
             const StandardStreams& streams, Group group) {
  std::vector<std::string> arguments = command;
  std::vector<std::string> variables = environment_with(environment);
  const SpawnSetup setup(streams, group);
  const int error =
      ::posix_spawnp(&id_, command.front().c_str(), setup.actions(), setup.attributes(),
                     pointers_to(arguments).data(), pointers_to(variables).data());
  if (error != 0) throw StartError(command.front(), error);
}

int Child::wait() {
  int status = 0;
  restarted([&] { return ::waitpid(id_, &status, 0); });
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void Child::kill() {
  ::kill(id_, SIGKILL);
}

ProcessResult run_process(const std::vector<std::string>& command,
                          const std::vector<std::string>& environment,
                          std::chrono::seconds timeout) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw StartError(command.front(), errno);
  const FileDescriptor reader(ends[0]);
  FileDescriptor writer(ends[1]);
  const FileDescriptor nothing = open_file("/dev/null", O_RDONLY);

  Child child(command, environment, {.in = nothing.get(), .out = writer.get(), .err = writer.get()},
              Child::Group::ours);
  writer = FileDescriptor();

  ProcessResult result;
  result.timed_out = !collect(reader.get(), Clock::now() + timeout, result.output);
  if (result.timed_out) child.kill();
  result.exit_code = child.wait();
  return result;
}

}  // namespace saltus
