#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include <saltus/report.h>

#include "core/boundary.h"
#include "core/number.h"
#include "report/numbers.h"
#include "report/series.h"

namespace saltus {
namespace {

/// What a row is made of.
struct RankedRow {
  const SettingResult& result;
  std::string label;
  const std::optional<PairedComparison>& compared;
  const Score& score;
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
RankingCell last_cell(const RankedRow& row, const std::string& metric, const auto& text) {
  if (row.result.ok > 0) {
    const Summary& summary = row.result.last.at(metric);
    return {text(summary), summary.mean};
  }
  const TrialResult* trial = furthest_stopped(row.result);
  if (trial == nullptr) return nothing();
  const double value = trial->history.at(metric).back();
  return {text({.count = 1, .mean = value, .sd = 0, .interval = {}}), value};
}

RankingCell score_cell(const RankedRow& row, const std::string& metric) {
  return last_cell(row, metric,
                   [&](const Summary& summary) { return with_interval(row.score, summary); });
}

std::string loss_text(const Summary& summary) {
  return fmt::format("{:.4g}", summary.mean);
}

/// With a minus sign, not a hyphen.
std::string signed_text(double value) {
  return fmt::format("{}{:.2f}", value < 0 ? "−" : "", std::abs(value));
}

RankingCell best_cell(const RankedRow& row) {
  const auto cell = [&](double value, std::size_t epoch) {
    return RankingCell{fmt::format("{} in epoch {}", score_text(row.score, value), epoch), value};
  };
  if (row.result.ok > 0)
    return cell(row.result.best, static_cast<std::size_t>(row.result.best_epoch));
  const TrialResult* trial = furthest_stopped(row.result);
  if (trial == nullptr) return nothing();
  const std::vector<double>& values = trial->history.at(row.score.val());
  const auto best =
      std::ranges::max_element(values, [&](double a, double b) { return row.score.better(b, a); });
  return cell(*best, static_cast<std::size_t>(best - values.begin()) + 1);
}

RankingCell sd_cell(const RankedRow& row) {
  if (row.result.ok < 2) return nothing();
  const double sd = row.result.last.at(row.score.val()).sd;
  return {row.score.is_error ? significant(sd, 2) : percent(sd), sd};
}

RankingCell compared_cell(const RankedRow& row, const auto& text,
                          double (*order)(const PairedComparison&)) {
  if (!row.compared) return nothing();
  return {text(*row.compared), order(*row.compared)};
}

/// A figure of the test images where these are looked at once: of one that was stopped, none.
RankingCell test_cell(const RankedRow& row, const std::string& metric) {
  if (row.result.ok == 0) return nothing();
  return score_cell(row, metric);
}

std::string interval_text(const RankedRow& row, const Interval& interval) {
  return fmt::format("{} to {}", difference_text(row.score, interval.low),
                     difference_text(row.score, interval.high));
}

/// A figure beside the score, of the test images where these had no part in the ranking.
RankingCell other_cell(const RankedRow& row, const std::string& figure) {
  return row.has_test ? test_cell(row, "test_" + figure) : score_cell(row, "val_" + figure);
}

struct TextColumn {
  std::string_view name;
  std::string_view title;  ///< {} is what the differences are to
  bool is_number;
  RankingCell (*cell)(const RankedRow& row);
};

constexpr TextColumn kRankingColumns[] = {
    {"rank", "rank", true,
     [](const RankedRow& row) {
       if (!row.result.rank) return nothing();
       return RankingCell{fmt::to_string(*row.result.rank), static_cast<double>(*row.result.rank)};
     }},
    {"setting", "activation", false,
     [](const RankedRow& row) {
       return RankingCell{row.label, 0};
     }},
    {"accuracy", "accuracy, %", true,
     [](const RankedRow& row) { return score_cell(row, row.score.val()); }},
    {"test", "test, %", true,
     [](const RankedRow& row) { return test_cell(row, row.score.test()); }},
    {"sd", "sd", true, sd_cell},
    {"n", "n", true,
     [](const RankedRow& row) {
       return RankingCell{fmt::to_string(row.result.ok), static_cast<double>(row.result.ok)};
     }},
    {"binary_accuracy", "binary accuracy, %", true,
     [](const RankedRow& row) { return other_cell(row, "binary_accuracy"); }},
    {"mean_absolute_error", "MAE", true,
     [](const RankedRow& row) { return other_cell(row, "mean_absolute_error"); }},
    {"loss", "loss", true,
     [](const RankedRow& row) { return last_cell(row, "val_loss", loss_text); }},
    {"best", "best", true, best_cell},
    {"difference", "to {}", true,
     [](const RankedRow& row) {
       return compared_cell(
           row,
           [&](const PairedComparison& to) { return difference_text(row.score, to.difference); },
           [](const PairedComparison& to) { return to.difference; });
     }},
    {"interval", "95 % interval", true,
     [](const RankedRow& row) {
       return compared_cell(
           row, [&](const PairedComparison& to) { return interval_text(row, to.interval); },
           [](const PairedComparison& to) { return to.interval.low; });
     }},
    {"new_images", "on new images", true,
     [](const RankedRow& row) {
       if (!row.compared || !row.compared->new_images) return nothing();
       const Interval& interval = *row.compared->new_images;
       return RankingCell{interval_text(row, interval), interval.low};
     }},
    {"p", "p", true,
     [](const RankedRow& row) {
       return compared_cell(
           row, [](const PairedComparison& to) { return p_text(to.p_holm); },
           [](const PairedComparison& to) { return to.p_holm; });
     }},
    {"d", "Cohen's d", true,
     [](const RankedRow& row) {
       return compared_cell(
           row, [](const PairedComparison& to) { return signed_text(to.cohens_d); },
           [](const PairedComparison& to) { return to.cohens_d; });
     }},
    {"time", "time", true,
     [](const RankedRow& row) {
       const double seconds = seconds_of(row.result);
       return RankingCell{duration_text(seconds), seconds};
     }},
    {"status", "status", false,
     [](const RankedRow& row) {
       return RankingCell{end_in_words(row.result), 0};
     }},
};

/// Of these there is nothing to tell where the test images rank.
bool is_of_test(const TextColumn& column) {
  return column.name == "test" || column.name == "new_images";
}

/// Whether it is the column of a figure that goes with another score.
bool is_of_another_score(const TextColumn& column, const Score& score) {
  if (column.name == "mean_absolute_error") return !score.is_error;
  return column.name == "binary_accuracy" && score.figure != Score{}.figure;
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
  const bool has_test = result.has_test();
  std::vector<TextColumn> columns(std::begin(kRankingColumns), std::end(kRankingColumns));
  std::erase_if(
      columns, [&](const TextColumn& column) { return is_of_another_score(column, result.score); });
  if (!has_test) std::erase_if(columns, is_of_test);
  RankingTable table;
  for (const TextColumn& column : columns) {
    std::string title = fmt::format(fmt::runtime(column.title), short_name(result.baseline));
    if (column.name == "accuracy") title = title_of(result.score);
    if (has_test && column.name == "accuracy")
      title = fmt::format("validation{}", result.score.is_error ? " RMSE" : ", %");
    if (column.name == "test" && result.score.is_error) title = "test RMSE";
    table.columns.push_back(
        {.name = column.name, .title = std::move(title), .is_number = column.is_number});
  }
  const std::vector<std::string> labels = setting_labels(result);
  table.settings = by_rank(result);
  for (const std::size_t i : table.settings) {
    const SettingResult& setting = result.settings[i];
    const RankedRow row = {.result = setting,
                           .label = labels[i],
                           .compared = result.baseline ? setting.to_baseline : setting.to_best,
                           .score = result.score,
                           .has_test = has_test};
    std::vector<RankingCell>& cells = table.rows.emplace_back();
    for (const TextColumn& column : columns) cells.push_back(column.cell(row));
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
    rows.push_back({labels[one.setting], with_interval(result.score, summary),
                    one.to_best ? difference_text(result.score, one.to_best->difference) : "-",
                    one.to_best ? p_text(one.to_best->p_holm) : "-"});
  }
  return rows;
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
