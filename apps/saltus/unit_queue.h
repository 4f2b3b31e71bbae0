// The units of a sweep: what one program trains at a time, and which of them are still to train.
#pragma once

#include <cstddef>
#include <deque>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <saltus/sweep.h>
#include <saltus/trial_store.h>

namespace saltus::app {

/// Trials of a unit: so many as are asked to train side by side, or one on CPUs and sixteen on
/// GPUs, but no more than give each of `programs` (0: nobody knows how many) one.
std::size_t unit_size(const SweepPlan& plan, int side_by_side, std::size_t programs);

/// The units of a sweep that lack results, in the order of the plan. A sweep that runs until it is
/// decided has them in rounds, each of which follows from the results of those before.
class UnitQueue {
 public:
  /// Of a sweep whose results are in a store. Both must outlive it.
  UnitQueue(const SweepPlan& plan, const TrialStore& store, std::filesystem::path folder,
            std::size_t size);

  /// Looks for units once all that it gave are trained. Whether there are any.
  bool begin_round();

  /// The next one, as ids of trials with commas between them; none while others train the last.
  std::optional<std::string> take();

  /// A unit that was taken, and is to be taken again.
  void give_back(std::string unit);

  /// A unit that was taken is trained.
  void finish(const std::string& unit);

  /// Whether all units of the round are trained.
  bool is_round_done() const { return waiting_.empty() && taken_ == 0; }

  /// Trials that have results.
  std::size_t trials_done() const { return done_; }

 private:
  std::vector<TrialSpec> missing() const;

  const SweepPlan& plan_;
  const TrialStore& store_;
  std::filesystem::path folder_;
  std::size_t size_;
  std::deque<std::string> waiting_;
  std::size_t taken_ = 0;
  std::size_t done_;
  bool begun_ = false;
};

}  // namespace saltus::app
