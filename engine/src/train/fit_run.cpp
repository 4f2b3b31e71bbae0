#include "train/fit_run.h"

#include <algorithm>

#include <fmt/format.h>

#include <saltus/error.h>

#include "core/clock.h"

namespace saltus::train {
namespace {

using Seconds = std::chrono::duration<double>;

}  // namespace

FitRun::FitRun(Trainer& trainer, const SplitSamples& samples, const FitOptions& options,
               std::span<const std::vector<CallbackPtr>> callbacks)
    : trainer_(trainer),
      samples_(samples),
      options_(options),
      batch_size_(batch_of(samples.train, options.batch_size)),
      steps_((samples.train.count + batch_size_ - 1) / batch_size_),
      participants_(participants_of(trainer, callbacks)) {
  for (Participant& participant : participants_) {
    participant.set_interrupt(options.interrupt);
    by_batch_ = by_batch_ || participant.wants_batches();
  }
}

FitRun::~FitRun() {
  for (Position& position : trainer_.positions_) {
    position = {.epoch = position.epoch, .order = position.order};
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
    participant.begun = true;
    participant.epochs_before = participant.history().epoch.size();
  }
  const int first = first_epoch();
  count_steps(first);
  // The weights that a stopped epoch began with are not known.
  for (int trial = 0; !inside_ && trial < trainer_.trials(); ++trial)
    if (trainer_.diagnoses_) trainer_.diagnoses_->begin(*trainer_.executable_, trial);
  for (int epoch = first; epoch < options_.epochs && any_active(); ++epoch) {
    if (!run_epoch(epoch)) break;
    inside_ = false;
  }
  std::vector<History> histories;
  for (Participant& participant : participants_) {
    if (participant.active) end(participant);
    histories.push_back(history_of(participant));
  }
  return histories;
}

int FitRun::first_epoch() {
  const Position& first = trainer_.positions_.front();
  bool restored = false;
  bool together = true;
  for (const Participant& participant : participants_) {
    const Position& position = position_of(participant);
    inside_ = inside_ || position.batch > 0;
    restored = restored || participant.restored;
    together = together && position.epoch == first.epoch && position.order == first.order &&
               position.batch == first.batch;
  }
  if ((inside_ || restored) && !together) {
    throw InvalidArgument(
        "models that train side by side were restored to different places; restore all of them to "
        "states of one moment");
  }
  if (inside_ && (first.batch_size != batch_size_ || first.samples != samples_.train.count ||
                  first.shuffle != options_.shuffle || first.batch > steps_)) {
    throw InvalidArgument(fmt::format(
        "the state is from behind batch {} of an epoch of {} samples in batches of {}{}; go on "
        "with "
        "such an epoch, or take its weights alone",
        first.batch, first.samples, first.batch_size, first.shuffle ? "" : ", not shuffled"));
  }
  return restored ? first.epoch : options_.initial_epoch;
}

void FitRun::count_steps(int epoch) {
  const std::int64_t rest = std::max(options_.epochs - epoch, 0) * steps_ -
                            (inside_ ? trainer_.positions_.front().batch : 0);
  for (const Participant& participant : participants_) {
    const int trial = participant.trial();
    const auto all = static_cast<double>(trainer_.executable_->steps(trial) + rest);
    trainer_.all_steps_[static_cast<std::size_t>(trial)] = std::max(all, 1.0);
  }
}

bool FitRun::run_epoch(int epoch) {
  const Position before = trainer_.positions_.front();
  // An order is used once, also where each call of fit() counts its epochs from 0.
  const int order = inside_ ? before.order : std::max(epoch, trainer_.epochs_done());
  for (Participant& participant : participants_) {
    if (!participant.active) continue;
    Position& position = position_of(participant);
    if (!inside_) {
      position = {.order = order,
                  .batch_size = batch_size_,
                  .samples = samples_.train.count,
                  .shuffle = options_.shuffle};
    }
    position.epoch = epoch;
  }
  notify_active(&Callback::on_epoch_begin, epoch);
  validated_ = false;
  start_ = Clock::now();
  if (inside_) start_ -= std::chrono::duration_cast<Clock::duration>(Seconds(before.seconds));
  trainer_.executable_->training_seconds();  // of an epoch that was not finished
  if (!run_batches(epoch, order)) return false;
  if (!any_active()) return true;
  if (!validated_) validate();
  end_epoch(epoch, order);
  return true;
}

bool FitRun::run_batches(int epoch, int order) {
  std::int64_t done = inside_ ? trainer_.positions_.front().batch : 0;
  while (done < steps_ && any_active()) {
    if (interrupted()) return false;
    const std::int64_t count = batches_from(done);
    if (by_batch_) notify_active(&Callback::on_train_batch_begin, done);
    const Clock::time_point start = Clock::now();
    for (const Participant& participant : participants_) {
      if (participant.active) trainer_.schedule_rates(participant.trial(), count);
    }
    trainer_.executable_->train(static_cast<std::uint32_t>(order), done, count, batch_size_,
                                options_.shuffle);
    done += count;
    if (by_epoch() && done == steps_) validate();
    collect(epoch, done);
    pace_.measure(count, seconds_since(start));
  }
  return !interrupted();
}

std::int64_t FitRun::batches_from(std::int64_t done) const {
  const std::int64_t rest = steps_ - done;
  const std::int64_t best = by_batch_ ? 1 : by_epoch() ? rest : std::min(pace_.next(), rest);
  const std::int64_t pause = trainer_.pause_;
  return pause > 0 ? std::min(best, pause - done % pause) : best;
}

void FitRun::validate() {
  validated_ = true;
  if (!has_validation()) return;
  notify_active(&Callback::on_test_begin);
  trainer_.executable_->evaluate(backend::Split::validation,
                                 batch_of(samples_.validation, options_.batch_size));
}

void FitRun::collect(int epoch, std::int64_t steps_done) {
  // All trials first: a callback may take the state of each.
  for (Participant& participant : participants_) {
    if (!participant.active) continue;
    trainer_.take_training_sums(participant.trial());
    position_of(participant).batch = steps_done;
    position_of(participant).seconds = seconds_since(start_);
  }
  for (Participant& participant : participants_) {
    if (!participant.active) continue;
    if (const auto* found = trainer_.executable_->non_finite(participant.trial())) {
      end_diverged(participant, {.epoch = epoch, .step = found->step, .tensor = found->tensor});
      continue;
    }
    const Logs logs = training_logs(participant);
    if (by_batch_) participant.notify(&Callback::on_train_batch_end, steps_done - 1, logs);
    participant.notify(&Callback::on_batches_end, steps_done, logs);
  }
}

void FitRun::end_epoch(int epoch, int order) {
  trainer_.take_training_seconds();
  std::vector<Logs> logs;
  for (Participant& participant : participants_) {
    logs.push_back(participant.active ? epoch_logs(participant) : Logs());
  }
  // All trials first, as above.
  for (Participant& participant : participants_) {
    if (!participant.active) continue;
    const auto trial = static_cast<std::size_t>(participant.trial());
    position_of(participant) = {.epoch = epoch + 1, .order = order + 1};
    append(trainer_.histories_[trial], epoch, logs[trial]);
  }
  for (Participant& participant : participants_) {
    if (!participant.active) continue;
    const int trial = participant.trial();
    const Logs& of_epoch = logs[static_cast<std::size_t>(trial)];
    participant.notify(&Callback::on_epoch_end, epoch, of_epoch);
    if (const auto figure = first_non_finite(figures_of(participant), of_epoch);
        figure && trainer_.options_.terminate_on_nan) {
      end_diverged(participant,
                   {.epoch = epoch, .step = trainer_.executable_->steps(trial), .tensor = *figure});
    } else if (participant.wants_to_stop()) {
      end(participant);
    }
  }
}

Logs FitRun::epoch_logs(Participant& participant) {
  Logs logs = training_logs(participant);
  if (has_validation()) {
    backend::BatchSums sums;
    add(trainer_.executable_->take_sums(participant.trial(), backend::Split::validation), sums);
    Logs validation;
    trainer_.figures_.log(sums, "", validation);
    participant.notify(&Callback::on_test_end, validation);
    for (const auto& [name, value] : validation) logs["val_" + name] = value;
  }
  trainer_.log_learned(participant.trial(), logs);
  trainer_.log_diagnoses(participant.trial(), samples_.train, logs);
  logs["learning_rate"] = participant.learning_rate();
  logs["seconds"] = seconds_since(start_);
  logs["images_per_second"] =
      static_cast<double>(samples_.train.count) / position_of(participant).training_seconds;
  return logs;
}

History FitRun::history_of(const Participant& participant) const {
  const History& all = participant.history();
  const auto epochs =
      std::ssize(all.epoch) - static_cast<std::ptrdiff_t>(participant.epochs_before);
  History history;
  if (epochs == 0) return history;
  history.epoch.assign(all.epoch.end() - epochs, all.epoch.end());
  std::vector<std::string> names = figures_of(participant);
  names.insert(names.end(), {"learning_rate", "seconds", "images_per_second"});
  for (const Weight& weight : trainer_.weights())
    if (weight.bounds) names.push_back(weight.name);
  for (const std::string& name : names) {
    const std::vector<double>& values = all.at(name);
    history.history[name].assign(values.end() - epochs, values.end());
  }
  return history;
}

Logs FitRun::training_logs(const Participant& participant) const {
  Logs logs;
  trainer_.figures_.log(position_of(participant).sums, "", logs);
  if (clips(optimizer_of(participant))) {
    logs["clipped"] = static_cast<double>(position_of(participant).sums.clipped);
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
