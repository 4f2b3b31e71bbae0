#include "train/fit_run.h"

#include <algorithm>

#include <fmt/format.h>

#include <saltus/error.h>

namespace saltus::train {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

FitRun::FitRun(Trainer& trainer, const SplitSamples& samples, const FitOptions& options,
               std::span<const std::vector<CallbackPtr>> callbacks)
    : trainer_(trainer),
      samples_(samples),
      options_(options),
      batch_size_(batch_of(samples.train, options.batch_size)),
      steps_((samples.train.count + batch_size_ - 1) / batch_size_),
      participants_(participants_of(trainer, callbacks)) {
  for (const Participant& participant : participants_) {
    by_batch_ = by_batch_ || participant.wants_batches();
  }
}

std::vector<History> FitRun::run() {
  trainer_.activate_all();
  std::fill(trainer_.divergences_.begin(), trainer_.divergences_.end(), std::nullopt);
  trainer_.executable_->bind(backend::Split::train, samples_.train);
  if (has_validation()) {
    trainer_.executable_->bind(backend::Split::validation, samples_.validation);
  }
  for (Participant& participant : participants_) {
    participant.notify(&Callback::on_train_begin, FitInfo{.epochs = options_.epochs,
                                                          .steps_per_epoch = steps_,
                                                          .samples = samples_.train.count,
                                                          .figures = figures_of(participant)});
  }
  for (int epoch = options_.initial_epoch; epoch < options_.epochs && any_active(); ++epoch) {
    // An order is used once, also where each call of fit() counts its epochs from 0.
    const int order = std::max(epoch, trainer_.epochs_done_);
    if (!run_epoch(epoch, order)) break;
    trainer_.epochs_done_ = order + 1;
  }
  std::vector<History> histories;
  for (Participant& participant : participants_) {
    if (participant.active) end(participant);
    histories.push_back(std::move(participant.history));
  }
  return histories;
}

bool FitRun::run_epoch(int epoch, int order) {
  for (Participant& participant : participants_) participant.sums = {};
  notify_active(&Callback::on_epoch_begin, epoch);
  const Clock::time_point start = Clock::now();
  trainer_.executable_->training_seconds();  // of an epoch that was not finished
  if (!run_batches(epoch, order)) return false;
  if (!any_active()) return true;
  if (!by_epoch()) validate();
  end_epoch(epoch, start);
  return true;
}

bool FitRun::run_batches(int epoch, int order) {
  for (std::int64_t done = 0; done < steps_ && any_active();) {
    if (interrupted()) return false;
    const std::int64_t count = by_batch_    ? 1
                               : by_epoch() ? steps_
                                            : std::min(pace_.next(), steps_ - done);
    if (by_batch_) notify_active(&Callback::on_train_batch_begin, done);
    const Clock::time_point start = Clock::now();
    trainer_.executable_->train(static_cast<std::uint32_t>(order), done, count, batch_size_,
                                options_.shuffle);
    if (by_epoch()) validate();
    done += count;
    collect(epoch, done);
    pace_.measure(count, seconds_since(start));
  }
  return !interrupted();
}

void FitRun::validate() {
  if (!has_validation()) return;
  notify_active(&Callback::on_test_begin);
  trainer_.executable_->evaluate(backend::Split::validation,
                                 batch_of(samples_.validation, options_.batch_size));
}

void FitRun::collect(int epoch, std::int64_t steps_done) {
  for (Participant& participant : participants_) {
    if (!participant.active) continue;
    trainer_.take_training_sums(participant.trial(), participant.sums);
    if (const auto* found = trainer_.executable_->non_finite(participant.trial())) {
      end_diverged(participant, {.epoch = epoch, .step = found->step, .tensor = found->tensor});
      continue;
    }
    const Logs logs = training_logs(participant);
    if (by_batch_) participant.notify(&Callback::on_train_batch_end, steps_done - 1, logs);
    participant.notify(&Callback::on_batches_end, steps_done, logs);
  }
}

void FitRun::end_epoch(int epoch, Clock::time_point start) {
  const double training_seconds = trainer_.executable_->training_seconds();
  const double seconds = seconds_since(start);
  for (Participant& participant : participants_) {
    if (!participant.active) continue;
    Logs logs = training_logs(participant);
    if (has_validation()) {
      backend::BatchSums sums;
      add(trainer_.executable_->take_sums(participant.trial(), backend::Split::validation), sums);
      Logs validation;
      trainer_.figures_.log(sums, "", validation);
      participant.notify(&Callback::on_test_end, validation);
      for (const auto& [name, value] : validation) logs["val_" + name] = value;
    }
    logs["learning_rate"] = participant.learning_rate();
    logs["seconds"] = seconds;
    logs["images_per_second"] = static_cast<double>(samples_.train.count) / training_seconds;
    participant.history.epoch.push_back(epoch);
    for (const auto& [name, value] : logs) participant.history.history[name].push_back(value);
    participant.notify(&Callback::on_epoch_end, epoch, logs);
    const auto trial = static_cast<std::size_t>(participant.trial());
    if (const auto figure = first_non_finite(figures_of(participant), logs);
        figure && trainer_.terminate_on_nan_) {
      end_diverged(participant,
                   {.epoch = epoch, .step = trainer_.steps_[trial], .tensor = *figure});
    } else if (participant.wants_to_stop()) {
      end(participant);
    }
  }
}

Logs FitRun::training_logs(const Participant& participant) const {
  Logs logs;
  trainer_.figures_.log(participant.sums, "", logs);
  if (clips(optimizer_of(participant))) {
    logs["clipped"] = static_cast<double>(participant.sums.clipped);
  }
  return logs;
}

std::vector<std::string> FitRun::figures_of(const Participant& participant) const {
  return trainer_.figures_.names(optimizer_of(participant), has_validation());
}

void FitRun::end_diverged(Participant& participant, Divergence divergence) {
  trainer_.divergences_[static_cast<std::size_t>(participant.trial())] = std::move(divergence);
  end(participant);
}

void FitRun::end(Participant& participant) {
  participant.active = false;
  trainer_.executable_->set_active(participant.trial(), false);
  participant.notify(&Callback::on_train_end);
}

bool FitRun::any_active() const {
  return std::any_of(participants_.begin(), participants_.end(),
                     [](const Participant& participant) { return participant.active; });
}

}  // namespace saltus::train
