#include "dask.h"

#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/trial_store.h>

#include "crew.h"
#include "output.h"
#include "sweep_console.h"
#include "sweep_parts.h"
#include "unit_program.h"
#include "unit_queue.h"

namespace saltus::app {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLauncher = "dask_launcher.py";
constexpr const char* kPython = "python3";

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

}  // namespace

bool is_on_dask(const std::string& workers) {
  return !workers.empty() && (workers[0] < '0' || workers[0] > '9') && workers[0] != '-';
}

int train_on_dask(const SweepPlan& plan, const DaskOptions& options, const fs::path& folder) {
  const TrialStore store(folder, plan);
  const auto take_received = [&] { return take_results(folder / "received", plan, store, folder); };
  // Of a launcher that was killed.
  if (const int code = take_received(); code != 0) return code;
  UnitQueue queue(plan, store, folder, unit_size(plan, options.side_by_side, 0));
  print_plan(plan, queue.trials_done(), folder);
  flush_output();
  std::vector<std::string> arguments = {kPython,
                                        launcher().string(),
                                        "--program",
                                        this_program().string(),
                                        "--folder",
                                        fs::absolute(folder).string(),
                                        "--where",
                                        options.where,
                                        "--slurm=" + options.slurm,
                                        fmt::format("--threads={}", options.threads)};
  if (options.insecure) arguments.emplace_back("--insecure");
  arguments.insert(arguments.end(), {"--", "--concurrent", fmt::to_string(options.side_by_side),
                                     "--save", std::string(to_string(options.save))});
  std::vector<UnitProgram> launchers;
  launchers.emplace_back(kPython, std::move(arguments), "", plan.trials.size());
  const int code = train_units(plan, queue, std::move(launchers), {.on_round_end = take_received});
  const int taken = take_received();
  return code != 0 ? code : taken;
}

}  // namespace saltus::app
