#pragma once

#include <chrono>
#include <deque>
#include <vector>

#include "train/pace.h"
#include "train/participant.h"
#include "train/sample_checks.h"
#include "train/trainer.h"

namespace saltus::train {

/// One call of Trainer::fit().
class FitRun {
 public:
  /// `samples.validation` may be empty. What is given must outlive this.
  FitRun(Trainer& trainer, const SplitSamples& samples, const FitOptions& options,
         std::span<const std::vector<CallbackPtr>> callbacks);
  FitRun(const FitRun&) = delete;
  FitRun& operator=(const FitRun&) = delete;
  /// An epoch that was not finished is forgotten: the next run begins with a whole one.
  ~FitRun();

  std::vector<History> run();

 private:
  using Clock = std::chrono::steady_clock;

  /// Number of the first epoch, and whether that goes on inside. Throws InvalidArgument where
  /// trials were restored to different places, or to one inside an epoch that was another.
  int first_epoch();

  /// Counts the steps of the whole training, which goes on with this epoch, for schedules.
  void count_steps(int epoch);

  /// Trains on one epoch's batches, in an order of its own, and validates. False where it was
  /// interrupted.
  bool run_epoch(int epoch);
  bool run_batches(int epoch, int order);
  /// How many batches the executable gets next.
  std::int64_t batches_from(std::int64_t done) const;
  void validate();

  /// Takes what the batches that ran gave; ends trials that met a number that was not finite.
  void collect(int epoch, std::int64_t steps_done);
  /// Gives the epoch's figures to the callbacks; ends trials that have one that is not finite.
  void end_epoch(int epoch, int order);
  /// What the epoch came to.
  Logs epoch_logs(Participant& participant);

  Logs training_logs(const Participant& participant) const;

  /// The epochs of this fit() only.
  History history_of(const Participant& participant) const;

  /// The names of its figures.
  std::vector<std::string> figures_of(const Participant& participant) const;

  /// The participant takes no further part.
  void end(Participant& participant);
  void end_diverged(Participant& participant, Divergence divergence);

  bool interrupted() const { return options_.interrupt != nullptr && *options_.interrupt; }
  bool any_active() const;

  /// Whether the executable gets an epoch and the validation behind it at once.
  bool by_epoch() const { return !by_batch_ && trainer_.executable_->prefers_whole_epochs(); }
  /// Calls a hook of those that take part.
  template <typename... Parameters, typename... Arguments>
  void notify_active(void (Callback::*hook)(Parameters...), const Arguments&... arguments) {
    for (Participant& participant : participants_) {
      if (participant.active) participant.notify(hook, arguments...);
    }
  }
  bool has_validation() const { return samples_.validation.count > 0; }
  const Optimizer& optimizer_of(const Participant& participant) const {
    return trainer_.optimizers_[static_cast<std::size_t>(participant.trial())];
  }

  Position& position_of(const Participant& participant) const {
    return trainer_.positions_[static_cast<std::size_t>(participant.trial())];
  }

  Trainer& trainer_;
  const SplitSamples& samples_;
  const FitOptions& options_;
  std::int64_t batch_size_;               ///< of training
  std::int64_t steps_;                    ///< batches of an epoch
  bool by_batch_ = false;                 ///< a callback wants each batch
  std::deque<Participant> participants_;  ///< callbacks keep referring to them
  Pace pace_;
  bool inside_ = false;      ///< the epoch goes on where all trials were restored to
  Clock::time_point start_;  ///< of the epoch, earlier by what was done of it before
  bool validated_ = false;   ///< the executable was asked for the epoch's validation
};

}  // namespace saltus::train
