#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "core/boundary.h"
#include "core/file.h"
#include "report/history_log.h"
#include "report/outputs.h"
#include "report/sweep_texts.h"

namespace saltus {
namespace {

namespace fs = std::filesystem;

bool is_there(const fs::path& file) {
  std::error_code unreadable;
  return fs::exists(file, unreadable) || unreadable;  // the reader says why
}

/// Those that several programs wrote, but for other results of a trial that has one.
void add_shared_trials(const fs::path& folder, std::vector<TrialResult>& trials) {
  std::set<std::string> known;
  for (const TrialResult& trial : trials)
    if (trial.status != TrialStatus::stopped) known.insert(trial.id);
  std::vector<fs::path> files;
  std::error_code none;
  for (fs::directory_iterator file(folder / kTrialsFolder, none);
       !none && file != fs::directory_iterator(); file.increment(none)) {
    const fs::path& path = file->path();
    if (path.extension() == kTrialEnding && !path.stem().has_extension() &&
        !path.filename().string().starts_with('.'))
      files.push_back(path);
  }
  std::ranges::sort(files);
  for (const fs::path& file : files) {
    if (known.contains(file.stem().string())) continue;
    for (TrialResult& trial : read_history_jsonl(file)) trials.push_back(std::move(trial));
  }
}

}  // namespace

class SweepWriter::State {
 public:
  State(fs::path folder, const SweepPlan& plan, std::span<const TrialResult> done)
      : folder_(std::move(folder)),
        plan_(plan),
        resumed_(!done.empty()),
        sweep_json_(folder_ / kSweepFile, sweep_json_text(plan, machine_info())),
        history_(folder_ / kHistoryFile, plan, done) {}

  bool begun() const { return begun_; }

  void begin() {
    if (begun_) return;
    history_.begin();
    sweep_json_.publish();
    begun_ = true;
    if (resumed_) return;
    for (const std::string& name : derived_files()) remove_file(folder_ / name);
  }

  void add_epoch(const TrialSpec& trial, int epoch, const Logs& logs) {
    begin();
    history_.add_epoch(trial, epoch, logs);
  }

  void add_trial(const TrialSpec& trial, const TrialResult& result,
                 std::span<const TrialResult> all) {
    begin();
    history_.add_end(trial, result);
    if (all.size() < next_write_) return;
    write(summarize_sweep(plan_, all));
    next_write_ = all.size() + std::max<std::size_t>(1, all.size() / 2);
  }

  void write(const SweepResult& result) {
    begin();
    for (const SweepTable& table : kTables) table.write(folder_ / table.file, result);
  }

 private:
  fs::path folder_;
  const SweepPlan& plan_;
  bool resumed_;
  PendingFile sweep_json_;
  HistoryLog history_;
  bool begun_ = false;
  /// Trials at which tables are written again. They hold every trial, so that writing them after
  /// each would take quadratic time; with half as many more each time it takes three times the
  /// last.
  std::size_t next_write_ = 1;
};

class SweepWriter::EpochWriter : public Callback {
 public:
  EpochWriter(State& state, const TrialSpec& trial) : state_(state), trial_(trial) {}

  void on_train_begin(const FitInfo& /*info*/, TrainingControl& control) override {
    const History& history = control.history();
    for (std::size_t i = 0; i < history.epoch.size(); ++i) {
      state_.add_epoch(trial_, history.epoch[i], history.logs(i));
    }
  }
  void on_batches_end(std::int64_t /*steps_done*/, const Logs& /*logs*/,
                      TrainingControl& /*control*/) override {
    state_.begin();
  }
  void on_epoch_end(int epoch, const Logs& logs, TrainingControl& /*control*/) override {
    state_.add_epoch(trial_, epoch, logs);
  }

 private:
  State& state_;
  TrialSpec trial_;
};

SweepWriter::SweepWriter(fs::path folder, const SweepPlan& plan,
                         std::span<const TrialResult> done) try
    : state_(std::make_unique<State>(std::move(folder), plan, done)) {
} catch (...) {
  throw_as_promised();
}

SweepWriter::~SweepWriter() = default;

CallbackPtr SweepWriter::callback(const TrialSpec& trial) {
  return std::make_shared<EpochWriter>(*state_, trial);
}

void SweepWriter::add(const TrialSpec& trial, const TrialResult& result,
                      std::span<const TrialResult> all) try {
  state_->add_trial(trial, result, all);
} catch (...) {
  throw_as_promised();
}

void SweepWriter::write(const SweepResult& result) try { state_->write(result); } catch (...) {
  throw_as_promised();
}

bool SweepWriter::begun() const {
  return state_->begun();
}

std::vector<TrialResult> read_trials(const fs::path& folder) try {
  std::vector<TrialResult> trials;
  if (is_there(folder / kHistoryFile)) {
    trials = read_history_jsonl(folder / kHistoryFile);
  } else if (is_there(folder / kResultsFile)) {
    trials = read_results_json(folder / kResultsFile);
  }
  add_shared_trials(folder, trials);
  return trials;
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
