#include "report/gnuplot.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>

#include <fmt/format.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <saltus/error.h>

#include "core/file.h"

namespace saltus {
namespace {

/// A file without a name, in memory: gnuplot's end of it needs no reader while it writes, as a pipe
/// would.
FileDescriptor memory_file(const char* name) {
  FileDescriptor file(memfd_create(name, MFD_CLOEXEC));
  if (file.get() < 0) {
    throw Error(fmt::format("cannot start gnuplot: {}", std::generic_category().message(errno)));
  }
  return file;
}

std::string contents(const FileDescriptor& file) {
  std::string text;
  std::array<char, 1 << 16> buffer;
  lseek(file.get(), 0, SEEK_SET);
  ssize_t count = 0;
  while ((count = read(file.get(), buffer.data(), buffer.size())) > 0) {
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return text;
}

/// The first line that says something.
std::string_view first_line(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \n\t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find('\n', begin) - begin);
}

/// posix_spawn's lists of what the child starts with.
class SpawnSetup {
 public:
  SpawnSetup(int in, int out, int err) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_adddup2(&actions_, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, err, STDERR_FILENO);
    // Its own process group: Ctrl-C is for us to handle, and what is drawn is drawn to the end.
    posix_spawnattr_init(&attributes_);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP);
  }
  SpawnSetup(const SpawnSetup&) = delete;
  SpawnSetup& operator=(const SpawnSetup&) = delete;
  ~SpawnSetup() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }

  int spawn(pid_t& child, const char* program) const {
    std::string name = program;
    std::array<char*, 2> arguments{name.data(), nullptr};
    return posix_spawnp(&child, program, &actions_, &attributes_, arguments.data(), environ);
  }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

}  // namespace

std::string run_gnuplot(std::string_view script) {
  const FileDescriptor in = memory_file("script");
  const FileDescriptor out = memory_file("picture");
  const FileDescriptor err = memory_file("messages");
  write_all(in, {reinterpret_cast<const std::uint8_t*>(script.data()), script.size()}, "script");
  lseek(in.get(), 0, SEEK_SET);

  pid_t child = 0;
  const int error = SpawnSetup(in.get(), out.get(), err.get()).spawn(child, "gnuplot");
  if (error == ENOENT) {
    throw Error(
        "no pictures: gnuplot was not found; install it (Debian: apt-get install gnuplot-nox)");
  }
  if (error != 0) {
    throw Error(fmt::format("cannot start gnuplot: {}", std::generic_category().message(error)));
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  std::string picture = contents(out);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || picture.empty()) {
    throw Error(fmt::format("gnuplot failed: {}", first_line(contents(err))));
  }
  return picture;
}

std::string gnuplot_quote(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') quoted += '\'';  // two stand for one
    if (c != '\n') quoted += c;
  }
  return quoted + "'";
}

}  // namespace saltus
