#pragma once

#include <algorithm>
#include <atomic>
#include <deque>
#include <span>
#include <vector>

#include "core/boundary.h"
#include "train/trainer.h"

namespace saltus::train {

/// A trial while fit() runs: what its callbacks may do, and what it has gathered.
class Participant : public TrainingControl {
 public:
  Participant(Trainer& trainer, int trial, std::vector<CallbackPtr> callbacks)
      : trainer_(trainer), trial_(trial), callbacks_(std::move(callbacks)) {}

  void stop_training() override { wants_to_stop_ = true; }
  const History& history() const override { return trainer_.history(trial_); }
  double learning_rate() const override { return trainer_.learning_rate(trial_); }
  void set_learning_rate(double learning_rate) override;
  std::vector<std::vector<float>> get_weights() override;
  void set_weights(const std::vector<std::vector<float>>& weights) override;
  std::vector<float> gradients(std::string_view name) override;
  void save(const std::filesystem::path& file) override;
  void save_weights(const std::filesystem::path& file) override;
  void restore(const std::filesystem::path& file) override;
  bool interrupted() const override { return interrupt_ != nullptr && *interrupt_; }

  /// Calls a hook of all callbacks: notify(&Callback::on_epoch_begin, epoch).
  template <typename... Parameters, typename... Arguments>
  void notify(void (Callback::*hook)(Parameters...), const Arguments&... arguments) {
    call_callers([&] {
      for (const CallbackPtr& callback : callbacks_) ((*callback).*hook)(arguments..., *this);
    });
  }

  /// Whether a callback wants each batch.
  bool wants_batches() const {
    return std::any_of(callbacks_.begin(), callbacks_.end(),
                       [](const CallbackPtr& callback) { return callback->wants_batches(); });
  }

  int trial() const { return trial_; }
  bool wants_to_stop() const { return wants_to_stop_; }

  /// While it trains: what interrupts it.
  void set_interrupt(const std::atomic<bool>* interrupt) { interrupt_ = interrupt; }

  bool active = true;
  bool begun = false;             ///< on_train_begin() is over
  bool restored = false;          ///< a callback had the training continued that a file tells of
  std::size_t epochs_before = 0;  ///< in its history when this fit() began to train

 private:
  Trainer& trainer_;
  int trial_;
  std::vector<CallbackPtr> callbacks_;
  bool wants_to_stop_ = false;
  const std::atomic<bool>* interrupt_ = nullptr;
};

/// All trials with their callbacks, of which there are those of each or none. Throws
/// InvalidArgument where there are others.
std::deque<Participant> participants_of(Trainer& trainer,
                                        std::span<const std::vector<CallbackPtr>> callbacks);

}  // namespace saltus::train
