#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/sweep.h>

#include "core/boundary.h"

namespace saltus {
namespace {

const std::string kMetric{kRankingMetric};

/// Figures summarized for the last epoch.
constexpr std::string_view kLastMetrics[] = {"val_categorical_accuracy", "val_binary_accuracy",
                                             "val_loss"};

/// A figure of a trial that is ok, after one epoch.
double value_at(const TrialResult& trial, const std::string& metric, std::size_t epoch) {
  const std::vector<double>& values = trial.history.at(metric);
  if (epoch < values.size()) return values[epoch];
  throw InvalidArgument(fmt::format("trial {} is said to be ok, but has no {} of epoch {}",
                                    trial.id, metric, epoch + 1));
}

/// A figure of all trials that are ok, after one epoch.
std::vector<double> values_at(const SettingResult& result, const std::string& metric,
                              std::size_t epoch) {
  std::vector<double> values;
  for (const TrialResult& trial : result.trials) {
    if (trial.status == TrialStatus::ok) values.push_back(value_at(trial, metric, epoch));
  }
  return values;
}

/// Whether a trial gave numbers in all its epochs. What a clock has part in is no result.
bool is_finite(const TrialResult& trial) {
  return std::all_of(trial.history.history.begin(), trial.history.history.end(),
                     [](const auto& figure) {
                       const auto& [name, values] = figure;
                       return name == "seconds" || name == "images_per_second" ||
                              std::all_of(values.begin(), values.end(),
                                          [](double value) { return std::isfinite(value); });
                     });
}

SettingResult summarize_setting(const Setting& setting, std::vector<TrialResult> trials,
                                std::size_t planned) {
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
  const auto epochs = static_cast<std::size_t>(setting.epochs);
  for (const std::string_view metric : kLastMetrics) {
    const std::string name{metric};
    result.last[name] = summarize(values_at(result, name, epochs - 1));
  }
  for (std::size_t epoch = 0; epoch < epochs; ++epoch) {
    const double mean = summarize(values_at(result, kMetric, epoch)).mean;
    if (epoch == 0 || mean > result.best) {
      result.best = mean;
      result.best_epoch = static_cast<int>(epoch) + 1;
    }
  }
  return result;
}

void rank(std::vector<SettingResult>& settings) {
  const auto diverged = [](const SettingResult& result) {
    return result.ok < result.trials.size() &&
           std::any_of(result.trials.begin(), result.trials.end(), [](const TrialResult& trial) {
             return trial.status == TrialStatus::diverged;
           });
  };
  /// Smaller is better.
  const auto key = [&](const SettingResult& result) {
    return std::pair(diverged(result), -result.last.at(kMetric).mean);
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

/// Last values of the ranking figure by seed.
std::map<std::uint64_t, double> last_by_seed(const SettingResult& result) {
  const auto last = static_cast<std::size_t>(result.setting.epochs) - 1;
  std::map<std::uint64_t, double> values;
  for (const TrialResult& trial : result.trials) {
    if (trial.status == TrialStatus::ok) values[trial.seed] = value_at(trial, kMetric, last);
  }
  return values;
}

/// Compares each setting with reference(its place), where that is another.
template <class Reference>
void compare(std::vector<SettingResult>& settings,
             std::optional<PairedComparison> SettingResult::*place, Reference reference) {
  std::vector<SettingResult*> compared;
  std::vector<double> p;
  for (std::size_t i = 0; i < settings.size(); ++i) {
    SettingResult& result = settings[i];
    const SettingResult& other = settings[reference(i)];
    if (&result == &other) continue;
    const std::map<std::uint64_t, double> other_values = last_by_seed(other);
    std::vector<double> ours;
    std::vector<double> theirs;
    for (const auto& [seed, value] : last_by_seed(result)) {
      const auto pair = other_values.find(seed);
      if (pair == other_values.end()) continue;
      ours.push_back(value);
      theirs.push_back(pair->second);
    }
    if (ours.size() < 2) continue;
    result.*place = PairedComparison{compare_paired(ours, theirs)};
    compared.push_back(&result);
    p.push_back((result.*place)->p);
  }
  const std::vector<double> corrected = holm(p);
  for (std::size_t i = 0; i < compared.size(); ++i) (compared[i]->*place)->p_holm = corrected[i];
}

void compare_with_best(std::vector<SettingResult>& settings) {
  const auto best = std::ranges::find(settings, 1, &SettingResult::rank);
  if (best == settings.end()) return;
  const auto place = static_cast<std::size_t>(best - settings.begin());
  compare(settings, &SettingResult::to_best, [=](std::size_t) { return place; });
}

/// Settings are in the order of their activations, each with all hyper-parameters.
void compare_with_baseline(const SweepConfig& config, std::vector<SettingResult>& settings) {
  if (!config.baseline) return;
  const auto baseline = std::ranges::find(config.activations, *config.baseline);
  const auto place = static_cast<std::size_t>(baseline - config.activations.begin());
  const std::size_t others = settings.size() / config.activations.size();
  compare(settings, &SettingResult::to_baseline,
          [=](std::size_t i) { return place * others + i % others; });
}

}  // namespace

SweepResult summarize_sweep(const SweepPlan& plan, std::span<const TrialResult> trials) try {
  std::map<std::string, const TrialResult*> by_id;
  for (const TrialResult& trial : trials) by_id[trial.id] = &trial;

  std::vector<std::vector<TrialResult>> found(plan.settings.size());
  std::vector<std::size_t> planned(plan.settings.size());
  for (const TrialSpec& spec : plan.trials) {
    ++planned[spec.setting];
    const auto trial = by_id.find(spec.id);
    if (trial == by_id.end()) continue;
    TrialResult& result = found[spec.setting].emplace_back(*trial->second);
    if (result.status == TrialStatus::ok && !is_finite(result)) {
      result.status = TrialStatus::diverged;  // whoever wrote it down did not look
    }
  }

  SweepResult result;
  for (std::size_t i = 0; i < plan.settings.size(); ++i) {
    result.settings.push_back(summarize_setting(plan.settings[i], std::move(found[i]), planned[i]));
  }
  result.complete =
      std::all_of(result.settings.begin(), result.settings.end(),
                  [](const SettingResult& s) { return s.status != TrialStatus::stopped; });
  rank(result.settings);
  compare_with_best(result.settings);
  compare_with_baseline(plan.config, result.settings);
  result.baseline = plan.config.baseline;
  return result;
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
