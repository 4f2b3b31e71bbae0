#include <algorithm>
#include <array>
#include <optional>
#include <system_error>
#include <utility>

#include <saltus/report.h>

#include "core/boundary.h"
#include "core/file.h"
#include "report/history_log.h"
#include "report/sweep_texts.h"

namespace saltus {
namespace {

namespace fs = std::filesystem;

/// Whatever can be made again from history.jsonl.
constexpr std::array kDerivedFiles = {"history.csv",  "results.json", "accuracy.svg",
                                      "accuracy.png", "loss.svg",     "loss.png"};

bool is_there(const fs::path& file) {
  std::error_code unreadable;
  return fs::exists(file, unreadable) || unreadable;  // the reader says why
}

}  // namespace

class SweepWriter::State {
 public:
  State(fs::path folder, const SweepConfig& config, const ImageDataset& data, const SweepPlan& plan,
        std::span<const TrialResult> done)
      : folder_(std::move(folder)),
        plan_(plan),
        resumed_(!done.empty()),
        sweep_json_(folder_ / "sweep.json", sweep_json_text(config, data, machine_info())),
        history_(folder_ / "history.jsonl", plan, done) {}

  bool begun() const { return begun_; }

  void begin() {
    if (begun_) return;
    history_.begin();
    sweep_json_.publish();
    begun_ = true;
    if (resumed_) return;
    for (const char* name : kDerivedFiles) remove_file(folder_ / name);
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
    write_history_csv(folder_ / "history.csv", result);
    write_results_json(folder_ / "results.json", result);
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

SweepWriter::SweepWriter(fs::path folder, const SweepConfig& config, const ImageDataset& data,
                         const SweepPlan& plan, std::span<const TrialResult> done) try
    : state_(std::make_unique<State>(std::move(folder), config, data, plan, done)) {
} catch (...) {
  throw_as_promised();
}

SweepWriter::~SweepWriter() = default;

void SweepWriter::on_progress(const TrialSpec& /*trial*/, const TrialProgress& /*progress*/) {
  state_->begin();
}

void SweepWriter::on_epoch_end(const TrialSpec& trial, int epoch, const Logs& logs) {
  state_->add_epoch(trial, epoch, logs);
}

void SweepWriter::on_trial_end(const TrialSpec& trial, const TrialResult& result,
                               std::span<const TrialResult> all) {
  state_->add_trial(trial, result, all);
}

void SweepWriter::write(const SweepResult& result) try { state_->write(result); } catch (...) {
  throw_as_promised();
}

bool SweepWriter::begun() const {
  return state_->begun();
}

std::vector<TrialResult> read_trials(const fs::path& folder) try {
  if (is_there(folder / "history.jsonl")) return read_history_jsonl(folder / "history.jsonl");
  if (is_there(folder / "results.json")) return read_results_json(folder / "results.json");
  return {};
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
