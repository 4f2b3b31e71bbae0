#include "report/report_words.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <saltus/progress.h>

#include "report/numbers.h"
#include "report/series.h"

namespace saltus {
namespace {

/// "relu diverged in 2 of 3 trials (seed 0: loss was not finite in epoch 1, after 4 steps)."
std::string divergences(const SettingResult& result, const std::string& label) {
  std::vector<std::string> each;
  for (const TrialResult& trial : result.trials) {
    if (trial.status != TrialStatus::diverged) continue;
    if (!trial.divergence) {
      each.push_back(fmt::format("seed {}: a figure was not finite", trial.seed));
      continue;
    }
    each.push_back(fmt::format("seed {}: {} was not finite in epoch {}, after {}", trial.seed,
                               trial.divergence->tensor, trial.divergence->epoch + 1,
                               counted(static_cast<std::size_t>(trial.divergence->step), "step")));
  }
  if (each.empty()) return {};
  constexpr std::size_t kMost = 3;
  const std::size_t count = each.size();
  if (count > kMost) each.resize(kMost);
  return fmt::format("{} diverged in {} of {} ({}{}).", label, count,
                     counted(result.trials.size(), "trial"), fmt::join(each, "; "),
                     count > kMost ? "; and so on" : "");
}

/// "relu was stopped: of 3 trials 1 ended, 1 was stopped after epoch 4 of 20, 1 was not begun."
std::string stops(const SettingResult& result, const std::string& label, int seeds) {
  if (result.status != TrialStatus::stopped) return {};
  std::vector<std::string> parts;
  std::size_t ended = 0;
  for (const TrialResult& trial : result.trials) {
    if (trial.status == TrialStatus::stopped) {
      parts.push_back(fmt::format("seed {} was stopped after {} of {} epochs", trial.seed,
                                  trial.history.epoch.size(), result.setting.epochs));
    } else {
      ++ended;
    }
  }
  const std::size_t planned = std::max(static_cast<std::size_t>(seeds), result.trials.size());
  const std::size_t missing = planned - result.trials.size();
  if (missing > 0) parts.push_back(fmt::format("{} not begun", counted(missing, "trial")));
  return fmt::format("{} is not complete: {} of {} ended; {}.", label, ended,
                     counted(planned, "trial"), fmt::join(parts, "; "));
}

std::string so_many_are(std::size_t count) {
  return count == 0 ? "none is" : count == 1 ? "1 is" : fmt::format("{} are", count);
}

/// How many settings are beyond chance better and worse than the reference.
std::string counts_against(const SweepResult& result) {
  const auto comparison = comparison_of(result);
  std::size_t compared = 0;
  std::size_t better = 0;
  std::size_t worse = 0;
  for (const SettingResult& setting : result.settings) {
    const auto& to = setting.*comparison;
    if (!to) continue;
    ++compared;
    if (to->p_holm < 0.05) ++(result.score.lead(to->difference, 0) > 0 ? better : worse);
  }
  if (compared == 0) {
    return "One seed says nothing of chance, so there are no intervals and no tests.";
  }
  constexpr const char* kTest = "(paired t-test, Holm's correction, p < 0.05)";
  if (result.baseline) {
    return fmt::format("Of {} compared with {}, {} better and {} worse beyond chance {}.",
                       counted(compared, "setting"), reference_of(result), so_many_are(better),
                       so_many_are(worse), kTest);
  }
  if (compared == 1) {
    return fmt::format("The other setting is {} beyond chance {}.",
                       worse == 1 ? "worse" : "not worse", kTest);
  }
  return fmt::format("Of the other {}, {} worse beyond chance {}.", counted(compared, "setting"),
                     so_many_are(worse), kTest);
}

/// A list of values; one alone as it is.
template <class Values, class Text>
std::string listed(const Values& values, Text text) {
  std::vector<std::string> texts;
  texts.reserve(values.size());
  for (const auto& value : values) texts.push_back(text(value));
  return fmt::format("{}", fmt::join(texts, ", "));
}

/// What stopped trials early, on which images, and how many it stopped.
std::string early_stopping_words(const StoredSweep& sweep) {
  const SweepConfig& config = sweep.plan.config;
  if (!config.early_stopping) return {};
  std::size_t ok = 0;
  std::vector<std::size_t> epochs;
  for (const SettingResult& setting : sweep.result.settings) {
    for (const TrialResult& trial : setting.trials) {
      if (trial.status != TrialStatus::ok) continue;
      ++ok;
      if (std::cmp_less(trial.history.epoch.size(), setting.setting.epochs))
        epochs.push_back(trial.history.epoch.size());
    }
  }
  std::string words = text_of(*config.early_stopping);
  if (config.early_stopping->monitor.starts_with("val_"))
    words += fmt::format(" on the {}", evaluated_images(sweep.plan));
  if (config.early_stopping->restore_best_weights)
    words += "; the last epoch of a trial is the one whose weights it was given back";
  if (epochs.empty()) return words + "; it stopped no trial";
  const auto [least, most] = std::ranges::minmax(epochs);
  const std::string after =
      least == most ? fmt::format("{} epochs", least) : fmt::format("{} to {} epochs", least, most);
  return words + fmt::format("; {} of {} stopped early, after {}", epochs.size(),
                             counted(ok, "trial"), after);
}

/// "10 classes", "multi-label: a, b", "regression: price".
std::string targets_text(const ImageDataset& data) {
  if (data.classes > 0) return fmt::format("{} classes", data.classes);
  return fmt::format("{}: {}", to_string(data.task), fmt::join(data.target_names, ", "));
}

/// Which numbers were standardised; empty where none were.
std::string standardisation_words(const StoredSweep& sweep) {
  const bool targets = sweep.plan.data->task == Task::regression;
  if (!sweep.plan.config.standardize && !targets) return {};
  return fmt::format("{} by mean and standard deviation over the rows that are trained on",
                     !targets                        ? "inputs"
                     : sweep.plan.config.standardize ? "inputs and targets"
                                                     : "targets");
}

/// What a score is, in a sentence or two.
std::string score_words(const Score& score) {
  if (score.is_error) {
    return "RMSE is the root of the mean squared error and MAE the mean absolute error after the "
           "last epoch, in the unit of the target, or of several targets in standard deviations of "
           "each; less is better. The loss is of standardised targets.";
  }
  if (score.figure == Score{}.figure) {
    return "Accuracy is categorical: the share of images whose largest output is the right class, "
           "after the last epoch. Binary accuracy is the share of outputs on the right side of "
           "0.5.";
  }
  if (score.name == Score{}.name) {
    return "Accuracy is binary: the share of rows whose output is on the right side of 0.5, after "
           "the last epoch.";
  }
  return "Label accuracy is the share of all labels of all rows whose output is on the right "
         "side of 0.5, after the last epoch.";
}

/// The figure that tables have beside it: "binary accuracy and ", or nothing.
std::string beside_score(const Score& score) {
  if (score.is_error) return "MAE and ";
  return score.figure == Score{}.figure ? "binary accuracy and " : "";
}

const auto kNumber = [](const auto& value) { return fmt::format("{}", value); };

}  // namespace

std::string headline(const StoredSweep& sweep) {
  const SweepConfig& config = sweep.plan.config;
  std::string words = fmt::format("{}: {}", title_of(*sweep.plan.data),
                                  config.activations.size() == 1
                                      ? config.activations.front().label()
                                      : fmt::format("{} activations", config.activations.size()));
  if (sweep.plan.settings.size() != config.activations.size()) {
    words += fmt::format(", {} settings", sweep.plan.settings.size());
  }
  return words + ", " + counted(static_cast<std::size_t>(config.seeds), "seed");
}

std::string findings(const StoredSweep& sweep) {
  const SweepResult& result = sweep.result;
  const auto best = std::ranges::find(result.settings, 1, &SettingResult::rank);
  std::string words;
  if (best == result.settings.end()) {
    const bool diverged = std::ranges::all_of(result.settings, [](const SettingResult& setting) {
      return setting.status == TrialStatus::diverged;
    });
    words = diverged
                ? "Every trial diverged, so there is nothing to rank. A lower learning rate or "
                  "clipping may help."
                : "No trial has ended well, so there is no ranking.";
  } else {
    const Score& score = result.score;
    const Summary& summary = best->last.at(score.val());
    const auto place = static_cast<std::size_t>(best - result.settings.begin());
    words = fmt::format("{} has the {} mean {} after the last epoch: {}{}",
                        setting_labels(result)[place], score.is_error ? "lowest" : "highest",
                        score.name, score_text(score, summary.mean), unit_of(score));
    const double most = score.is_error ? std::numeric_limits<double>::infinity() : 1;
    words += summary.interval
                 ? fmt::format(" (95 % interval {} to {}, {}). ",
                               score_text(score, std::max(summary.interval->low, 0.0)),
                               score_text(score, std::min(summary.interval->high, most)),
                               counted(summary.count, "seed"))
                 : std::string(". ");
    if (result.settings.size() > 1) words += counts_against(result) + " ";
    if (std::cmp_less(summary.count, kFewestSeeds))
      words += "Fewer than three seeds say nothing of chance: run more. ";
  }
  if (!words.ends_with(' ')) words += ' ';
  if (result.verdict)
    words += "Verdict: " + text_of(*result.verdict, setting_labels(result), result.score) + ' ';
  if (const auto chance = chance_level(*sweep.plan.data, Score{}.val())) {
    words += fmt::format("Chance is {:.4g} %, with {} equally frequent classes.", 100 * *chance,
                         sweep.plan.data->classes);
  }
  return words;
}

std::vector<std::string> failures(const StoredSweep& sweep) {
  const std::vector<std::string> labels = setting_labels(sweep.result);
  std::vector<std::string> sentences;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const SettingResult& result = sweep.result.settings[i];
    for (std::string& sentence : std::vector{divergences(result, labels[i]),
                                             stops(result, labels[i], sweep.plan.config.seeds)}) {
      if (!sentence.empty()) sentences.push_back(std::move(sentence));
    }
  }
  return sentences;
}

std::vector<std::pair<std::string, std::string>> conditions(const StoredSweep& sweep) {
  const SweepConfig& config = sweep.plan.config;
  const ImageDataset& data = *sweep.plan.data;
  const MachineInfo& machine = sweep.machine;
  double seconds = 0;
  std::size_t ended = 0;
  for (const SettingResult& setting : sweep.result.settings) {
    seconds += seconds_of(setting);
    for (const TrialResult& trial : setting.trials) ended += trial.status != TrialStatus::stopped;
  }
  std::vector<std::pair<std::string, std::string>> all = {
      {"data",
       fmt::format("{}: {} of {} x {} x {}, {}", title_of(data), images_text(config, data),
                   data.train.height, data.train.width, data.train.channels, targets_text(data))},
      {"standardisation", standardisation_words(sweep)},
      {"checksums (MD5)", fmt::format("training images {}, labels {}; test images {}, labels {}",
                                      data.train.images_md5, data.train.labels_md5,
                                      data.test.images_md5, data.test.labels_md5)},
      {"network", network_text(config)},
      {"loss", to_string(config.loss)},
      {"optimizer", listed(config.optimizers, [](const auto& one) { return text_of(one); })},
      {"learning rate", listed(config.learning_rates, kNumber)},
      {"schedule", listed(config.schedules, [](const auto& one) { return text_of(one); })},
      {"clipping", listed(config.clippings, [](const Clipping& one) { return to_string(one); })},
      {"batch size", listed(config.batch_sizes, kNumber)},
      {"epochs", listed(config.epochs, kNumber)},
      {"early stopping", early_stopping_words(sweep)},
      {"dropout", listed(config.dropouts, dropout_text)},
      {"initializer", listed(config.initializers, [](const auto& one) { return text_of(one); })},
      {"seeds", config.seeds == 1
                    ? fmt::to_string(config.seed)
                    : fmt::format("{} to {}", config.seed,
                                  config.seed + static_cast<std::uint64_t>(config.seeds) - 1)},
      {"trials", config.until_decided
                     ? fmt::format("{} ended", ended)
                     : fmt::format("{} of {} ended", ended, sweep.plan.trials.size())},
      {"time", fmt::format("{} of training, added up over the trials", duration_text(seconds))},
      {"precision and device",
       fmt::format("{} on {}", to_string(config.precision), to_string(config.device))},
      {"program",
       fmt::format("Saltus {}, {}, oneDNN {}", machine.version, machine.compiler, machine.onednn)},
      {"machine",
       fmt::format("{}, {} of it, {}", machine.cpu,
                   counted(static_cast<std::size_t>(machine.cores), "core"), machine.system)},
      {"GPU", machine.cuda},
      {"digest of the results",
       results_digest(sweep.result).value_or("none, as the sweep is not complete")},
  };
  std::erase_if(all, [](const auto& one) { return one.second.empty(); });
  return all;
}

std::string reading(const SweepResult& result) {
  std::string words = score_words(result.score) + ' ';
  words += result.has_test()
               ? fmt::format(
                     "Settings are ranked by training images that were held back "
                     "(validation); the test images were looked at once, and {}differences "
                     "are of them.",
                     beside_score(result.score))
               : "All are of the test images, so the order of the ranking was found on them.";
  const bool repeated = std::ranges::any_of(result.settings, [](const SettingResult& setting) {
    return std::cmp_greater_equal(setting.ok, kFewestSeeds);
  });
  if (repeated) {
    words += fmt::format(
        " ± is half of the 95 % interval of the mean over n seeds (Student's t), sd their standard "
        "deviation. Differences are to {}, {}over the seeds that both have, "
        "with the interval of a paired t-test, its p after Holm's correction, and Cohen's d in "
        "standard deviations of the differences.",
        reference_of(result), result.score.is_error ? "" : "in percentage points ");
    if (!result.baseline && !result.has_test()) {
      words +=
          " Rank 1 was chosen by these same figures, so run more seeds if a p is close to a "
          "limit.";
    }
  }
  return words;
}

std::string mistakes_text(const Confusion& confusion, std::size_t most) {
  std::vector<std::string> texts;
  for (const Mistake& mistake : largest_mistakes(confusion, most))
    texts.push_back(text_of(mistake));
  if (texts.empty()) return "No image was taken for another class.";
  return fmt::format("Most often confused: {}.", fmt::join(texts, "; "));
}

std::string reference_of(const SweepResult& result) {
  if (result.baseline) return result.baseline->label();
  const auto best = std::ranges::find(result.settings, 1, &SettingResult::rank);
  if (best == result.settings.end()) return "rank 1";
  const auto place = static_cast<std::size_t>(best - result.settings.begin());
  return fmt::format("rank 1, {}", setting_labels(result)[place]);
}

std::optional<PairedComparison> SettingResult::*comparison_of(const SweepResult& result) {
  return result.baseline ? &SettingResult::to_baseline : &SettingResult::to_best;
}

}  // namespace saltus
