#include <algorithm>
#include <set>
#include <string>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/report.h>

#include "core/boundary.h"
#include "core/json.h"
#include "report/outputs.h"
#include "sweep/plan.h"

namespace saltus {
namespace {

namespace fs = std::filesystem;

RecordedSweep recorded_in(const fs::path& folder) {
  const fs::path file = folder / kSweepFile;
  std::error_code error;
  if (fs::status(file, error).type() == fs::file_type::not_found) {
    throw DataError(
        fmt::format("{} holds no sweep, as it has no {}: name a folder that saltus sweep wrote",
                    folder.string(), kSweepFile));
  }
  return read_sweep_json(file);
}

/// Refuses trials of which the plan has none.
void check_trials(const fs::path& folder, const SweepPlan& plan,
                  const std::vector<TrialResult>& trials) {
  std::set<std::string> planned;
  for (const TrialSpec& trial : plan.trials) planned.insert(trial.id);
  const auto is_planned = [&](const TrialResult& trial) { return planned.contains(trial.id); };
  if (trials.empty() || std::ranges::any_of(trials, is_planned)) return;
  throw DataError(
      fmt::format("{} has {} trials, none of which its {} asks for: read it with the version of "
                  "Saltus that wrote it",
                  folder.string(), trials.size(), kSweepFile));
}

}  // namespace

StoredSweep read_sweep(const fs::path& folder) try {
  RecordedSweep recorded = recorded_in(folder);
  StoredSweep sweep;
  understand((folder / kSweepFile).string(), [&] {
    sweep.plan = recorded_plan(std::move(recorded.config), std::move(recorded.data));
  });
  const std::vector<TrialResult> trials = read_trials(folder);
  check_trials(folder, sweep.plan, trials);
  understand(folder.string(), [&] { sweep.result = summarize_sweep(sweep.plan, trials); });
  sweep.machine = std::move(recorded.machine);
  return sweep;
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
