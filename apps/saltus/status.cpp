// saltus status: how far a sweep is, seen from outside.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>

#include <fmt/format.h>

#include <saltus/progress.h>
#include <saltus/report.h>
#include <saltus/trial_store.h>

#include "commands.h"
#include "output.h"
#include "text_layout.h"

namespace saltus::app {
namespace {

namespace fs = std::filesystem;

/// When a file in a folder was last written, and how many files of this ending it has.
struct Writes {
  std::int64_t files = 0;
  std::optional<fs::file_time_type> last = {};
};

Writes writes_in(const fs::path& folder, const std::string& ending) {
  Writes writes;
  std::error_code none;
  for (fs::directory_iterator file(folder, none); !none && file != fs::directory_iterator();
       file.increment(none)) {
    if (!file->path().filename().string().ends_with(ending)) continue;
    ++writes.files;
    std::error_code gone;
    const fs::file_time_type time = file->last_write_time(gone);
    if (!gone && (!writes.last || time > *writes.last)) writes.last = time;
  }
  return writes;
}

int show_status(const fs::path& folder) {
  const StoredSweep stored = read_sweep(folder);
  std::int64_t ok = 0;
  std::int64_t diverged = 0;
  for (const SettingResult& setting : stored.result.settings) {
    for (const TrialResult& trial : setting.trials) {
      ok += trial.status == TrialStatus::ok ? 1 : 0;
      diverged += trial.status == TrialStatus::diverged ? 1 : 0;
    }
  }
  const std::int64_t missing = std::ssize(next_trials(stored.plan, read_trials(folder)));
  print("{}: {} of {}\n", stored.plan.data->name,
        counted(static_cast<std::size_t>(ok + diverged + missing), "trial"),
        counted(stored.plan.settings.size(), "setting"));
  print("{} have results: {} ok, {} diverged; {} have none\n", grouped(ok + diverged), grouped(ok),
        grouped(diverged), grouped(missing));
  const Writes states = writes_in(folder / "states", ".safetensors");
  if (states.files > 0) print("{} are or were in progress (states/)\n", grouped(states.files));
  std::optional<fs::file_time_type> last = states.last;
  for (const Writes& writes : {writes_in(folder / "trials", ".jsonl"), writes_in(folder, ".jsonl")})
    if (writes.last && (!last || *writes.last > *last)) last = writes.last;
  if (last) {
    const std::chrono::duration<double> age = fs::file_time_type::clock::now() - *last;
    print("last written to {} ago\n", short_duration(std::max(age.count(), 0.0)));
  }
  return 0;
}

}  // namespace

Run make_status(CLI::App& command) {
  const auto folder = std::make_shared<std::string>();
  command.add_option("DIR", *folder, "The folder of a sweep, running or not")
      ->required()
      ->type_name("DIR");
  return [folder] { return show_status(*folder); };
}

}  // namespace saltus::app
