#include "unit_program.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <saltus/error.h>

namespace saltus::app {
namespace {

/// That of this program, with the device.
std::vector<char*> environment_with(std::string& visible) {
  const std::string_view name = std::string_view(visible).substr(0, visible.find('=') + 1);
  std::vector<char*> all;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (!std::string_view(*variable).starts_with(name)) all.push_back(*variable);
  }
  all.push_back(visible.data());
  all.push_back(nullptr);
  return all;
}

}  // namespace

void LineInput::read() {
  char bytes[4096];
  const ssize_t count = ::read(file_, bytes, sizeof bytes);
  if (count > 0) {
    text_.append(bytes, static_cast<std::size_t>(count));
  } else if (count == 0 || errno != EINTR) {
    ended_ = true;
  }
}

std::optional<std::string> LineInput::take() {
  const std::size_t end = text_.find('\n');
  if (end == std::string::npos) return std::nullopt;
  std::string line = text_.substr(0, end);
  text_.erase(0, end + 1);
  return line;
}

UnitProgram::UnitProgram(std::string file, std::vector<std::string> arguments, std::string device,
                         std::size_t capacity)
    : file_(std::move(file)),
      arguments_(std::move(arguments)),
      device_(std::move(device)),
      capacity_(capacity) {}

UnitProgram::UnitProgram(UnitProgram&& other) noexcept
    : file_(std::move(other.file_)),
      arguments_(std::move(other.arguments_)),
      device_(std::move(other.device_)),
      capacity_(other.capacity_),
      units_(std::move(other.units_)),
      pid_(std::exchange(other.pid_, 0)),
      input_(std::exchange(other.input_, -1)),
      answers_(std::exchange(other.answers_, -1)),
      lines_(std::move(other.lines_)),
      starts_(other.starts_),
      code_(other.code_) {}

UnitProgram::~UnitProgram() {
  end_input();
  close_answers();
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void UnitProgram::start() {
  std::vector<char*> argv;
  argv.reserve(arguments_.size() + 1);
  for (std::string& argument : arguments_) argv.push_back(argument.data());
  argv.push_back(nullptr);
  std::string visible = fmt::format("CUDA_VISIBLE_DEVICES={}", device_);
  std::vector<char*> environment;
  if (!device_.empty()) environment = environment_with(visible);
  int input[2] = {-1, -1};
  int output[2] = {-1, -1};
  int error = 0;
  if (::pipe2(input, O_CLOEXEC) != 0 || ::pipe2(output, O_CLOEXEC) != 0) error = errno;
  if (error == 0) {
    posix_spawn_file_actions_t files;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_adddup2(&files, input[0], STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&files, output[1], STDOUT_FILENO);
    posix_spawnattr_t attributes;  // signals are blocked here alone, by watch_signals()
    ::posix_spawnattr_init(&attributes);
    sigset_t signals;
    sigemptyset(&signals);
    ::posix_spawnattr_setsigmask(&attributes, &signals);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    error = ::posix_spawnp(&pid_, file_.c_str(), &files, &attributes, argv.data(),
                           device_.empty() ? environ : environment.data());
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&files);
  }
  for (const int end : {input[0], output[1]})
    if (end >= 0) ::close(end);
  input_ = input[1];
  answers_ = output[0];
  lines_.emplace(answers_);
  if (error != 0) {
    pid_ = 0;
    throw Error(fmt::format("cannot start {}: {}", file_, ::strerrordesc_np(error)));
  }
  ++starts_;
}

bool UnitProgram::runs() {
  if (pid_ <= 0) return false;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) == 0) return true;
  pid_ = 0;
  code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  end_input();
  close_answers();
  return false;
}

void UnitProgram::send(const std::string& unit) {
  units_.push_back(unit);
  const std::string line = unit + "\n";
  for (std::string_view rest = line; !rest.empty();) {
    const ssize_t count = ::write(input_, rest.data(), rest.size());
    if (count < 0 && errno != EINTR) return;  // it has ended, which runs() tells
    rest.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  }
}

std::optional<std::string> UnitProgram::take_trained() {
  if (units_.empty() || answers_ < 0) return std::nullopt;
  pollfd ready{.fd = answers_, .events = POLLIN, .revents = 0};
  if (::poll(&ready, 1, 0) > 0) lines_->read();
  if (!lines_->take()) return std::nullopt;
  return take_untrained();
}

std::optional<std::string> UnitProgram::take_untrained() {
  if (units_.empty()) return std::nullopt;
  std::string unit = std::move(units_.front());
  units_.pop_front();
  return unit;
}

void UnitProgram::end_input() {
  if (input_ >= 0) ::close(std::exchange(input_, -1));
}

void UnitProgram::stop() const {
  if (pid_ > 0) ::kill(pid_, SIGTERM);
}

void UnitProgram::close_answers() {
  if (answers_ >= 0) ::close(std::exchange(answers_, -1));
}

}  // namespace saltus::app
