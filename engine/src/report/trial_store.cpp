#include <algorithm>
#include <set>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/report.h>
#include <saltus/trial_store.h>

#include "core/boundary.h"
#include "core/file.h"
#include "report/history_log.h"
#include "report/outputs.h"
#include "report/sweep_texts.h"
#include "sweep/digest.h"
#include "sweep/plan.h"

namespace saltus {
namespace {

namespace fs = std::filesystem;

std::set<std::string> ids_of(const SweepPlan& plan) {
  std::set<std::string> ids;
  for (const TrialSpec& trial : plan.trials) ids.insert(trial.id);
  return ids;
}

/// Says in the folder what is trained there, or finds that somebody said the same.
void agree(const fs::path& folder, const SweepPlan& plan) {
  const fs::path file = folder / kSweepFile;
  if (PendingFile(file, sweep_json_text(plan, machine_info())).publish_first()) return;
  RecordedSweep recorded = read_sweep_json(file);
  if (ids_of(recorded_plan(std::move(recorded.config), std::move(recorded.data))) == ids_of(plan))
    return;
  throw InvalidArgument(
      fmt::format("{} holds another sweep than this one: repeat its options, as --config {} does, "
                  "or name another folder with --out",
                  folder.string(), file.string()));
}

}  // namespace

TrialStore::TrialStore(fs::path folder, const SweepPlan& plan) try
    : folder_(std::move(folder)), plan_(plan), labels_(setting_labels(plan.settings)) {
  create_folders(folder_ / kTrialsFolder);
  agree(folder_, plan);
} catch (...) {
  throw_as_promised();
}

fs::path TrialStore::file_of(const std::string& id) const {
  return folder_ / kTrialsFolder / fmt::format("{}{}", id, kTrialEnding);
}

Kept TrialStore::add(const TrialSpec& trial, const TrialResult& result) const try {
  const fs::path file = file_of(trial.id);
  const std::string text = history_text(trial, labels_, result);
  if (PendingFile(file, text).publish_first()) return Kept::first;
  const std::string own = compared_text(result);
  const auto is_own = [&](const fs::path& path) {
    const std::vector<TrialResult> others = read_history_jsonl(path);
    return others.size() == 1 && compared_text(others.front()) == own;
  };
  if (is_own(file)) return Kept::equal;
  for (int number = 2;; ++number) {
    const fs::path other =
        folder_ / kTrialsFolder / fmt::format("{}.{}{}", trial.id, number, kTrialEnding);
    if (PendingFile(other, text).publish_first() || is_own(other)) return Kept::different;
  }
} catch (...) {
  throw_as_promised();
}

bool TrialStore::holds(const std::string& id) const {
  std::error_code ignored;
  return fs::exists(file_of(id), ignored);
}

std::size_t TrialStore::size() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(plan_.trials, [&](const TrialSpec& trial) { return holds(trial.id); }));
}

SweepPlan part_of(const SweepPlan& plan, int part, int parts) try {
  if (plan.config.until_decided) {
    throw InvalidArgument(
        "a sweep that runs until it is decided chooses its trials by results, and has no parts: "
        "let --workers train it, or leave --until-decided away and give it as many --seeds as it "
        "may need");
  }
  if (part < 1 || part > parts) {
    throw InvalidArgument(
        fmt::format("there is no part {} of {}: parts are numbered from 1", part, parts));
  }
  SweepPlan result = plan;
  result.trials.clear();
  for (std::size_t i = static_cast<std::size_t>(part - 1); i < plan.trials.size();
       i += static_cast<std::size_t>(parts)) {
    result.trials.push_back(plan.trials[i]);
  }
  return result;
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
