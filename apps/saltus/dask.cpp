#include "dask.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <set>
#include <system_error>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <saltus/error.h>
#include <saltus/trial_store.h>

#include "exit_codes.h"
#include "interrupt.h"
#include "output.h"
#include "sweep_console.h"
#include "sweep_parts.h"

namespace saltus::app {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLauncher = "dask_launcher.py";
constexpr std::size_t kUnitOfGpus = 16;

fs::path this_program() {
  return fs::read_symlink("/proc/self/exe");
}

/// Where it was installed, or beside a program that was not.
fs::path launcher() {
  const fs::path folder = this_program().parent_path();
  for (const fs::path& place : {folder / ".." / "libexec" / "saltus", folder}) {
    std::error_code error;
    if (fs::exists(place / kLauncher, error)) return place / kLauncher;
  }
  throw DataError(fmt::format("{} is missing in {}: it belongs to the program, copy it with it",
                              kLauncher, folder.string()));
}

/// The parts that lack results; part_of() deals the trials in turn.
std::set<int> missing_parts(const SweepPlan& plan, const TrialStore& store, int parts) {
  std::set<int> missing;
  for (std::size_t i = 0; i < plan.trials.size(); ++i)
    if (!store.holds(plan.trials[i].id)) missing.insert(static_cast<int>(i) % parts + 1);
  return missing;
}

/// Runs Python and waits for it. Its exit code, or that of an interrupt.
int run_python(std::vector<std::string> arguments) {
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const std::atomic<bool>& interrupted = catch_interrupts();
  pid_t pid = 0;
  if (const int error = ::posix_spawnp(&pid, argv[0], nullptr, nullptr, argv.data(), environ)) {
    throw Error(
        fmt::format("cannot start {}, which Dask needs: {}", argv[0], ::strerrordesc_np(error)));
  }
  int status = 0;
  for (bool told = false; ::waitpid(pid, &status, WNOHANG) == 0;) {
    // From a terminal it has had the signal, and takes no notice of a second one.
    if (interrupted && !told) ::kill(pid, SIGINT);
    told = interrupted;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  if (interrupted) return interrupt_exit_code();
  return WIFEXITED(status) ? WEXITSTATUS(status) : kFailure;
}

}  // namespace

bool is_on_dask(const std::string& workers) {
  return !workers.empty() && (workers[0] < '0' || workers[0] > '9') && workers[0] != '-';
}

int train_on_dask(const SweepPlan& plan, const DaskOptions& options, const fs::path& folder) {
  const TrialStore store(folder, plan);
  const fs::path received = folder / "received";
  // Of a launcher that was killed.
  if (const int code = take_results(received, plan, store, folder); code != 0) return code;
  print_plan(plan, store.size(), folder);
  flush_output();
  const std::size_t usual = plan.config.device == Device::cpu ? 1 : kUnitOfGpus;
  const std::size_t unit =
      options.side_by_side > 0 ? static_cast<std::size_t>(options.side_by_side) : usual;
  const auto parts = static_cast<int>((plan.trials.size() + unit - 1) / unit);
  const std::set<int> missing = missing_parts(plan, store, parts);
  if (missing.empty()) return 0;
  std::vector<std::string> arguments = {"python3",
                                        launcher().string(),
                                        "--program",
                                        this_program().string(),
                                        "--folder",
                                        fs::absolute(folder).string(),
                                        "--where",
                                        options.where,
                                        "--parts",
                                        fmt::to_string(parts),
                                        "--missing",
                                        fmt::format("{}", fmt::join(missing, ",")),
                                        "--slurm=" + options.slurm};
  arguments.push_back(fmt::format("--threads={}", options.threads));
  if (options.insecure) arguments.emplace_back("--insecure");
  arguments.insert(arguments.end(), {"--", "--concurrent", fmt::to_string(options.side_by_side),
                                     "--save", std::string(to_string(options.save))});
  const int code = run_python(std::move(arguments));
  const int taken = take_results(received, plan, store, folder);
  return code != 0 ? code : taken;
}

}  // namespace saltus::app
