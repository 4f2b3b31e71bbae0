#include <iterator>

#include <fmt/format.h>

#include <saltus/report.h>

#include "core/boundary.h"
#include "core/file.h"
#include "core/number.h"

namespace saltus {
namespace {

/// The figures of an epoch, in the order of the columns.
constexpr std::string_view kFigures[] = {
    "loss",     "binary_accuracy",     "categorical_accuracy",
    "val_loss", "val_binary_accuracy", "val_categorical_accuracy",
    "seconds",  "images_per_second"};

/// "alpha=0.2:beta=1": all of them, in the words of an activation's text.
std::string parameters(const Activation& activation) {
  std::string text;
  const auto& known = activation.info().parameters;
  for (std::size_t i = 0; i < known.size(); ++i) {
    fmt::format_to(std::back_inserter(text), "{}{}={}", i == 0 ? "" : ":", known[i].name,
                   activation.ref().parameters[i]);
  }
  return text;
}

/// Empty where the epoch has no such figure: clipped, without clipping.
std::string figure(const TrialResult& trial, std::string_view name, std::size_t epoch) {
  const auto values = trial.history.history.find(std::string(name));
  if (values == trial.history.history.end() || values->second.size() <= epoch) return "";
  return fmt::format("{}", written(values->second[epoch]));
}

}  // namespace

void write_history_csv(const std::filesystem::path& file, const SweepResult& result) try {
  std::string text = "activation,parameters,seed,epoch";
  for (const std::string_view name : kFigures) text += fmt::format(",{}", name);
  text += ",clipped,learning_rate,clipping,batch_size,trial\n";
  for (const SettingResult& setting : result.settings) {
    const Setting& with = setting.setting;
    for (const TrialResult& trial : setting.trials) {
      for (std::size_t epoch = 0; epoch < trial.history.epoch.size(); ++epoch) {
        text += fmt::format("{},{},{},{}", with.activation.name(), parameters(with.activation),
                            trial.seed, epoch + 1);
        for (const std::string_view name : kFigures) {
          text += fmt::format(",{}", figure(trial, name, epoch));
        }
        text +=
            fmt::format(",{},{},{},{},{}\n", figure(trial, "clipped", epoch), with.learning_rate,
                        to_string(with.clipping), with.batch_size, trial.id);
      }
    }
  }
  write_file_atomic(file, text);
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
