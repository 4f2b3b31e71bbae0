#include "sweep_console.h"

#include <algorithm>
#include <iostream>
#include <limits>
#include <set>
#include <tuple>
#include <utility>
#include <variant>

#include <fmt/format.h>
#include <unistd.h>

#include "output.h"
#include "terminal.h"
#include "text_layout.h"

namespace saltus::app {
namespace {

const std::string kAccuracy{kRankingMetric};

std::string grouped(std::int64_t number) {
  if (number < 1000) return fmt::format("{}", number);
  return fmt::format("{},{:03}", grouped(number / 1000), number % 1000);
}

std::string counted(std::size_t number, std::string_view what) {
  return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
}

std::vector<std::string> labels_of(const std::vector<Setting>& settings) {
  std::vector<std::string> labels = setting_labels(settings);
  std::size_t width = 0;
  for (const std::string& label : labels) width = std::max(width, label.size());
  for (std::string& label : labels) label = fmt::format("{:<{}}", label, width);
  return labels;
}

std::string percent(double share) {
  return fmt::format("{:.2f}", 100 * share);
}

std::string with_interval(const Summary& summary) {
  if (!summary.interval) return percent(summary.mean);
  return fmt::format("{} ± {}", percent(summary.mean),
                     percent((summary.interval->high - summary.interval->low) / 2));
}

std::string duration(double seconds) {
  if (seconds < 100) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<std::int64_t>(seconds);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

std::string p_value(double p) {
  return p < 0.001 ? "< 0.001" : fmt::format("{:.3f}", p);
}

/// The row of a setting.
std::vector<std::string> row_of(const SettingResult& result, std::string label) {
  double seconds = 0;
  for (const TrialResult& trial : result.trials) seconds += trial.seconds;
  std::vector<std::string> row = {result.rank ? fmt::to_string(*result.rank) : "-",
                                  std::move(label)};
  if (result.ok == 0) {
    row.insert(row.end(), {"-", "-", "-", "-", "-"});
  } else {
    row.push_back(with_interval(result.last.at(kAccuracy)));
    row.push_back(with_interval(result.last.at("val_binary_accuracy")));
    row.push_back(fmt::format("{} in epoch {}", percent(result.best), result.best_epoch));
    row.push_back(result.to_best ? fmt::format("{:+.2f}", 100 * result.to_best->difference) : "-");
    row.push_back(result.p_holm ? p_value(*result.p_holm) : "-");
  }
  row.push_back(duration(seconds));
  const auto diverged =
      std::count_if(result.trials.begin(), result.trials.end(),
                    [](const TrialResult& trial) { return trial.status == TrialStatus::diverged; });
  row.push_back(diverged == 0 ? std::string(to_string(result.status))
                              : fmt::format("{} of {} diverged", diverged, result.trials.size()));
  return row;
}

/// What of the data may not be what the user thinks.
void print_oddities(const ImageDataset& data) {
  if (const auto* values = std::get_if<std::vector<float>>(&data.train.pixels)) {
    const auto [least, most] = std::ranges::minmax(*values);
    print("image values are taken as they are, {} to {}: only unsigned bytes are divided by 255\n",
          least, most);
  }
  const std::set<std::int32_t> labels(data.train.labels.begin(), data.train.labels.end());
  if (labels.size() < static_cast<std::size_t>(data.classes)) {
    print("of the {} classes, labels 0 to {}, {} have no training image\n", data.classes,
          data.classes - 1, static_cast<std::size_t>(data.classes) - labels.size());
  }
}

}  // namespace

void print_plan(const SweepConfig& config, const ImageDataset& data, const SweepPlan& plan,
                std::size_t already_done, const std::filesystem::path& out) {
  print("{}: {} training and {} test images\n", data.name,
        grouped(std::min(data.train.count, config.train_limit.value_or(data.train.count))),
        grouped(std::min(data.test.count, config.test_limit.value_or(data.test.count))));
  print_oddities(data);
  print("{}: {} x {}, {} recipe, {}, {} on {}\n", counted(plan.trials.size(), "trial"),
        counted(plan.settings.size(), "setting"),
        counted(static_cast<std::size_t>(config.seeds), "seed"), to_string(config.recipe),
        to_string(config.loss), to_string(config.precision), to_string(config.device));
  if (config.libraries != Libraries{}) print("{}\n", to_string(config.libraries));
  if (already_done > 0) print("{} done before\n", counted(already_done, "trial"));
  print("results: {}\n\n", out.string());
  flush_output();
}

SweepConsole::Running::Running(bool in_place, ProgressBarOptions options)
    : bar(std::cout, in_place, std::move(options)) {}

SweepConsole::SweepConsole(const SweepPlan& plan, std::size_t already_done)
    : plan_(plan),
      labels_(labels_of(plan.settings)),
      number_(already_done),
      in_place_(isatty(STDOUT_FILENO) == 1) {}

void SweepConsole::on_trial_begin(const TrialSpec& trial) {
  const auto width = fmt::to_string(plan_.trials.size()).size();
  ProgressBarOptions options;
  options.label = fmt::format("{:>{}}/{}  {}  seed {} ", ++number_, width, plan_.trials.size(),
                              labels_[trial.setting], trial.seed);
  const bool first = running_.empty();
  running_.emplace(std::piecewise_construct, std::forward_as_tuple(trial.id),
                   std::forward_as_tuple(in_place_ && first, std::move(options)));
}

void SweepConsole::on_progress(const TrialSpec& trial, const TrialProgress& progress) {
  Running& running = running_.at(trial.id);
  const int epochs = plan_.settings[trial.setting].epochs;
  std::string text = fmt::format("epoch {}/{}", progress.epoch + 1, epochs);
  if (const auto loss = progress.logs.find("loss"); loss != progress.logs.end()) {
    text += fmt::format("  loss {:.4f}", loss->second);
  }
  if (running.last_accuracy)
    text += fmt::format("  validation {} %", percent(*running.last_accuracy));
  if (running_.size() > 1) text += fmt::format("  ({} side by side)", running_.size());
  running.bar.update(progress.epoch * progress.steps + progress.steps_done, epochs * progress.steps,
                     text);
}

void SweepConsole::on_epoch_end(const TrialSpec& trial, int /*epoch*/, const Logs& logs) {
  running_.at(trial.id).last_accuracy = logs.at(kAccuracy);
}

void SweepConsole::on_trial_end(const TrialSpec& trial, const TrialResult& result,
                                std::span<const TrialResult> /*all*/) {
  Running& running = running_.at(trial.id);
  std::string text;
  if (running.last_accuracy) text = fmt::format("validation {} %", percent(*running.last_accuracy));
  if (result.divergence) {
    text +=
        fmt::format("{}diverged: {} was not finite in epoch {}, after {}", text.empty() ? "" : ", ",
                    result.divergence->tensor, result.divergence->epoch + 1,
                    counted(static_cast<std::size_t>(result.divergence->step), "step"));
  } else if (result.status == TrialStatus::stopped) {
    text += fmt::format("{}stopped", text.empty() ? "" : ", ");
  }
  running.bar.finish(text);
  running_.erase(trial.id);
}

void print_ranking(const SweepResult& result) {
  std::vector<Setting> settings;
  for (const SettingResult& setting : result.settings) settings.push_back(setting.setting);
  const std::vector<std::string> labels = setting_labels(settings);

  std::vector<std::size_t> order(settings.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    constexpr int kLast = std::numeric_limits<int>::max();
    return result.settings[a].rank.value_or(kLast) < result.settings[b].rank.value_or(kLast);
  });

  TextTable table;
  table.add_column("rank", Align::right);
  table.add_column("activation");
  for (const char* title : {"accuracy, %", "binary accuracy, %", "best", "to first", "p", "time"}) {
    table.add_column(title, Align::right);
  }
  table.add_column("status");
  std::size_t repeats = 0;
  for (const std::size_t i : order) {
    table.add_row(row_of(result.settings[i], labels[i]));
    repeats = std::max(repeats, result.settings[i].ok);
  }
  print("\n");
  write_output(table.str(static_cast<std::size_t>(output_columns())));
  print("\nAccuracy: categorical, of the validation images after the last epoch.");
  if (repeats > 1) {
    print(
        " ±: half of the 95 % interval of the mean.\n"
        "to first, p: mean difference to the first over common seeds, paired t-test, "
        "Holm's correction.\n");
  } else {
    print("\nOne seed says nothing of chance: --seeds 5 gives intervals and tests.\n");
  }
}

}  // namespace saltus::app
