#include <algorithm>
#include <array>
#include <memory>
#include <numeric>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/replay.h>

#include "core/boundary.h"
#include "sweep/runner.h"
#include "sweep/trial_traces.h"

namespace saltus {
namespace {

namespace fs = std::filesystem;

/// Compares an epoch with its trace, and ends the training behind the last point or the first
/// difference.
class EpochComparison : public Watcher {
 public:
  EpochComparison(std::vector<TracePoint> expected, const ReplayOptions& options,
                  const std::vector<Weight>& weights)
      : expected_(std::move(expected)), options_(options), weights_(weights) {}

  void on_batches_end(std::int64_t steps_done, const Logs& /*logs*/,
                      TrainingControl& /*control*/) override {
    if (options_.interrupt != nullptr && *options_.interrupt) over_ = true;
    if (over_ || expected_[compared_.size()].step != steps_done) return;
    const TracePoint now = point(steps_done);
    ReplayPoint& result = compared_.emplace_back();
    result.epoch = now.epoch;
    result.step = now.step;
    for (std::size_t i = 0; i < weights_.size(); ++i)
      if (now.weights[i] != expected_[compared_.size() - 1].weights[i])
        result.different.push_back(weights_[i].name);
    if (options_.on_point) call_callers([&] { options_.on_point(result); });
    over_ = !result.different.empty() || compared_.size() == expected_.size();
  }

  const std::atomic<bool>& over() const { return over_; }
  /// What was compared; where the training ended before all was, it differs in all weights.
  std::vector<ReplayPoint> take(bool ended_early) {
    if (ended_early) {
      const TracePoint& next = expected_[compared_.size()];
      ReplayPoint& point = compared_.emplace_back();
      point.epoch = next.epoch;
      point.step = next.step;
      for (const Weight& weight : weights_) point.different.push_back(weight.name);
    }
    return std::move(compared_);
  }

 private:
  std::vector<TracePoint> expected_;
  const ReplayOptions& options_;
  const std::vector<Weight>& weights_;
  std::vector<ReplayPoint> compared_;
  std::atomic<bool> over_ = false;
};

const TrialSpec& trial_of(const SweepPlan& plan, const std::string& id) {
  const auto trial = std::ranges::find(plan.trials, id, &TrialSpec::id);
  if (trial == plan.trials.end())
    throw InvalidArgument(fmt::format("the sweep has no trial {}", id));
  return *trial;
}

/// The points that are to be compared.
std::vector<TracePoint> points_of(const fs::path& folder, const std::string& id,
                                  const ReplayOptions& options, std::size_t weights) {
  const fs::path file = trace_file(folder, id);
  std::error_code error;
  if (!fs::exists(file, error)) {
    throw InvalidArgument(fmt::format(
        "{} has no trace of trial {}: only what was trained with --trace can be replayed",
        folder.string(), id));
  }
  std::vector<TracePoint> points = read_trace(file);
  std::erase_if(points, [&](const TracePoint& point) { return point.epoch != options.epoch; });
  if (points.empty()) {
    throw InvalidArgument(fmt::format("the trace of trial {} has no epoch {}", id, options.epoch));
  }
  if (std::ranges::any_of(points, [&](const TracePoint& p) { return p.weights.size() != weights; }))
    throw DataError(fmt::format("{} is of another network", file.string()));
  if (options.points > 0 && std::cmp_less(options.points, points.size()))
    points.resize(static_cast<std::size_t>(options.points));
  return points;
}

}  // namespace

std::vector<ReplayPoint> replay_trial(const SweepPlan& plan, const fs::path& folder,
                                      const std::string& id, const ReplayOptions& options) try {
  if (options.epoch < 1 || options.points < 0) {
    throw InvalidArgument(fmt::format("epochs count from 1, and points from 0, not {} and {}",
                                      options.epoch, options.points));
  }
  const TrialSpec& trial = trial_of(plan, id);
  const TrialRunner runner(plan);
  train::Trainer trainer = runner.trainer({&trial, 1});
  std::vector<TracePoint> points = points_of(folder, id, options, trainer.weights().size());
  std::int64_t pause = 0;
  for (const TracePoint& point : points) pause = std::gcd(pause, point.step);
  trainer.pause_every(pause);
  if (options.epoch > 1) {
    const fs::path state = trace_state_file(folder, id, options.epoch - 1);
    std::error_code error;
    if (!fs::exists(state, error)) {
      throw InvalidArgument(
          fmt::format("{} is missing, from which epoch {} begins", state.string(), options.epoch));
    }
    trainer.restore(0, state);
  }
  const auto comparison =
      std::make_shared<EpochComparison>(std::move(points), options, trainer.weights());
  comparison->watch(trainer, 0);
  const Setting& setting = plan.setting_of(trial);
  const std::array<std::vector<CallbackPtr>, 1> callbacks = {{{comparison}}};
  trainer.fit(runner.samples().train,
              {.epochs = setting.epochs,
               .initial_epoch = options.epoch - 1,
               .batch_size = setting.batch_size,
               .interrupt = &comparison->over()},
              callbacks);
  return comparison->take(trainer.divergence(0) && !comparison->over());
} catch (...) {
  throw_as_promised();
}

std::vector<std::string> traced_trials(const SweepPlan& plan, const fs::path& folder) try {
  std::vector<std::string> traced;
  std::error_code error;
  for (const TrialSpec& trial : plan.trials)
    if (fs::exists(trace_file(folder, trial.id), error)) traced.push_back(trial.id);
  return traced;
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
