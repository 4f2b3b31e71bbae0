#include <cmath>
#include <iterator>
#include <string>

#include <fmt/format.h>

#include <saltus/report.h>

#include "core/boundary.h"
#include "core/file.h"
#include "core/text.h"

namespace saltus {
namespace {

void add_rows(const std::string& setting, const TrialResult& trial, std::string& text) {
  const auto epochs = layer_diagnostics(trial.history);
  for (std::size_t epoch = 0; epoch < epochs.size(); ++epoch) {
    for (const LayerDiagnostics& layer : epochs[epoch]) {
      fmt::format_to(std::back_inserter(text), "{},{},{},{},{}", setting, trial.seed, trial.id,
                     epoch + 1, csv_field(layer.layer));
      for (const LayerFigure& figure : layer_figures()) {
        const double value = layer.*figure.value;
        text += ',';
        if (!std::isnan(value)) fmt::format_to(std::back_inserter(text), "{}", value);
      }
      text += '\n';
    }
  }
}

}  // namespace

void write_layers_csv(const std::filesystem::path& file, const SweepResult& result) try {
  std::string text = "setting,seed,trial,epoch,layer";
  for (const LayerFigure& figure : layer_figures()) text += fmt::format(",{}", figure.name);
  text += '\n';
  const std::vector<std::string> labels = setting_labels(result);
  for (std::size_t i = 0; i < labels.size(); ++i)
    for (const TrialResult& trial : result.settings[i].trials)
      add_rows(csv_field(labels[i]), trial, text);
  write_file_atomic(file, text);
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
