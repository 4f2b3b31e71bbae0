#include "workers.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <iostream>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <saltus/error.h>
#include <saltus/machine.h>
#include <saltus/progress.h>
#include <saltus/report.h>
#include <saltus/trial_store.h>

#include "exit_codes.h"
#include "interrupt.h"
#include "lists.h"
#include "output.h"
#include "sweep_console.h"
#include "sweep_parts.h"
#include "terminal.h"

namespace saltus::app {
namespace {

namespace fs = std::filesystem;

constexpr int kMostStarts = 4;

/// The program that this is, wherever it was started from.
const char* const kThisProgram = "/proc/self/exe";

/// One of the programs, which ends with this one.
class Worker {
 public:
  Worker(std::vector<std::string> arguments, std::string device)
      : arguments_(std::move(arguments)), device_(std::move(device)) {}

  void start() {
    std::vector<char*> argv;
    argv.reserve(arguments_.size() + 1);
    for (std::string& argument : arguments_) argv.push_back(argument.data());
    argv.push_back(nullptr);
    std::vector<char*> environment = this->environment();
    // The child of a program with threads may only call what a signal handler may.
    const pid_t parent = ::getpid();
    const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (::getppid() != parent) ::_exit(kFailure);
      ::dup2(nowhere, STDIN_FILENO);
      ::dup2(nowhere, STDOUT_FILENO);
      ::execve(kThisProgram, argv.data(), environment.data());
      ::_exit(kFailure);
    }
    const int error = errno;
    if (nowhere >= 0) ::close(nowhere);
    if (pid_ < 0) {
      throw Error(fmt::format("cannot start a worker: {}", ::strerrordesc_np(error)));
    }
    ++starts_;
  }

  /// Whether it still runs. Where it has ended, code() says how.
  bool runs() {
    if (pid_ <= 0) return false;
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == 0) return true;
    pid_ = 0;
    code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
    return false;
  }

  void stop() const {
    if (pid_ > 0) ::kill(pid_, SIGTERM);
  }

  int starts() const { return starts_; }
  int code() const { return code_; }  ///< 1000 + n: killed by signal n

 private:
  /// That of this program, with the device.
  std::vector<char*> environment() {
    constexpr std::string_view kVisible = "CUDA_VISIBLE_DEVICES=";
    std::vector<char*> all;
    for (char** variable = environ; *variable != nullptr; ++variable) {
      const bool is_replaced =
          !device_.empty() && std::string_view(*variable).starts_with(kVisible);
      if (!is_replaced) all.push_back(*variable);
    }
    visible_ = fmt::format("{}{}", kVisible, device_);
    if (!device_.empty()) all.push_back(visible_.data());
    all.push_back(nullptr);
    return all;
  }

  std::vector<std::string> arguments_;
  std::string device_;
  std::string visible_;
  pid_t pid_ = 0;
  int starts_ = 0;
  int code_ = 0;
};

std::string words_of(int code) {
  return code > 1000 ? fmt::format("was killed by signal {}", code - 1000)
                     : fmt::format("failed with exit code {}", code);
}

/// The workers, from first to last.
class Crew {
 public:
  Crew(const Workers& workers, const fs::path& folder) {
    const int threads =
        workers.threads > 0 ? workers.threads : std::max(machine_info().cores / workers.count, 1);
    workers_.reserve(static_cast<std::size_t>(workers.count));
    for (int i = 0; i < workers.count; ++i) {
      const std::string device =
          workers.devices.empty()
              ? std::string()
              : workers.devices[static_cast<std::size_t>(i) % workers.devices.size()];
      workers_.emplace_back(
          std::vector<std::string>{
              "saltus", "sweep", "--config", (folder / kSweepFile).string(), "--out",
              folder.string(), "--part", fmt::format("{}/{}", i + 1, workers.count), "--threads",
              fmt::to_string(threads), "--concurrent", fmt::to_string(workers.side_by_side),
              "--save", std::string(to_string(workers.save))},
          device);
    }
    try {
      for (Worker& worker : workers_) worker.start();
    } catch (...) {
      end();
      throw;
    }
  }

  /// Looks at all of them, and starts those again that were killed. Whether any runs.
  bool runs() {
    bool any = false;
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      Worker& worker = workers_[i];
      if (worker.runs()) {
        any = true;
        continue;
      }
      if (worker.code() == 0 || stopping_) continue;
      if (worker.code() == kUsage || worker.code() == kDifferent) {
        stop(worker.code());
      } else if (worker.starts() == kMostStarts) {
        note("saltus: worker {} {} for the {}th time\n", i + 1, words_of(worker.code()),
             kMostStarts);
        stop(kFailure);
      } else {
        note("saltus: worker {} {}: it is started again\n", i + 1, words_of(worker.code()));
        worker.start();
        any = true;
      }
    }
    return any;
  }

  /// Asks all to end; they keep the epochs that are finished.
  void stop(int code) {
    if (!stopping_) code_ = code;
    stopping_ = true;
    for (const Worker& worker : workers_) worker.stop();
  }

  int code() const { return code_; }

 private:
  void end() {
    stop(kFailure);
    while (runs()) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }

  std::vector<Worker> workers_;
  bool stopping_ = false;
  int code_ = 0;
};

}  // namespace

std::vector<std::string> parse_devices(const std::string& text) {
  std::vector<std::string> devices;
  if (text != "all") {
    for (const int number : parse_numbers<int>("--devices", text))
      devices.push_back(fmt::to_string(number));
    return devices;
  }
  std::error_code none;
  for (fs::directory_iterator gpu("/proc/driver/nvidia/gpus", none);
       !none && gpu != fs::directory_iterator(); gpu.increment(none)) {
    devices.push_back(fmt::to_string(devices.size()));
  }
  if (devices.empty())
    throw DeviceError("--devices all: NVIDIA's driver knows no GPU here; see saltus info");
  return devices;
}

int train_in_workers(const SweepPlan& plan, const Workers& workers, const fs::path& folder) {
  constexpr int kMostWorkers = 1024;
  if (workers.count < 1 || workers.count > kMostWorkers) {
    throw InvalidArgument(
        fmt::format("--workers takes 1 to {}, not {}", kMostWorkers, workers.count));
  }
  const std::atomic<bool>& interrupted = catch_interrupts();
  const TrialStore store(folder, plan);
  print_plan(plan, store.size(), folder);
  print("in {} programs side by side\n", workers.count);
  flush_output();
  Crew crew(workers, folder);
  ProgressBar bar(std::cerr, can_redraw(STDERR_FILENO),
                  {.unit = ProgressUnit::none, .label = "training", .ascii = !shows_unicode()});
  const auto show = [&] {
    const auto done = static_cast<std::int64_t>(store.size());
    bar.update(done, std::ssize(plan.trials),
               {fmt::format("{} of {} trials", grouped(done), grouped(std::ssize(plan.trials)))});
  };
  for (;;) {
    // First, so that a worker that ended for the same signal is not started again.
    if (interrupted) crew.stop(interrupt_exit_code());
    if (!crew.runs()) break;
    show();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  show();
  bar.finish({fmt::format("{} trials", grouped(static_cast<std::int64_t>(store.size())))});
  if (crew.code() != 0 && interrupted) note("saltus: interrupted: the same command continues\n");
  return crew.code();
}

}  // namespace saltus::app
