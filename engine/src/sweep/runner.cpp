#include "sweep/runner.h"

#include <algorithm>
#include <chrono>
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

Samples first_samples(const ImageSet& set, const std::optional<std::int64_t>& limit) {
  return set.samples(limit.value_or(set.count));
}

/// Keeps a trial's history and hands its progress on.
class Recorder : public Callback {
 public:
  /// `begins_at` is where the trial goes on, or null.
  Recorder(const TrialSpec& trial, const TrialPlace* begins_at, SweepObserver& observer,
           TrialResult& result)
      : trial_(trial), begins_at_(begins_at), observer_(observer), result_(result) {}

  void on_train_begin(const FitInfo& info, TrainingControl& /*control*/) override {
    steps_ = info.steps_per_epoch;
    if (begins_at_ == nullptr) return;
    result_.history = begins_at_->history;
    result_.seconds = begins_at_->position.seconds;
    const auto seconds = begins_at_->history.history.find("seconds");
    if (seconds != begins_at_->history.history.end()) {
      result_.seconds =
          std::accumulate(seconds->second.begin(), seconds->second.end(), result_.seconds);
    }
    observer_.on_trial_resumed(trial_, begins_at_->history);
  }
  void on_epoch_begin(int epoch, TrainingControl& /*control*/) override { epoch_ = epoch; }
  void on_batches_end(std::int64_t steps_done, const Logs& logs,
                      TrainingControl& /*control*/) override {
    observer_.on_progress(
        trial_, {.epoch = epoch_, .steps_done = steps_done, .steps = steps_, .logs = logs});
  }
  void on_epoch_end(int epoch, const Logs& logs, TrainingControl& /*control*/) override {
    result_.history.epoch.push_back(epoch);
    for (const auto& [name, value] : logs) result_.history.history[name].push_back(value);
    observer_.on_epoch_end(trial_, epoch, logs);
  }

 private:
  const TrialSpec& trial_;
  const TrialPlace* begins_at_;
  SweepObserver& observer_;
  TrialResult& result_;
  std::int64_t steps_ = 0;
  int epoch_ = 0;
};

/// Cuts trials that are to be run into groups that can train side by side.
std::vector<std::vector<TrialSpec>> group(const SweepPlan& plan, std::vector<TrialSpec> trials,
                                          int side_by_side, const TrialFiles& files) {
  std::vector<std::vector<TrialSpec>> groups;
  // By batch size, epochs, and where they stand: the group that has room.
  std::map<std::tuple<std::int64_t, int, int, std::int64_t>, std::size_t> open;
  for (TrialSpec& trial : trials) {
    const Setting& setting = plan.settings[trial.setting];
    const TrialPlace* begins_at = files.found(trial.id);
    const train::Position at = begins_at != nullptr ? begins_at->position : train::Position{};
    const auto [place, is_new] =
        open.try_emplace({setting.batch_size, setting.epochs, at.epoch, at.batch});
    if (is_new || std::cmp_equal(groups[place->second].size(), side_by_side)) {
      place->second = groups.size();
      groups.emplace_back();
    }
    groups[place->second].push_back(std::move(trial));
  }
  return groups;
}

}  // namespace

TrialRunner::TrialRunner(const SweepConfig& config, const ImageDataset& data)
    : config_(config),
      data_(data),
      image_({data.train.height, data.train.width, data.train.channels}),
      classes_(data.classes),
      train_(first_samples(data.train, config.train_limit)),
      test_(first_samples(data.test, config.test_limit)) {}

train::Trainer TrialRunner::trainer(const SweepPlan& plan,
                                    std::span<const TrialSpec> trials) const {
  std::vector<train::Entry> entries;
  for (const TrialSpec& trial : trials) {
    const Setting& setting = plan.settings[trial.setting];
    entries.push_back(
        {.graph = recipe_graph(config_.recipe, setting.activation, image_, classes_),
         .optimizer = Adam{.learning_rate = setting.learning_rate, .clipping = setting.clipping},
         .seed = trial.seed});
  }
  return {std::move(entries),
          {.loss = config_.loss,
           .metrics = {Metric::binary_accuracy, Metric::categorical_accuracy},
           .device = config_.device,
           .precision = config_.precision,
           .libraries = config_.libraries,
           .threads = config_.threads,
           .terminate_on_nan = true},
          rows_of(plan.settings[trials.front().setting])};
}

std::int64_t TrialRunner::rows_of(const Setting& setting) const {
  return std::min(setting.batch_size, std::max(train_.count, test_.count));
}

int TrialRunner::side_by_side(const SweepPlan& plan) const {
  const auto smaller = [](const Setting& a, const Setting& b) {
    return a.batch_size < b.batch_size;
  };
  const Setting& largest = *std::max_element(plan.settings.begin(), plan.settings.end(), smaller);
  const Graph graph = recipe_graph(config_.recipe, largest.activation, image_, classes_);
  return backend::select(config_.device)
      .side_by_side(plan::make_plan(graph, config_.loss, config_.precision),
                    {.batch_size = rows_of(largest), .libraries = config_.libraries}, train_,
                    test_);
}

std::vector<TrialResult> TrialRunner::run(const SweepPlan& plan, std::span<const TrialSpec> trials,
                                          SweepObserver& observer,
                                          const std::atomic<bool>* interrupt,
                                          TrialFiles& files) const {
  const Clock::time_point start = Clock::now();
  const std::string_view device = backend::select(config_.device).name();
  std::vector<TrialResult> results(trials.size());
  const Setting& common = plan.settings[trials.front().setting];
  std::vector<std::vector<CallbackPtr>> recorders;
  for (std::size_t i = 0; i < trials.size(); ++i) {
    results[i].id = trials[i].id;
    results[i].seed = trials[i].seed;
    results[i].device = device;
    std::vector<CallbackPtr>& callbacks = recorders.emplace_back();
    if (CallbackPtr keeper = files.keeper(trials[i], common.epochs)) {
      callbacks.push_back(std::move(keeper));
    }
    callbacks.push_back(
        std::make_shared<Recorder>(trials[i], files.found(trials[i].id), observer, results[i]));
    call_callers([&] { observer.on_trial_begin(trials[i]); });
  }
  train::Trainer trainer = this->trainer(plan, trials);
  trainer.fit(train_,
              {.epochs = common.epochs,
               .batch_size = common.batch_size,
               .validation_data = test_,
               .interrupt = interrupt},
              recorders);
  for (std::size_t i = 0; i < trials.size(); ++i) {
    TrialResult& result = results[i];
    result.divergence = trainer.divergence(static_cast<int>(i));
    const bool finished = std::cmp_equal(result.history.epoch.size(), common.epochs);
    result.status = result.divergence ? TrialStatus::diverged
                    : finished        ? TrialStatus::ok
                                      : TrialStatus::stopped;
    result.seconds += seconds_since(start);
  }
  return results;
}

Throughput TrialRunner::throughput(const SweepPlan& plan) const {
  const std::span<const TrialSpec> first = std::span(plan.trials).first(1);
  const std::int64_t batch_size =
      std::min(plan.settings[first.front().setting].batch_size, train_.count);
  train::Trainer trainer = this->trainer(plan, first);
  const std::vector<std::vector<CallbackPtr>> nobody(1);
  const auto train = [&](std::int64_t batches) {
    const Samples some = data_.train.samples(std::min(train_.count, batches * batch_size));
    const Clock::time_point start = Clock::now();
    trainer.fit(some, {.batch_size = batch_size}, nobody);
    return static_cast<double>(some.count) / seconds_since(start);
  };
  const auto evaluate = [&] {
    const Clock::time_point start = Clock::now();
    trainer.evaluate(test_, batch_size);
    return static_cast<double>(test_.count) / seconds_since(start);
  };
  train(4);  // the first batches make primitives and touch memory
  return {.training = train(24), .evaluation = evaluate()};
}

void SweepObserver::on_trial_resumed(const TrialSpec& trial, const History& history) {
  for (std::size_t i = 0; i < history.epoch.size(); ++i) {
    Logs logs;
    for (const auto& [name, values] : history.history) logs[name] = values.at(i);
    on_epoch_end(trial, history.epoch[i], logs);
  }
}

SweepResult run_sweep(const SweepConfig& config, const ImageDataset& data,
                      const SweepOptions& options) try {
  validate(options);
  const SweepPlan plan = plan_sweep(config, data);
  const TrialRunner runner(config, data);
  SweepObserver silent;
  SweepObserver& observer = options.observer != nullptr ? *options.observer : silent;

  std::vector<TrialResult> results;
  std::set<std::string> done;
  for (const TrialResult& result : options.done) {
    if (result.status == TrialStatus::stopped) continue;
    results.push_back(result);
    done.insert(result.id);
  }
  std::vector<TrialSpec> to_run = plan.trials;
  std::erase_if(to_run, [&](const TrialSpec& trial) { return done.contains(trial.id); });
  const int side_by_side =
      options.side_by_side > 0 ? options.side_by_side : runner.side_by_side(plan);
  TrialFiles files(options, to_run);
  for (const std::vector<TrialSpec>& trials : group(plan, to_run, side_by_side, files)) {
    if (options.interrupt != nullptr && options.interrupt->load()) break;
    for (TrialResult& result : runner.run(plan, trials, observer, options.interrupt, files)) {
      results.push_back(std::move(result));
      const auto spec = std::find_if(trials.begin(), trials.end(), [&](const TrialSpec& trial) {
        return trial.id == results.back().id;
      });
      call_callers([&] { observer.on_trial_end(*spec, results.back(), results); });
      if (results.back().status != TrialStatus::stopped) files.finish(spec->id);
    }
  }
  return summarize_sweep(plan, results);
} catch (...) {
  throw_as_promised();
}

Throughput measure_throughput(const SweepConfig& config, const ImageDataset& data) try {
  return TrialRunner(config, data).throughput(plan_sweep(config, data));
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
