#include "report/series.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include <fmt/format.h>

#include <saltus/progress.h>

#include "report/charts.h"
#include "report/numbers.h"

namespace saltus {
namespace {

bool begins_character(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
}

}  // namespace

std::vector<std::size_t> by_rank(const SweepResult& result) {
  std::vector<std::size_t> order(result.settings.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) {
    return result.settings[i].rank.value_or(std::numeric_limits<int>::max());
  });
  return order;
}

std::vector<Series> make_series(const SweepResult& result, std::span<const std::size_t> settings) {
  const std::vector<std::string> labels = setting_labels(result);
  std::vector<std::size_t> in_order(settings.begin(), settings.end());
  std::ranges::sort(in_order);
  std::map<std::string, std::size_t> colours;
  std::map<std::string, std::size_t> variants;
  std::map<std::size_t, LineStyle> styles;
  for (const std::size_t i : in_order) {
    const std::string activation = result.settings[i].setting.activation.str();
    const std::size_t colour = colours.emplace(activation, colours.size()).first->second;
    const std::size_t number = styles.size();
    styles.emplace(i, line_style(colour, variants[activation]++, number));
  }
  std::vector<Series> series;
  for (const std::size_t i : settings) {
    series.push_back({.result = &result.settings[i], .label = labels[i], .style = styles.at(i)});
  }
  return series;
}

namespace {

std::size_t longest_history(const SettingResult& result) {
  std::size_t longest = 0;
  for (const TrialResult& trial : result.trials)
    longest = std::max(longest, trial.history.epoch.size());
  return longest;
}

}  // namespace

std::vector<Point> points_of(const SettingResult& result, const std::string& metric) {
  std::vector<Point> line;
  for (std::size_t epoch = 0; epoch < longest_history(result); ++epoch) {
    std::vector<double> values;
    Point point;
    for (const TrialResult& trial : result.trials) {
      const auto found = trial.history.history.find(metric);
      if (found == trial.history.history.end()) continue;
      const bool ended = epoch >= trial.history.epoch.size() && trial.status == TrialStatus::ok;
      const std::size_t at = ended ? trial.final_epoch() : epoch;
      if (at >= found->second.size() || !std::isfinite(found->second[at])) continue;
      const double value = found->second[at];
      values.push_back(value);
      point.range.include(value);
    }
    if (values.empty()) return line;
    point.mean = summarize(values).mean;
    line.push_back(point);
  }
  return line;
}

int epochs_shown(const SettingResult& result) {
  const bool may_go_on = result.status == TrialStatus::stopped || result.ok == 0;
  return may_go_on ? result.setting.epochs : static_cast<int>(longest_history(result));
}

std::size_t characters_in(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, begins_character));
}

std::string shortened(std::string_view text, std::size_t characters) {
  if (characters_in(text) <= characters) return std::string(text);
  std::vector<std::size_t> starts;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (begins_character(text[i])) starts.push_back(i);
  }
  const std::size_t tail = characters * 2 / 5;
  const std::size_t head = characters - 1 - tail;
  return fmt::format("{}…{}", text.substr(0, starts[head]),
                     text.substr(starts[starts.size() - tail]));
}

std::string title_of(const ImageDataset& data) {
  return data.title.empty() ? data.name : data.title;
}

std::string evaluated_images(const SweepPlan& plan) {
  return images_of(plan.config, *plan.data).validation > 0 ? "validation images" : "test images";
}

std::optional<double> chance_level(const ImageDataset& data, std::string_view metric) {
  if (data.classes == 0) return std::nullopt;
  const double guessed = 1.0 / data.classes;
  return metric.ends_with("binary_accuracy") ? 1 - guessed : guessed;
}

ShownFigure shown_figure(std::string_view figure, const Score& score) {
  if (score.is_error) {
    const std::string name = figure == score.figure ? std::string(score.name) : "MAE";
    return {.name = name, .axis_name = name, .axis = &Axis::loss};
  }
  const std::string name = figure == score.figure ? capitalized(score.name) : "Binary accuracy";
  return {.name = name, .axis_name = "accuracy, %", .axis = &Axis::accuracy};
}

std::string label_of(const Loss& loss) {
  return loss.is_formula() ? std::string(loss.name()) : to_string(loss);
}

}  // namespace saltus
