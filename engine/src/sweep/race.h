// The order in which a sweep runs trials until it is decided.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <saltus/sweep.h>

namespace saltus {

/// judge(), without what is only told: p_first and tau.
Verdict standings(std::span<const std::vector<double>> values, const std::vector<bool>& diverged,
                  std::size_t images, const UntilDecided& rules, const Score& score = {});

/// A trial by its setting and its repeat.
using TrialPlan = std::pair<std::size_t, std::size_t>;

/// The trials that follow these values[setting][repeat] of which this is known: one more seed of
/// the setting that leads and of each that is open, the strongest first; one that had rested
/// catches up. Empty where nothing is open.
std::vector<TrialPlan> next_round(std::span<const std::vector<double>> values,
                                  const Verdict& standings);

/// Whether a trial gave numbers in all its epochs. What a clock has part in is no result.
bool has_finite_figures(const TrialResult& trial);

/// How many seeds a setting may come to.
int most_seeds(const SweepConfig& config, std::size_t settings);

/// Trials in rounds: at first config.seeds of each setting, then next_round(), until it is empty or
/// would be more than max_trials. Each round follows from the results of those before it alone, so
/// that a sweep which is stopped and resumed, or whose trials run side by side, takes the same way.
class Race {
 public:
  /// Of a plan with config.until_decided, which must outlive this.
  explicit Race(const SweepPlan& plan);

  /// Goes on through all rounds whose trials have results, ok or diverged. The trials of the first
  /// round that has not, which are still to run; none where all is done.
  std::vector<TrialSpec> advance(std::span<const TrialResult> results);

  /// Trials of a setting that belong to the rounds so far.
  std::size_t planned(std::size_t setting) const { return planned_[setting]; }

  /// After the last round that was complete; none before the first was.
  const std::optional<Verdict>& standings_now() const { return standings_; }

  /// The same with all that there is to tell.
  std::optional<Verdict> verdict() const;

 private:
  const UntilDecided& rules() const { return *plan_.config.until_decided; }
  std::size_t most_trials() const;
  const TrialSpec& trial(std::size_t setting, std::size_t repeat) const;
  void include(std::size_t setting, const TrialResult& result);
  bool is_affordable(std::span<const TrialPlan> round) const;

  const SweepPlan& plan_;
  std::size_t images_;  ///< that rank
  Score score_;
  std::vector<std::vector<double>> values_;  ///< [setting][repeat]
  std::vector<bool> diverged_;
  std::vector<std::size_t> planned_;
  std::vector<TrialPlan> round_;
  std::optional<Verdict> standings_;
};

}  // namespace saltus
