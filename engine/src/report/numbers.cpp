#include "report/numbers.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace saltus {

std::string percent(double share) {
  return fmt::format("{:.2f}", 100 * share);
}

std::string with_interval(const Summary& summary) {
  if (!summary.interval) return percent(summary.mean);
  return fmt::format("{} ± {}", percent(summary.mean),
                     percent((summary.interval->high - summary.interval->low) / 2));
}

std::string points_text(double difference) {
  const std::string digits = percent(std::abs(difference));
  if (digits == "0.00") return digits;
  return (difference < 0 ? "−" : "+") + digits;
}

std::string p_text(double p) {
  return p < 0.001 ? "< 0.001" : fmt::format("{:.3f}", p);
}

std::string p_equation(double p) {
  return p < 0.001 ? "p < 0.001" : fmt::format("p = {:.3f}", p);
}

std::string duration_text(double seconds) {
  if (seconds < 100) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<std::int64_t>(seconds);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

std::string counted(std::size_t number, std::string_view what) {
  return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
}

std::vector<double> last_values(const SettingResult& result) {
  std::vector<double> values;
  for (const TrialResult& trial : result.trials) {
    if (trial.status != TrialStatus::ok) continue;
    values.push_back(trial.history.at(std::string(kRankingMetric)).at(trial.final_epoch()));
  }
  return values;
}

double seconds_of(const SettingResult& result) {
  double seconds = 0;
  for (const TrialResult& trial : result.trials) seconds += trial.seconds;
  return seconds;
}

std::string end_in_words(const SettingResult& result) {
  if (result.trials.empty()) return "not begun";
  const auto diverged =
      std::ranges::count(result.trials, TrialStatus::diverged, &TrialResult::status);
  std::string words = diverged > 0
                          ? fmt::format("{} of {} diverged", diverged, result.trials.size())
                          : std::string(to_string(result.status));
  std::size_t furthest = 0;
  for (const TrialResult& trial : result.trials) {
    if (trial.status == TrialStatus::stopped) {
      furthest = std::max(furthest, trial.history.epoch.size());
    }
  }
  if (result.ok == 0 && furthest > 0) {
    words += fmt::format(": epoch {} of {}", furthest, result.setting.epochs);
  }
  return words;
}

}  // namespace saltus
