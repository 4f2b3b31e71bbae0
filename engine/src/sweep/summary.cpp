#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <utility>

#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/sweep.h>

#include "core/boundary.h"
#include "sweep/race.h"

namespace saltus {
namespace {

/// A figure of a trial that is ok, after one epoch.
double value_at(const TrialResult& trial, const std::string& metric, std::size_t epoch) {
  const std::vector<double>& values = trial.history.at(metric);
  if (epoch < values.size()) return values[epoch];
  throw InvalidArgument(fmt::format("trial {} is said to be ok, but has no {} of epoch {}",
                                    trial.id, metric, epoch + 1));
}

double test_value(const TrialResult& trial, const std::string& name) {
  const auto value = trial.test.find(name);
  if (value != trial.test.end()) return value->second;
  throw InvalidArgument(
      fmt::format("trial {} is said to be ok, but has no {} of the test images", trial.id, name));
}

/// A figure of all trials that are ok.
template <class ValueOf>
std::vector<double> values_of(const SettingResult& result, const ValueOf& value_of) {
  std::vector<double> values;
  for (const TrialResult& trial : result.trials) {
    if (trial.status == TrialStatus::ok) values.push_back(value_of(trial));
  }
  return values;
}

Summary summary_of(std::span<const double> values) {
  Summary summary = summarize(values);
  if (std::cmp_less(summary.count, kFewestSeeds)) summary.interval.reset();
  return summary;
}

/// The epoch with the best mean of the score. A trial that stopped early counts in
/// later ones with what it ended with: were it left out, the mean would change with who is left.
void find_best_epoch(SettingResult& result, const Score& score) {
  std::size_t epochs = 0;
  for (const TrialResult& trial : result.trials) {
    if (trial.status == TrialStatus::ok) epochs = std::max(epochs, trial.history.epoch.size());
  }
  for (std::size_t epoch = 0; epoch < epochs; ++epoch) {
    const double mean = summarize(values_of(result, [&](const TrialResult& trial) {
                          const bool ran = epoch < trial.history.epoch.size();
                          return value_at(trial, score.val(), ran ? epoch : trial.final_epoch());
                        })).mean;
    if (epoch == 0 || score.better(mean, result.best)) {
      result.best = mean;
      result.best_epoch = static_cast<int>(epoch) + 1;
    }
  }
}

Confusion mean_confusion(const SettingResult& result) {
  std::vector<Confusion> all;
  for (const TrialResult& trial : result.trials) {
    if (trial.status == TrialStatus::ok) all.push_back(trial.confusion);
  }
  return mean_of(all);
}

SettingResult summarize_setting(const Setting& setting, std::vector<TrialResult> trials,
                                std::size_t planned, bool has_test, Task task) {
  SettingResult result{.setting = setting, .trials = std::move(trials)};
  const auto count = [&](TrialStatus status) {
    return static_cast<std::size_t>(
        std::count_if(result.trials.begin(), result.trials.end(),
                      [&](const TrialResult& trial) { return trial.status == status; }));
  };
  result.ok = count(TrialStatus::ok);
  const std::size_t diverged = count(TrialStatus::diverged);
  result.status = result.ok + diverged < planned ? TrialStatus::stopped
                  : diverged > 0                 ? TrialStatus::diverged
                                                 : TrialStatus::ok;
  if (result.ok == 0) return result;
  for (const std::string_view figure : figures_of(task)) {
    const std::string name{figure};
    result.last["val_" + name] = summary_of(values_of(result, [&](const TrialResult& trial) {
      return value_at(trial, "val_" + name, trial.final_epoch());
    }));
    if (!has_test) continue;
    result.last["test_" + name] = summary_of(
        values_of(result, [&](const TrialResult& trial) { return test_value(trial, name); }));
  }
  find_best_epoch(result, score_of(task));
  result.confusion = mean_confusion(result);
  return result;
}

void rank(std::vector<SettingResult>& settings, const Score& score) {
  const auto diverged = [](const SettingResult& result) {
    return result.ok < result.trials.size() &&
           std::any_of(result.trials.begin(), result.trials.end(), [](const TrialResult& trial) {
             return trial.status == TrialStatus::diverged;
           });
  };
  /// Smaller is better.
  const auto key = [&](const SettingResult& result) {
    return std::pair(diverged(result), score.lead(0, result.last.at(score.val()).mean));
  };
  std::vector<SettingResult*> order;
  for (SettingResult& result : settings) {
    if (result.ok > 0) order.push_back(&result);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](const auto* a, const auto* b) { return key(*a) < key(*b); });
  for (std::size_t place = 0; place < order.size(); ++place) {
    const bool tie = place > 0 && key(*order[place]) == key(*order[place - 1]);
    order[place]->rank = tie ? order[place - 1]->rank : static_cast<int>(place) + 1;
  }
}

/// A setting, another, and what is known of their difference.
struct Pair {
  const SettingResult* one;
  const SettingResult* other;
  std::optional<PairedComparison>* result;
};

/// Trials of two settings, by the seeds that both have.
std::vector<std::pair<const TrialResult*, const TrialResult*>> common_trials(
    const SettingResult& one, const SettingResult& other) {
  std::map<std::uint64_t, const TrialResult*> others;
  for (const TrialResult& trial : other.trials) {
    if (trial.status == TrialStatus::ok) others[trial.seed] = &trial;
  }
  std::vector<std::pair<const TrialResult*, const TrialResult*>> common;
  for (const TrialResult& trial : one.trials) {
    const auto partner = others.find(trial.seed);
    if (trial.status == TrialStatus::ok && partner != others.end())
      common.emplace_back(&trial, partner->second);
  }
  return common;
}

/// The mean difference of each test image, in accuracy.
std::vector<double> differences_by_image(
    std::span<const std::pair<const TrialResult*, const TrialResult*>> trials) {
  std::vector<double> differences(trials.front().first->correct.size());
  for (const auto& [one, other] : trials) {
    if (one->correct.size() != differences.size() || other->correct.size() != differences.size()) {
      throw InvalidArgument(
          fmt::format("trials {} and {} say how many test images are right of "
                      "different numbers",
                      one->id, other->id));
    }
    for (std::size_t i = 0; i < differences.size(); ++i) {
      differences[i] += (static_cast<double>(one->correct[i]) - other->correct[i]) /
                        static_cast<double>(trials.size());
    }
  }
  return differences;
}

PairedComparison compared(std::span<const std::pair<const TrialResult*, const TrialResult*>> trials,
                          const std::function<double(const TrialResult&)>& value_of,
                          bool has_test) {
  std::vector<double> ours;
  std::vector<double> theirs;
  std::vector<double> by_seed;
  for (const auto& [one, other] : trials) {
    ours.push_back(value_of(*one));
    theirs.push_back(value_of(*other));
    by_seed.push_back(ours.back() - theirs.back());
  }
  PairedComparison comparison{compare_paired(ours, theirs)};
  if (!has_test) return comparison;
  const std::vector<double> by_image = differences_by_image(trials);
  if (by_image.size() > 1) comparison.new_images = crossed_interval(by_seed, by_image);
  return comparison;
}

/// The score after the last epoch, of the images that settings are compared on.
class Compared {
 public:
  Compared(const Score& score, bool has_test) : score_(score), has_test_(has_test) {}

  bool has_test() const { return has_test_; }
  double operator()(const TrialResult& trial) const {
    return has_test_ ? test_value(trial, std::string(score_.figure))
                     : value_at(trial, score_.val(), trial.final_epoch());
  }

 private:
  Score score_;
  bool has_test_;
};

/// Corrects for their number. A setting is not compared with itself.
void compare(std::span<const Pair> pairs, const Compared& value_of) {
  std::vector<PairedComparison*> made;
  std::vector<double> p;
  for (const Pair& pair : pairs) {
    if (pair.one == pair.other) continue;
    const auto trials = common_trials(*pair.one, *pair.other);
    if (std::cmp_less(trials.size(), kFewestSeeds)) continue;
    made.push_back(&pair.result->emplace(compared(trials, value_of, value_of.has_test())));
    p.push_back(made.back()->p);
  }
  const std::vector<double> corrected = holm(p);
  for (std::size_t i = 0; i < made.size(); ++i) made[i]->p_holm = corrected[i];
}

void compare_with_best(std::vector<SettingResult>& settings, const Compared& by) {
  const auto best = std::ranges::find(settings, 1, &SettingResult::rank);
  if (best == settings.end()) return;
  std::vector<Pair> pairs;
  pairs.reserve(settings.size());
  for (SettingResult& setting : settings) pairs.push_back({&setting, &*best, &setting.to_best});
  compare(pairs, by);
}

/// Settings are in the order of their activations, each with all hyper-parameters.
void compare_with_baseline(const SweepConfig& config, std::vector<SettingResult>& settings,
                           const Compared& by) {
  if (!config.baseline) return;
  const auto baseline = std::ranges::find(config.activations, *config.baseline);
  const auto place = static_cast<std::size_t>(baseline - config.activations.begin());
  const std::size_t others = settings.size() / config.activations.size();
  std::vector<Pair> pairs;
  for (std::size_t i = 0; i < settings.size(); ++i) {
    SettingResult& setting = settings[i];
    pairs.push_back({&setting, &settings[place * others + i % others], &setting.to_baseline});
  }
  compare(pairs, by);
}

/// Each activation at its best hyper-parameters.
std::vector<ActivationResult> compare_activations(const SweepConfig& config,
                                                  const std::vector<SettingResult>& settings,
                                                  const Compared& by) {
  const std::size_t others = settings.size() / config.activations.size();
  std::vector<ActivationResult> best;
  if (others == 1) return best;
  for (std::size_t first = 0; first < settings.size(); first += others) {
    std::optional<std::size_t> place;
    for (std::size_t i = first; i < first + others; ++i) {
      if (settings[i].rank && (!place || *settings[i].rank < *settings[*place].rank)) place = i;
    }
    if (place) best.push_back({.setting = *place});
  }
  std::ranges::stable_sort(best, {},
                           [&](const ActivationResult& a) { return settings[a.setting].rank; });
  std::vector<Pair> pairs;
  pairs.reserve(best.size());
  for (ActivationResult& one : best) {
    pairs.push_back({&settings[one.setting], &settings[best.front().setting], &one.to_best});
  }
  compare(pairs, by);
  return best;
}

}  // namespace

namespace {

/// Throws InvalidArgument where a trial that is ok lacks epochs, and nothing stopped it early.
void require_epochs(const SweepConfig& config, const Setting& setting, const TrialResult& trial) {
  if (trial.status != TrialStatus::ok) return;
  const auto epochs = static_cast<std::size_t>(setting.epochs);
  const std::size_t done = trial.history.epoch.size();
  if (done == epochs || (config.early_stopping && done > 0 && done < epochs)) return;
  throw InvalidArgument(
      fmt::format("trial {} is said to be ok, but has {} of {} epochs", trial.id, done, epochs));
}

}  // namespace

bool has_finite_figures(const TrialResult& trial) {
  return std::all_of(trial.history.history.begin(), trial.history.history.end(),
                     [](const auto& figure) {
                       const auto& [name, values] = figure;
                       return name == "seconds" || name == "images_per_second" ||
                              std::all_of(values.begin(), values.end(),
                                          [](double value) { return std::isfinite(value); });
                     });
}

SweepResult summarize_sweep(const SweepPlan& plan, std::span<const TrialResult> trials) try {
  std::map<std::string, const TrialResult*> by_id;
  for (const TrialResult& trial : trials) by_id[trial.id] = &trial;

  std::optional<Race> race;
  bool decided = false;
  if (plan.config.until_decided) decided = race.emplace(plan).advance(trials).empty();
  std::vector<std::vector<TrialResult>> found(plan.settings.size());
  std::vector<std::size_t> planned(plan.settings.size());
  for (const TrialSpec& spec : plan.trials) {
    // Of those that there may be, the rounds so far.
    if (race && std::cmp_greater_equal(spec.repeat, race->planned(spec.setting))) continue;
    ++planned[spec.setting];
    const auto trial = by_id.find(spec.id);
    if (trial == by_id.end()) continue;
    TrialResult& result = found[spec.setting].emplace_back(*trial->second);
    require_epochs(plan.config, plan.setting_of(spec), result);
    if (result.status == TrialStatus::ok && !has_finite_figures(result)) {
      result.status = TrialStatus::diverged;  // whoever wrote it down did not look
    }
  }

  const bool has_test = plan.config.validation_split > 0;
  const Task task = plan.data->task;
  SweepResult result;
  result.score = score_of(task);
  const Compared by(result.score, has_test);
  for (std::size_t i = 0; i < plan.settings.size(); ++i) {
    result.settings.push_back(
        summarize_setting(plan.settings[i], std::move(found[i]), planned[i], has_test, task));
  }
  result.complete =
      std::all_of(result.settings.begin(), result.settings.end(),
                  [](const SettingResult& s) { return s.status != TrialStatus::stopped; });
  rank(result.settings, result.score);
  compare_with_best(result.settings, by);
  compare_with_baseline(plan.config, result.settings, by);
  result.activations = compare_activations(plan.config, result.settings, by);
  result.baseline = plan.config.baseline;
  result.compared_by = has_test ? result.score.test() : result.score.val();
  if (race) {
    result.complete = decided;
    result.verdict = race->verdict();
  }
  return result;
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
