#include <algorithm>
#include <iterator>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <saltus/report.h>

#include "core/boundary.h"
#include "core/file.h"
#include "core/number.h"
#include "core/text.h"
#include "formula/definition.h"
#include "report/learned_parameters.h"

namespace saltus {
namespace {

/// "alpha=0.2:beta=1 learned": all of them, in the words of an activation's text.
std::string parameters(const Activation& activation) {
  std::string text;
  const auto& known = activation.info().parameters;
  for (std::size_t i = 0; i < known.size(); ++i) {
    fmt::format_to(std::back_inserter(text), "{}{}={}{}", i == 0 ? "" : ":", known[i].name,
                   activation.ref().parameters[i], formula::text_of(activation.learned(i)));
  }
  return text;
}

/// An epoch of a trial.
struct HistoryRow {
  const Setting& setting;
  const TrialResult& trial;
  std::size_t epoch;
};

/// Empty if the epoch has no such figure: clipped, without clipping.
std::string figure(const HistoryRow& row, std::string_view name) {
  const auto values = row.trial.history.history.find(std::string(name));
  if (values == row.trial.history.history.end() || values->second.size() <= row.epoch) return "";
  return fmt::format("{}", written(values->second[row.epoch]));
}

struct Column {
  std::string_view name;
  std::string (*value)(const HistoryRow& row, std::string_view name);
};

/// docs/sweep-output.md says what each of them is.
constexpr Column kColumns[] = {
    {"activation",
     [](const HistoryRow& row, auto) { return csv_field(row.setting.activation.name()); }},
    {"parameters", [](const HistoryRow& row, auto) { return parameters(row.setting.activation); }},
    {"seed", [](const HistoryRow& row, auto) { return fmt::to_string(row.trial.seed); }},
    {"epoch", [](const HistoryRow& row, auto) { return fmt::to_string(row.epoch + 1); }},
    {"loss", figure},
    {"binary_accuracy", figure},
    {"categorical_accuracy", figure},
    {"val_loss", figure},
    {"val_binary_accuracy", figure},
    {"val_categorical_accuracy", figure},
    {"seconds", figure},
    {"images_per_second", figure},
    {"clipped", figure},
    {"initializer", [](const HistoryRow& row, auto) { return text_of(row.setting.initializer); }},
    {"batch_norm", [](const HistoryRow& row,
                      auto) { return std::string(row.setting.batch_norm ? "yes" : "no"); }},
    {"dropout", [](const HistoryRow& row, auto) { return dropout_text(row.setting.dropout); }},
    {"optimizer", [](const HistoryRow& row, auto) { return text_of(row.setting.optimizer); }},
    {"learning_rate",
     [](const HistoryRow& row, auto) { return fmt::to_string(row.setting.learning_rate); }},
    {"schedule", [](const HistoryRow& row, auto) { return saltus::text_of(row.setting.schedule); }},
    {"ema_momentum",
     [](const HistoryRow& row, auto) { return fmt::to_string(row.setting.ema_momentum); }},
    {"clipping", [](const HistoryRow& row, auto) { return to_string(row.setting.clipping); }},
    {"batch_size",
     [](const HistoryRow& row, auto) { return fmt::to_string(row.setting.batch_size); }},
    {"trial", [](const HistoryRow& row, auto) { return row.trial.id; }},
};

/// Those of other scores than that of classes instead.
constexpr Column kErrors[] = {{"root_mean_squared_error", figure}, {"mean_absolute_error", figure}};
constexpr Column kValidationErrors[] = {{"val_root_mean_squared_error", figure},
                                        {"val_mean_absolute_error", figure}};

/// Those of the task's figures, and one for each learned parameter.
std::vector<Column> columns_of(const Score& score, const std::set<std::string>& learned) {
  std::vector<Column> columns(std::begin(kColumns), std::end(kColumns));
  const auto insert_behind = [&](std::string_view name, std::span<const Column> more) {
    const auto place = std::ranges::find(columns, name, &Column::name);
    columns.insert(place + 1, more.begin(), more.end());
  };
  if (score.is_error) {
    insert_behind("loss", kErrors);
    insert_behind("val_loss", kValidationErrors);
  }
  std::erase_if(columns, [&](const Column& column) {
    return (column.name.ends_with("binary_accuracy") && score.is_error) ||
           (column.name.ends_with("categorical_accuracy") && score.figure != Score{}.figure);
  });
  for (const std::string& name : learned) columns.push_back({name, figure});
  return columns;
}

/// A line of what `cell` gives for each column.
std::string line_of(const std::vector<Column>& columns, const auto& cell) {
  std::string line;
  for (const Column& column : columns) line += cell(column) + ',';
  line.back() = '\n';
  return line;
}

}  // namespace

void write_history_csv(const std::filesystem::path& file, const SweepResult& result) try {
  const std::set<std::string> learned = learned_parameters(result);
  const std::vector<Column> columns = columns_of(result.score, learned);
  std::string text = line_of(columns, [](const Column& column) { return csv_field(column.name); });
  for (const SettingResult& setting : result.settings) {
    for (const TrialResult& trial : setting.trials) {
      for (std::size_t epoch = 0; epoch < trial.history.epoch.size(); ++epoch) {
        const HistoryRow row = {.setting = setting.setting, .trial = trial, .epoch = epoch};
        text +=
            line_of(columns, [&](const Column& column) { return column.value(row, column.name); });
      }
    }
  }
  write_file_atomic(file, text);
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
