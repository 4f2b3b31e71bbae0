#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include <saltus/report.h>

#include "core/boundary.h"
#include "report/numbers.h"
#include "report/series.h"

namespace saltus {
namespace {

const std::string kMetric{kRankingMetric};

/// What a row is made of.
struct Row {
  const SettingResult& result;
  std::string label;
  const std::optional<PairedComparison>& compared;
  bool has_test;  ///< the test images had no part in the ranking
};

RankingCell nothing() {
  return {"-", std::numeric_limits<double>::quiet_NaN()};
}

/// The stopped trial that came furthest, of a setting without any that is ok; null if none finished
/// an epoch.
const TrialResult* furthest_stopped(const SettingResult& result) {
  const TrialResult* furthest = nullptr;
  if (result.ok > 0) return furthest;
  for (const TrialResult& trial : result.trials) {
    const std::size_t least = furthest == nullptr ? 0 : furthest->history.epoch.size();
    if (trial.status == TrialStatus::stopped && trial.history.epoch.size() > least) {
      furthest = &trial;
    }
  }
  return furthest;
}

/// A figure after the last epoch that there is.
RankingCell last_cell(const Row& row, const char* metric, std::string (*text)(const Summary&)) {
  if (row.result.ok > 0) {
    const Summary& summary = row.result.last.at(metric);
    return {text(summary), summary.mean};
  }
  const TrialResult* trial = furthest_stopped(row.result);
  if (trial == nullptr) return nothing();
  const double value = trial->history.at(metric).back();
  return {text({.count = 1, .mean = value, .sd = 0, .interval = {}}), value};
}

std::string loss_text(const Summary& summary) {
  return fmt::format("{:.4g}", summary.mean);
}

/// With a minus sign, not a hyphen.
std::string signed_text(double value) {
  return fmt::format("{}{:.2f}", value < 0 ? "−" : "", std::abs(value));
}

RankingCell best_cell(const Row& row) {
  const auto cell = [](double accuracy, std::size_t epoch) {
    return RankingCell{fmt::format("{} in epoch {}", percent(accuracy), epoch), accuracy};
  };
  if (row.result.ok > 0)
    return cell(row.result.best, static_cast<std::size_t>(row.result.best_epoch));
  const TrialResult* trial = furthest_stopped(row.result);
  if (trial == nullptr) return nothing();
  const std::vector<double>& accuracy = trial->history.at(kMetric);
  const auto best = std::ranges::max_element(accuracy);
  return cell(*best, static_cast<std::size_t>(best - accuracy.begin()) + 1);
}

RankingCell sd_cell(const Row& row) {
  if (row.result.ok < 2) return nothing();
  const double sd = row.result.last.at(kMetric).sd;
  return {percent(sd), sd};
}

RankingCell compared_cell(const Row& row, std::string (*text)(const PairedComparison&),
                          double (*order)(const PairedComparison&)) {
  if (!row.compared) return nothing();
  return {text(*row.compared), order(*row.compared)};
}

/// A figure of the test images where these are looked at once: of one that was stopped, none.
RankingCell test_cell(const Row& row, const char* metric) {
  if (row.result.ok == 0) return nothing();
  return last_cell(row, metric, with_interval);
}

struct Column {
  std::string_view name;
  std::string_view title;  ///< {} is what the differences are to
  bool is_number;
  RankingCell (*cell)(const Row& row);
};

constexpr Column kColumns[] = {
    {"rank", "rank", true,
     [](const Row& row) {
       if (!row.result.rank) return nothing();
       return RankingCell{fmt::to_string(*row.result.rank), static_cast<double>(*row.result.rank)};
     }},
    {"setting", "activation", false,
     [](const Row& row) {
       return RankingCell{row.label, 0};
     }},
    {"accuracy", "accuracy, %", true,
     [](const Row& row) { return last_cell(row, "val_categorical_accuracy", with_interval); }},
    {"test", "test, %", true,
     [](const Row& row) { return test_cell(row, "test_categorical_accuracy"); }},
    {"sd", "sd", true, sd_cell},
    {"n", "n", true,
     [](const Row& row) {
       return RankingCell{fmt::to_string(row.result.ok), static_cast<double>(row.result.ok)};
     }},
    {"binary_accuracy", "binary accuracy, %", true,
     [](const Row& row) {
       return row.has_test ? test_cell(row, "test_binary_accuracy")
                           : last_cell(row, "val_binary_accuracy", with_interval);
     }},
    {"loss", "loss", true, [](const Row& row) { return last_cell(row, "val_loss", loss_text); }},
    {"best", "best", true, best_cell},
    {"difference", "to {}", true,
     [](const Row& row) {
       return compared_cell(
           row, [](const PairedComparison& to) { return points_text(to.difference); },
           [](const PairedComparison& to) { return to.difference; });
     }},
    {"interval", "95 % interval", true,
     [](const Row& row) {
       return compared_cell(
           row,
           [](const PairedComparison& to) {
             return fmt::format("{} to {}", points_text(to.interval.low),
                                points_text(to.interval.high));
           },
           [](const PairedComparison& to) { return to.interval.low; });
     }},
    {"new_images", "on new images", true,
     [](const Row& row) {
       if (!row.compared || !row.compared->new_images) return nothing();
       const Interval& interval = *row.compared->new_images;
       return RankingCell{
           fmt::format("{} to {}", points_text(interval.low), points_text(interval.high)),
           interval.low};
     }},
    {"p", "p", true,
     [](const Row& row) {
       return compared_cell(
           row, [](const PairedComparison& to) { return p_text(to.p_holm); },
           [](const PairedComparison& to) { return to.p_holm; });
     }},
    {"d", "Cohen's d", true,
     [](const Row& row) {
       return compared_cell(
           row, [](const PairedComparison& to) { return signed_text(to.cohens_d); },
           [](const PairedComparison& to) { return to.cohens_d; });
     }},
    {"time", "time", true,
     [](const Row& row) {
       const double seconds = seconds_of(row.result);
       return RankingCell{duration_text(seconds), seconds};
     }},
    {"status", "status", false,
     [](const Row& row) {
       return RankingCell{end_in_words(row.result), 0};
     }},
};

/// Of these there is nothing to tell where the test images rank.
bool is_of_test(const Column& column) {
  return column.name == "test" || column.name == "new_images";
}

/// What a column can be called after.
std::string short_name(const std::optional<Activation>& baseline) {
  constexpr std::size_t kLongest = 14;
  if (!baseline) return "first";
  const std::string label = baseline->label();
  return label.size() > kLongest ? "baseline" : label;
}

}  // namespace

RankingTable ranking_table(const SweepResult& result) try {
  const bool has_test = result.compared_by != kRankingMetric;
  std::vector<Column> columns(std::begin(kColumns), std::end(kColumns));
  if (!has_test) std::erase_if(columns, is_of_test);
  RankingTable table;
  for (const Column& column : columns) {
    std::string title = fmt::format(fmt::runtime(column.title), short_name(result.baseline));
    if (has_test && column.name == "accuracy") title = "validation, %";
    table.columns.push_back(
        {.name = column.name, .title = std::move(title), .is_number = column.is_number});
  }
  const std::vector<std::string> labels = setting_labels(result);
  table.settings = by_rank(result);
  for (const std::size_t i : table.settings) {
    const SettingResult& setting = result.settings[i];
    const Row row = {.result = setting,
                     .label = labels[i],
                     .compared = result.baseline ? setting.to_baseline : setting.to_best,
                     .has_test = has_test};
    std::vector<RankingCell>& cells = table.rows.emplace_back();
    for (const Column& column : columns) cells.push_back(column.cell(row));
  }
  return table;
} catch (...) {
  throw_as_promised();
}

std::vector<std::vector<std::string>> activations_table(const SweepResult& result) try {
  const std::vector<std::string> labels = setting_labels(result);
  std::vector<std::vector<std::string>> rows;
  for (const ActivationResult& one : result.activations) {
    const Summary& summary = result.settings[one.setting].last.at(result.compared_by);
    rows.push_back({labels[one.setting], with_interval(summary),
                    one.to_best ? points_text(one.to_best->difference) : "-",
                    one.to_best ? p_text(one.to_best->p_holm) : "-"});
  }
  return rows;
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
