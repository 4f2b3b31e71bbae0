#include "sweep/race.h"

#include <algorithm>
#include <map>
#include <utility>

namespace saltus {
namespace {

/// Where max_trials does not say: 30 seeds of each setting, or as many as it begins with.
std::size_t most_trials_of(const SweepConfig& config, std::size_t settings) {
  constexpr std::size_t kSeeds = 30;
  if (config.until_decided->max_trials > 0) return config.until_decided->max_trials;
  return std::max(kSeeds, static_cast<std::size_t>(config.seeds)) * settings;
}

}  // namespace

int most_seeds(const SweepConfig& config, std::size_t settings) {
  constexpr std::size_t kMostMore = 1000;
  const auto first = static_cast<std::size_t>(config.seeds);
  // A leader and one that is open share what is left.
  const std::size_t more = (most_trials_of(config, settings) - first * settings) / 2;
  return static_cast<int>(std::min(first + std::min(more, kMostMore), kMostTrials / settings));
}

std::vector<TrialPlan> next_round(std::span<const std::vector<double>> values,
                                  const Verdict& standings) {
  std::vector<TrialPlan> round;
  if (standings.decided) return round;
  std::vector<std::size_t> active;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Standing standing = standings.settings[i].standing;
    if (standing == Standing::open || standing == Standing::leads) active.push_back(i);
  }
  std::ranges::stable_sort(active, {},
                           [&](std::size_t i) { return standings.settings[i].difference; });
  const auto seeds_of = [&](std::size_t i) { return values[i].size(); };
  const std::size_t fewest = seeds_of(std::ranges::min(active, {}, seeds_of));
  const std::size_t most = seeds_of(std::ranges::max(active, {}, seeds_of));
  const std::size_t target = std::max(most, fewest + 1);
  for (const std::size_t setting : active) {
    for (std::size_t repeat = seeds_of(setting); repeat < target; ++repeat)
      round.emplace_back(setting, repeat);
  }
  return round;
}

Race::Race(const SweepPlan& plan)
    : plan_(plan),
      score_(score_of(plan.data->task)),
      values_(plan.settings.size()),
      diverged_(plan.settings.size()),
      planned_(plan.settings.size()) {
  const ImageCounts images = images_of(plan.config, *plan.data);
  images_ = static_cast<std::size_t>(images.validation > 0 ? images.validation : images.test);
  const auto seeds = static_cast<std::size_t>(plan.config.seeds);
  for (std::size_t repeat = 0; repeat < seeds; ++repeat) {
    for (std::size_t setting = 0; setting < values_.size(); ++setting)
      round_.emplace_back(setting, repeat);
  }
  std::ranges::fill(planned_, seeds);
}

std::vector<TrialSpec> Race::advance(std::span<const TrialResult> all) {
  std::map<std::string, const TrialResult*> results;
  for (const TrialResult& result : all) {
    if (result.status != TrialStatus::stopped) results[result.id] = &result;
  }
  while (!round_.empty()) {
    std::vector<TrialSpec> missing;
    for (const auto& [setting, repeat] : round_) {
      if (!results.contains(trial(setting, repeat).id)) missing.push_back(trial(setting, repeat));
    }
    if (!missing.empty()) return missing;
    for (const auto& [setting, repeat] : round_)
      include(setting, *results.at(trial(setting, repeat).id));
    standings_ = standings(values_, diverged_, images_, rules(), score_);
    round_ = next_round(values_, *standings_);
    if (!is_affordable(round_)) round_.clear();
    for (const auto& [setting, repeat] : round_) ++planned_[setting];
  }
  return {};
}

std::optional<Verdict> Race::verdict() const {
  if (!standings_) return std::nullopt;
  return judge(values_, diverged_, images_, rules(), score_);
}

std::size_t Race::most_trials() const {
  return most_trials_of(plan_.config, values_.size());
}

const TrialSpec& Race::trial(std::size_t setting, std::size_t repeat) const {
  return plan_.trials[repeat * plan_.settings.size() + setting];
}

void Race::include(std::size_t setting, const TrialResult& result) {
  if (result.status == TrialStatus::ok && has_finite_figures(result)) {
    const std::vector<double>& figures = result.history.at(score_.val());
    values_[setting].push_back(figures.at(result.final_epoch()));
  } else {
    diverged_[setting] = true;
  }
}

bool Race::is_affordable(std::span<const TrialPlan> round) const {
  std::size_t trials = round.size();
  for (const std::size_t planned : planned_) trials += planned;
  return trials <= most_trials() && std::ranges::all_of(round, [&](const TrialPlan& one) {
           return (one.second + 1) * plan_.settings.size() <= plan_.trials.size();
         });
}

}  // namespace saltus
