#include "report/numbers.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/number.h"

namespace saltus {

std::string percent(double share) {
  return fmt::format("{:.2f}", 100 * share);
}

std::string score_text(const Score& score, double value) {
  return score.is_error ? significant(value, 4) : percent(value);
}

std::string with_interval(const Score& score, const Summary& summary) {
  if (!summary.interval) return score_text(score, summary.mean);
  const double half = (summary.interval->high - summary.interval->low) / 2;
  return fmt::format("{} ± {}", score_text(score, summary.mean),
                     score.is_error ? significant(half, 2) : percent(half));
}

std::string difference_text(const Score& score, double difference) {
  const double size = std::abs(difference);
  const std::string digits = score.is_error ? significant(size, 3) : percent(size);
  if (digits == "0.00" || digits == "0") return digits;
  return (difference < 0 ? "−" : "+") + digits;
}

std::string_view unit_of(const Score& score) {
  return score.is_error ? "" : " %";
}

std::string_view difference_unit_of(const Score& score) {
  return score.is_error ? "" : " points";
}

bool has_classes(const Score& score) {
  return score.name == Score{}.name;
}

std::string title_of(const Score& score) {
  return std::string(score.name) + (score.is_error ? "" : ", %");
}

std::string score_in_full(const Score& score) {
  return (score.figure == Score{}.figure ? "categorical " : "") + title_of(score);
}

std::string capitalized(std::string_view name) {
  std::string text(name);
  if (text.front() >= 'a' && text.front() <= 'z') text.front() -= 'a' - 'A';
  return text;
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

std::vector<double> last_values(const SettingResult& result, const Score& score) {
  std::vector<double> values;
  for (const TrialResult& trial : result.trials) {
    if (trial.status != TrialStatus::ok) continue;
    values.push_back(trial.history.at(score.val()).at(trial.final_epoch()));
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
