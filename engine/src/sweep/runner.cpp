#include "sweep/runner.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "backend/select.h"
#include "core/boundary.h"

namespace saltus {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// The seconds that a trial took before it was stopped.
double seconds_before(const TrialPlace* begins_at) {
  if (begins_at == nullptr) return 0;
  const auto seconds = begins_at->history.history.find("seconds");
  if (seconds == begins_at->history.history.end()) return begins_at->position.seconds;
  return std::accumulate(seconds->second.begin(), seconds->second.end(),
                         begins_at->position.seconds);
}

/// The keeper of its files first, which restores it: the others find what came before.
std::vector<CallbackPtr> callbacks_of(const TrialSpec& trial, int epochs,
                                      const SweepOptions& options, TrialFiles& files) {
  std::vector<CallbackPtr> callbacks;
  if (CallbackPtr keeper = files.keeper(trial, epochs)) callbacks.push_back(std::move(keeper));
  if (options.callbacks) {
    for (CallbackPtr& callback : call_callers([&] { return options.callbacks(trial); })) {
      callbacks.push_back(std::move(callback));
    }
  }
  return callbacks;
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
  return {backend::select(plan_.config.device), std::move(entries), compile_options(plan_.config),
          largest_batch(samples_, plan_.setting_of(trials.front()).batch_size),
          plan_.network_of(trials.front())};
}

int TrialRunner::side_by_side(const train::Network& network, bool averages) const {
  const std::int64_t largest =
      std::ranges::max_element(plan_.settings, {}, &Setting::batch_size)->batch_size;
  return backend::select(plan_.config.device)
      .side_by_side(
          network.plan, plan_.config.optimizers, averages,
          {.batch_size = largest_batch(samples_, largest), .libraries = plan_.config.libraries},
          samples_.train, samples_.test);
}

std::vector<TrialResult> TrialRunner::run(std::span<const TrialSpec> trials,
                                          const SweepOptions& options, TrialFiles& files) const {
  const Clock::time_point start = Clock::now();
  const Setting& common = plan_.setting_of(trials.front());
  std::vector<std::vector<CallbackPtr>> callbacks;
  for (const TrialSpec& trial : trials) {
    callbacks.push_back(callbacks_of(trial, common.epochs, options, files));
  }
  train::Trainer trainer = this->trainer(trials);
  trainer.fit(samples_.train,
              {.epochs = common.epochs,
               .batch_size = common.batch_size,
               .validation_data = samples_.test,
               .interrupt = options.interrupt},
              callbacks);
  std::vector<TrialResult> results;
  for (std::size_t i = 0; i < trials.size(); ++i) {
    const int number = static_cast<int>(i);
    const History& history = trainer.history(number);
    const std::optional<Divergence>& divergence = trainer.divergence(number);
    const bool finished = std::cmp_equal(history.epoch.size(), common.epochs);
    results.push_back({.id = trials[i].id,
                       .seed = trials[i].seed,
                       .status = divergence ? TrialStatus::diverged
                                 : finished ? TrialStatus::ok
                                            : TrialStatus::stopped,
                       .divergence = divergence,
                       .history = history,
                       .seconds = seconds_before(files.found(trials[i].id)) + seconds_since(start),
                       .device = std::string(backend::select(plan_.config.device).name())});
  }
  return results;
}

SweepResult run_sweep(const SweepPlan& plan, const SweepOptions& options) try {
  validate(options);
  const TrialRunner runner(plan);
  std::vector<TrialResult> results;
  std::set<std::string> done;
  for (const TrialResult& result : options.done) {
    if (result.status == TrialStatus::stopped) continue;
    results.push_back(result);
    done.insert(result.id);
  }
  std::vector<TrialSpec> to_run = plan.trials;
  std::erase_if(to_run, [&](const TrialSpec& trial) { return done.contains(trial.id); });
  std::map<GroupKey, int> best;  // what the device is best at
  const auto side_by_side = [&](const TrialSpec& trial) {
    if (options.side_by_side > 0) return options.side_by_side;
    const GroupKey key = group_key_of(plan, trial);
    const auto [known, is_new] = best.try_emplace(key);
    if (is_new) known->second = runner.side_by_side(*key.first, key.second);
    return known->second;
  };
  TrialFiles files(options, to_run);
  for (const std::vector<TrialSpec>& trials : group(plan, to_run, side_by_side, files)) {
    if (options.interrupt != nullptr && options.interrupt->load()) break;
    std::vector<TrialResult> ended = runner.run(trials, options, files);
    for (std::size_t i = 0; i < trials.size(); ++i) {
      results.push_back(std::move(ended[i]));
      if (options.on_trial_end) {
        call_callers([&] { options.on_trial_end(trials[i], results.back(), results); });
      }
      if (results.back().status != TrialStatus::stopped) files.finish(trials[i].id);
    }
  }
  return summarize_sweep(plan, results);
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
