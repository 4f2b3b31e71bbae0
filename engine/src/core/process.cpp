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

#include <saltus/error.h>

#include "core/file.h"

namespace saltus {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kKeptOutput = 1 << 14;

[[noreturn]] void throw_start_error(const std::string& program, int error) {
  throw Error(fmt::format("cannot run {}: {}", program, std::generic_category().message(error)));
}

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

class FileActions {
 public:
  // stdin from nowhere; stdout and stderr into `output`.
  explicit FileActions(int output) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, output, STDERR_FILENO);
  }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  ~FileActions() { posix_spawn_file_actions_destroy(&actions_); }

  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

// Collects what is written until the other end closes; false when `deadline` came first.
bool collect(int pipe, Clock::time_point deadline, std::string& output) {
  std::array<char, 1 << 12> block;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return false;
    pollfd wait{.fd = pipe, .events = POLLIN, .revents = 0};
    if (::poll(&wait, 1, static_cast<int>(std::min<std::int64_t>(left, 60'000))) <= 0) continue;
    const ssize_t got = ::read(pipe, block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return true;
    output.append(block.data(), static_cast<std::size_t>(got));
    if (output.size() > 2 * kKeptOutput) output.erase(0, output.size() - kKeptOutput);
  }
}

}  // namespace

ProcessResult run_process(const std::vector<std::string>& command,
                          const std::vector<std::string>& environment,
                          std::chrono::seconds timeout) {
  std::vector<std::string> arguments = command;
  std::vector<std::string> variables = environment_with(environment);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw_start_error(command.front(), errno);
  const FileDescriptor reader(ends[0]);
  FileDescriptor writer(ends[1]);

  pid_t child = 0;
  const FileActions actions(writer.get());
  const int error = ::posix_spawnp(&child, command.front().c_str(), actions.get(), nullptr,
                                   pointers_to(arguments).data(), pointers_to(variables).data());
  if (error != 0) throw_start_error(command.front(), error);
  writer = FileDescriptor();

  ProcessResult result;
  result.timed_out = !collect(reader.get(), Clock::now() + timeout, result.output);
  if (result.timed_out) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

}  // namespace saltus
