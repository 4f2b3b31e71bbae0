// What saltus sweep says on the terminal.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
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

/// A bar for each trial. Of trials that run side by side the first one's is drawn in place, the
/// others get their line when they end.
class SweepConsole : public SweepObserver {
 public:
  /// The plan must outlive it.
  explicit SweepConsole(const SweepPlan& plan, std::size_t already_done);

  void on_trial_begin(const TrialSpec& trial) override;
  void on_progress(const TrialSpec& trial, const TrialProgress& progress) override;
  void on_epoch_end(const TrialSpec& trial, int epoch, const Logs& logs) override;
  void on_trial_end(const TrialSpec& trial, const TrialResult& result,
                    std::span<const TrialResult> all) override;

 private:
  struct Running {
    Running(bool in_place, ProgressBarOptions options);

    ProgressBar bar;
    std::optional<double> last_accuracy;  ///< validation, after its last epoch
  };

  const SweepPlan& plan_;
  std::vector<std::string> labels_;  ///< of the settings, of one width
  std::size_t number_;               ///< trials begun, those of an earlier run included
  bool in_place_;
  std::map<std::string, Running> running_;  ///< by the trials' ids
};

}  // namespace saltus::app
