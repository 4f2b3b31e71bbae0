// What saltus sweep says on the terminal.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <saltus/progress.h>
#include <saltus/sweep.h>

namespace saltus::app {

/// What is going to run, on what.
void print_plan(const SweepConfig& config, const ImageDataset& data, const SweepPlan& plan,
                std::size_t already_done, const std::filesystem::path& out);

/// The settings by rank, with intervals and what their differences to the best are worth.
void print_ranking(const SweepResult& result);

/// Where the sweep is: on a terminal a line for the trial that runs, redrawn in place, elsewhere a
/// line for each epoch; a line for each trial at its end. Of trials that run side by side the first
/// one's is drawn, the others get theirs when they end. The time that is left is the whole sweep's.
class SweepConsole : public SweepObserver {
 public:
  /// `done` are trials of an earlier run. The plan must outlive it.
  SweepConsole(const SweepPlan& plan, std::span<const TrialResult> done);

  void on_trial_begin(const TrialSpec& trial) override;
  void on_trial_resumed(const TrialSpec& trial, const History& history) override;
  void on_progress(const TrialSpec& trial, const TrialProgress& progress) override;
  void on_epoch_end(const TrialSpec& trial, int epoch, const Logs& logs) override;
  void on_trial_end(const TrialSpec& trial, const TrialResult& result,
                    std::span<const TrialResult> all) override;

 private:
  using Clock = std::chrono::steady_clock;

  struct Running {
    Running(bool in_place, ProgressBarOptions options);

    ProgressBar bar;
    std::string label;
    double epochs = 0;                    ///< behind it
    std::optional<double> loss;           ///< over its epoch so far
    std::optional<double> last_accuracy;  ///< validation, after its last epoch
  };

  int epochs_of(const TrialSpec& trial) const;
  std::vector<std::string> figures(const Running& running) const;
  /// "eta 1:02:07" for all trials; empty before there is anything to judge by.
  std::string time_left() const;

  const SweepPlan& plan_;
  std::vector<std::string> labels_;  ///< of the settings, of one width
  std::size_t number_;               ///< trials begun, those of an earlier run included
  bool several_seeds_;
  bool in_place_;
  bool ascii_;
  std::map<std::string, Running> running_;  ///< by the trials' ids
  Clock::time_point start_;
  double epochs_to_run_ = 0;  ///< of all trials of this run
  double epochs_ended_ = 0;   ///< of trials that have ended
};

}  // namespace saltus::app
