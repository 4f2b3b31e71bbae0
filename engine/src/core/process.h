#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <sys/types.h>

#include <saltus/error.h>

namespace saltus {

/// Thrown where a program cannot be started.
class StartError : public Error {
 public:
  StartError(const std::string& program, int error);

  /// No program of this name is in PATH.
  bool missing() const { return missing_; }

 private:
  bool missing_;
};

/// File descriptors that become a program's standard streams.
struct StandardStreams {
  int in = -1;
  int out = -1;
  int err = -1;
};

/// A program that was started and has to be waited for.
class Child {
 public:
  enum class Group : bool {
    ours,  ///< Ctrl-C reaches it as well
    own,   ///< Ctrl-C does not reach it
  };

  /// Starts a program, found by PATH, without a shell. `environment` ("NAME=value") is added to our
  /// own. It starts with no signal blocked, and SIGPIPE and SIGXFSZ have their default actions: a
  /// program that ignores them checks every write, and few do. Throws StartError.
  Child(const std::vector<std::string>& command, const std::vector<std::string>& environment,
        const StandardStreams& streams, Group group);

  /// Waits for its end: the exit code, or 128 + n where signal n killed it.
  int wait();

  /// Kills it; it must be waited for all the same.
  void kill();

 private:
  pid_t id_ = 0;
};

/// How a program ended.
struct ProcessResult {
  int exit_code = 0;   ///< 128 + n: killed by signal n
  std::string output;  ///< the end of what it wrote, stdout and stderr together
  bool timed_out = false;
};

/// Runs a program as Child does, with nothing to read, and waits for its end; past `timeout` it is
/// killed. Throws StartError.
ProcessResult run_process(const std::vector<std::string>& command,
                          const std::vector<std::string>& environment,
                          std::chrono::seconds timeout);

}  // namespace saltus
