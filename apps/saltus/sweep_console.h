// The output of saltus sweep on the terminal.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <saltus/callbacks.h>
#include <saltus/sweep.h>

namespace saltus::app {

/// Prints what is going to run, and on which data.
void print_plan(const SweepPlan& plan, std::size_t already_done, const std::filesystem::path& out);

/// Prints the settings by rank, with intervals and tests of their differences to the best.
void print_ranking(const SweepResult& result);

/// Prints which setting is best and how sure that is, of a sweep that ran until it was decided.
void print_verdict(const SweepResult& result);

/// Shows where the sweep is: on a terminal by a line for the running trial that is redrawn in
/// place, elsewhere by a line for each epoch; every trial gets a line at its end. If trials run
/// side by side, the first has the line and the others get theirs when they end. The time left is
/// that of the whole sweep.
class SweepConsole {
 public:
  /// `done` are trials of an earlier run. The plan must outlive it.
  SweepConsole(const SweepPlan& plan, std::span<const TrialResult> done);
  SweepConsole(const SweepConsole&) = delete;
  SweepConsole& operator=(const SweepConsole&) = delete;
  ~SweepConsole();

  /// For SweepOptions::callbacks: shows a trial while it trains. This must outlive it.
  CallbackPtr callback(const TrialSpec& trial);

  /// For SweepOptions::on_trial_end.
  void end(const TrialSpec& trial, const TrialResult& result);

  /// For SweepOptions::on_round_end: a line that says who leads and who may still be better.
  void end_round(const Verdict& standings);

 private:
  using Clock = std::chrono::steady_clock;
  class Line;

  /// "eta 1:02:07" for all trials; empty before there is anything to judge by.
  std::string time_left() const;

  const SweepPlan& plan_;
  Score score_;
  std::vector<std::string> names_;   ///< of the settings
  std::vector<std::string> labels_;  ///< the same, of one width
  std::size_t number_;               ///< trials begun, those of an earlier run included
  bool several_seeds_;
  bool in_place_;
  bool ascii_;
  std::map<std::string, std::shared_ptr<Line>> lines_;  ///< of trials that run, by their ids
  Clock::time_point start_;
  double epochs_to_run_ = 0;  ///< of all trials of this run
  double epochs_ended_ = 0;   ///< of trials that have ended
};

}  // namespace saltus::app
