#include <iterator>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include <saltus/report.h>

#include "core/boundary.h"
#include "core/file.h"
#include "core/text.h"
#include "report/numbers.h"

namespace saltus {
namespace {

/// The pairs of classes that occurred.
void add_rows(const Confusion& confusion, std::string_view setting, std::string_view seed,
              std::string_view trial, std::string& text) {
  for (std::size_t label = 0; label < confusion.classes; ++label) {
    for (std::size_t predicted = 0; predicted < confusion.classes; ++predicted) {
      const double count = confusion.at(label, predicted);
      if (count == 0) continue;
      fmt::format_to(std::back_inserter(text), "{},{},{},{},{},{}\n", setting, seed, trial, label,
                     predicted, count);
    }
  }
}

}  // namespace

void write_confusion_csv(const std::filesystem::path& file, const SweepResult& result) try {
  if (!has_classes(result.score)) return;
  std::string text = "setting,seed,trial,label,predicted,images\n";
  const std::vector<std::string> labels = setting_labels(result);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const SettingResult& setting = result.settings[i];
    const std::string name = csv_field(labels[i]);
    add_rows(setting.confusion, name, "mean", "", text);
    for (const TrialResult& trial : setting.trials)
      add_rows(trial.confusion, name, fmt::to_string(trial.seed), trial.id, text);
  }
  write_file_atomic(file, text);
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
