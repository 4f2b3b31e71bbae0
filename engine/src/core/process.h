#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace saltus {

/// How a program ended.
struct ProcessResult {
  int exit_code = 0;   ///< 128 + n: killed by signal n
  std::string output;  ///< the end of what it wrote, stdout and stderr together
  bool timed_out = false;
};

/// Runs a program, found by PATH, without a shell, and waits for its end; past `timeout` it is
/// killed. `environment` ("NAME=value") is added to our own. Throws Error where the program cannot
/// be started.
ProcessResult run_process(const std::vector<std::string>& command,
                          const std::vector<std::string>& environment,
                          std::chrono::seconds timeout);

}  // namespace saltus
