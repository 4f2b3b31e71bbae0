#include "sweep/runner.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <numeric>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include <saltus/error.h>
#include <saltus/trial_store.h>

#include "backend/select.h"
#include "core/boundary.h"
#include "core/clock.h"
#include "sweep/race.h"
#include "sweep/settings.h"
#include "sweep/trial_traces.h"

namespace saltus {
namespace {

using Clock = std::chrono::steady_clock;

/// The seconds that a trial took before it was stopped.
double seconds_before(const TrialPlace* begins_at) {
  if (begins_at == nullptr) return 0;
  const auto seconds = begins_at->history.history.find("seconds");
  if (seconds == begins_at->history.history.end()) return begins_at->position.seconds;
  return std::accumulate(seconds->second.begin(), seconds->second.end(),
                         begins_at->position.seconds);
}

/// The keeper of its files first, which restores it: the others find what came before. Early
/// stopping before whoever saves the model that the trial ends with.
std::vector<CallbackPtr> callbacks_of(const TrialSpec& trial, int epochs,
                                      const TrialStoppingPtr& stopping, const SweepOptions& options,
                                      TrialFiles& files) {
  std::vector<CallbackPtr> callbacks;
  const auto add = [&](CallbackPtr callback) {
    if (callback != nullptr) callbacks.push_back(std::move(callback));
  };
  add(files.keeper(trial, stopping));
  add(stopping);
  add(files.last_model(trial, epochs, stopping));
  if (options.callbacks) {
    for (CallbackPtr& callback : call_callers([&] { return options.callbacks(trial); })) {
      callbacks.push_back(std::move(callback));
    }
  }
  return callbacks;
}

std::span<const std::int32_t> labels_of(const Samples& samples) {
  return std::get<std::span<const std::int32_t>>(samples.targets);
}

/// Which of the samples that were evaluated last a trial puts into their classes.
std::vector<bool> correct_of(train::Trainer& trainer, int trial, const Samples& samples,
                             std::int64_t batch_size) {
  const std::vector<std::int32_t> classes = trainer.evaluated_classes(trial, samples, batch_size);
  const std::span<const std::int32_t> labels = labels_of(samples);
  std::vector<bool> correct;
  correct.reserve(labels.size());
  for (std::size_t i = 0; i < labels.size(); ++i) correct.push_back(classes[i] == labels[i]);
  return correct;
}

/// What a device makes one table of trials for: their network, and whether they have averages of
/// their weights, which those without would pay for beside them.
using GroupKey = std::pair<const train::Network*, bool>;

GroupKey group_key_of(const SweepPlan& plan, const TrialSpec& trial) {
  return {plan.network_of(trial).get(), plan.setting_of(trial).ema_momentum > 0};
}

/// Divides the trials into groups that can train side by side, of up to as many as `side_by_side`
/// says of the first.
std::vector<std::vector<TrialSpec>> group(const SweepPlan& plan, std::vector<TrialSpec> trials,
                                          const std::function<int(const TrialSpec&)>& side_by_side,
                                          const TrialFiles& files) {
  struct Open {
    std::size_t place = 0;
    std::size_t room = 0;  ///< for so many more
  };
  std::vector<std::vector<TrialSpec>> groups;
  // The group that is filled at present, by what its trials have in common, and their position.
  std::map<std::tuple<GroupKey, std::int64_t, int, int, std::int64_t>, Open> open;
  for (TrialSpec& trial : trials) {
    const Setting& setting = plan.setting_of(trial);
    const TrialPlace* begins_at = files.found(trial.id);
    const train::Position at = begins_at != nullptr ? begins_at->position : train::Position{};
    Open& own =
        open[{group_key_of(plan, trial), setting.batch_size, setting.epochs, at.epoch, at.batch}];
    if (own.room == 0) {
      own = {groups.size(), static_cast<std::size_t>(side_by_side(trial))};
      groups.emplace_back();
    }
    groups[own.place].push_back(std::move(trial));
    --own.room;
  }
  return groups;
}

}  // namespace

TrialRunner::TrialRunner(const SweepPlan& plan)
    : plan_(plan), samples_(samples_of(plan.config, *plan.data)) {}

train::Trainer TrialRunner::trainer(std::span<const TrialSpec> trials) const {
  std::vector<train::Entry> entries;
  for (const TrialSpec& trial : trials) {
    entries.push_back(entry_of(plan_.config, *plan_.data, plan_.setting_of(trial), trial.seed));
  }
  train::Trainer trainer(backend::select(plan_.config.device), std::move(entries),
                         compile_options(plan_.config, plan_.data->task),
                         largest_batch(samples_, plan_.setting_of(trials.front()).batch_size),
                         plan_.network_of(trials.front()));
  prepare_trainer(plan_, trainer);
  return trainer;
}

int TrialRunner::side_by_side(const train::Network& network, bool averages) const {
  const std::int64_t largest =
      std::ranges::max_element(plan_.settings, {}, &Setting::batch_size)->batch_size;
  return backend::select(plan_.config.device)
      .side_by_side(
          network.plan, plan_.config.optimizers, averages,
          {.batch_size = largest_batch(samples_, largest), .libraries = plan_.config.libraries},
          samples_.train, largest_evaluated());
}

const Samples& TrialRunner::largest_evaluated() const {
  const bool test = samples_.test && samples_.test->count > samples_.validation.count;
  return test ? *samples_.test : samples_.validation;
}

std::shared_ptr<diagnostics::Diagnosis> TrialRunner::diagnosis_of(
    const std::shared_ptr<const train::Network>& network) const {
  if (diagnosed_ != network) {
    diagnosis_.reset();  // before there is another
    diagnosis_ = std::make_shared<diagnostics::Diagnosis>(
        network->graph, network->plan, plan_.config.loss,
        train::diagnosed_samples(samples_.train.count), plan_.config.threads);
    diagnosed_ = network;
  }
  return diagnosis_;
}

std::vector<TrialResult> TrialRunner::run(std::span<const TrialSpec> trials,
                                          const SweepOptions& options, TrialFiles& files) const {
  const Clock::time_point start = Clock::now();
  const Setting& common = plan_.setting_of(trials.front());
  std::vector<TrialStoppingPtr> stopping;
  std::vector<std::vector<CallbackPtr>> callbacks;
  for (const TrialSpec& trial : trials) {
    stopping.push_back(files.stopping(trial));
    callbacks.push_back(callbacks_of(trial, common.epochs, stopping.back(), options, files));
  }
  train::Trainer trainer = this->trainer(trials);
  trainer.pause_every(options.trace_every);
  for (std::size_t i = 0; i < trials.size() && options.trace_every > 0; ++i) {
    const auto trace =
        trial_trace(options.folder, trials[i].id, options.trace_every, options.resume);
    trace->watch(trainer, static_cast<int>(i));
    callbacks[i].push_back(trace);
  }
  if (plan_.config.diagnostics)
    trainer.diagnose_epochs(diagnosis_of(plan_.network_of(trials.front())));
  trainer.fit(samples_.train,
              {.epochs = common.epochs,
               .batch_size = common.batch_size,
               .validation_data = samples_.validation,
               .interrupt = options.interrupt},
              callbacks);
  const auto is_ok = [&](int number) {
    const TrialStoppingPtr& early = stopping[static_cast<std::size_t>(number)];
    return !trainer.divergence(number) &&
           (std::cmp_equal(trainer.history(number).epoch.size(), common.epochs) ||
            (early != nullptr && early->has_stopped()));
  };
  const bool has_classes = plan_.data->classes > 0;
  std::vector<bool> ok;
  std::vector<Confusion> confusions(trials.size());
  for (int number = 0; number < trainer.trials(); ++number) {
    ok.push_back(is_ok(number));
    if (!ok.back() || !has_classes) continue;
    confusions[static_cast<std::size_t>(number)] =
        confusion_of(labels_of(samples_.validation),
                     trainer.evaluated_classes(number, samples_.validation, common.batch_size),
                     static_cast<std::size_t>(plan_.data->classes));
  }
  std::vector<Logs> test(trials.size());
  if (samples_.test && std::ranges::count(ok, true) > 0) {
    test = trainer.evaluate(*samples_.test, common.batch_size);
  }
  std::vector<TrialResult> results;
  for (std::size_t i = 0; i < trials.size(); ++i) {
    const int number = static_cast<int>(i);
    const std::optional<Divergence>& divergence = trainer.divergence(number);
    results.push_back(
        {.id = trials[i].id,
         .seed = trials[i].seed,
         .status = ok[i]        ? TrialStatus::ok
                   : divergence ? TrialStatus::diverged
                                : TrialStatus::stopped,
         .divergence = divergence,
         .history = trainer.history(number),
         .test = ok[i] ? test[i] : Logs{},
         .correct = ok[i] && samples_.test && has_classes
                        ? correct_of(trainer, number, *samples_.test, common.batch_size)
                        : std::vector<bool>{},
         .confusion = std::move(confusions[i]),
         .restored_epoch =
             ok[i] && stopping[i] != nullptr ? stopping[i]->restored_epoch() : std::nullopt,
         .seconds = seconds_before(files.found(trials[i].id)) + seconds_since(start),
         .device = std::string(backend::select(plan_.config.device).name())});
  }
  return results;
}

namespace {

/// A sweep while it runs.
class Run {
 public:
  Run(const SweepPlan& plan, const SweepOptions& options, std::vector<TrialSpec> trials,
      FolderUse use)
      : plan_(plan),
        options_(options),
        runner_(plan),
        to_run_(std::move(trials)),
        files_(options, plan, take_over(), use) {}

  /// Trains these trials, unless it is interrupted. Whether all of them came to their end.
  bool train(std::vector<TrialSpec> trials) {
    const auto side_by_side = [&](const TrialSpec& trial) { return this->side_by_side(trial); };
    bool all = true;
    for (const auto& together : group(plan_, std::move(trials), side_by_side, files_))
      all = train_together(together) && all;
    return all;
  }

  /// Trains until it is known which setting is best.
  void decide() {
    Race race(plan_);
    std::vector<TrialSpec> missing = race.advance(results_);
    while (!missing.empty()) {
      if (!train(std::move(missing))) return;
      missing = race.advance(results_);
      if (options_.on_round_end)
        call_callers([&] { options_.on_round_end(*race.standings_now()); });
    }
  }

  const std::vector<TrialSpec>& to_run() const { return to_run_; }
  const std::vector<TrialResult>& results() const { return results_; }

 private:
  /// The results of an earlier run. The trials that have none.
  const std::vector<TrialSpec>& take_over() {
    std::set<std::string> done;
    for (const TrialResult& result : options_.done) {
      if (result.status == TrialStatus::stopped) continue;
      results_.push_back(result);
      done.insert(result.id);
    }
    std::erase_if(to_run_, [&](const TrialSpec& trial) { return done.contains(trial.id); });
    return to_run_;
  }

  /// Of one group, side by side, or in halves where the device has no room for that.
  bool train_together(std::span<const TrialSpec> together) {
    if (options_.interrupt != nullptr && options_.interrupt->load()) return false;
    if (together.size() > room_) return train_halves(together);
    std::vector<TrialResult> ended;
    try {
      ended = runner_.run(together, options_, files_);
    } catch (const OutOfMemory&) {
      if (together.size() == 1) throw;
      room_ = (together.size() + 1) / 2;
      return train_halves(together);
    }
    bool all = true;
    for (std::size_t i = 0; i < together.size(); ++i) {
      results_.push_back(std::move(ended[i]));
      if (options_.on_trial_end) {
        call_callers([&] { options_.on_trial_end(together[i], results_.back(), results_); });
      }
      if (results_.back().status == TrialStatus::stopped) {
        all = false;
      } else {
        files_.finish(together[i].id);
      }
    }
    return all;
  }

  bool train_halves(std::span<const TrialSpec> together) {
    const std::size_t half = (together.size() + 1) / 2;
    const bool first = train_together(together.first(half));
    return train_together(together.subspan(half)) && first;
  }

  int side_by_side(const TrialSpec& trial) {
    if (options_.side_by_side > 0) return options_.side_by_side;
    const GroupKey key = group_key_of(plan_, trial);
    const auto [known, is_new] = best_.try_emplace(key);
    if (is_new) known->second = runner_.side_by_side(*key.first, key.second);
    return known->second;
  }

  const SweepPlan& plan_;
  const SweepOptions& options_;
  TrialRunner runner_;
  std::vector<TrialResult> results_;
  std::vector<TrialSpec> to_run_;
  TrialFiles files_;
  std::map<GroupKey, int> best_;  ///< so many trials the device is best at side by side
  /// No more have room side by side, as far as is known.
  std::size_t room_ = std::numeric_limits<std::size_t>::max();
};

}  // namespace

SweepResult run_sweep(const SweepPlan& plan, const SweepOptions& options) try {
  validate(options);
  Run run(plan, options, plan.trials, FolderUse::alone);
  if (plan.config.until_decided) {
    run.decide();
  } else {
    run.train(run.to_run());
  }
  return summarize_sweep(plan, run.results());
} catch (...) {
  throw_as_promised();
}

std::vector<TrialSpec> next_trials(const SweepPlan& plan,
                                   std::span<const TrialResult> results) try {
  if (plan.config.until_decided) return Race(plan).advance(results);
  std::set<std::string_view> done;
  for (const TrialResult& result : results)
    if (result.status != TrialStatus::stopped) done.insert(result.id);
  std::vector<TrialSpec> missing = plan.trials;
  std::erase_if(missing, [&](const TrialSpec& trial) { return done.contains(trial.id); });
  return missing;
} catch (...) {
  throw_as_promised();
}

bool train_trials(const SweepPlan& plan, std::vector<TrialSpec> trials,
                  const SweepOptions& options) try {
  validate(options);
  Run run(plan, options, std::move(trials), FolderUse::shared);
  return run.train(run.to_run());
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
