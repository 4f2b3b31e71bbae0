#include "sweep_console.h"

#include <algorithm>
#include <iostream>
#include <iterator>
#include <limits>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <variant>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <saltus/progress.h>
#include <saltus/report.h>

#include "output.h"
#include "terminal.h"
#include "text_layout.h"

namespace saltus::app {
namespace {

/// Of one width.
std::vector<std::string> padded_labels(const std::vector<Setting>& settings) {
  std::vector<std::string> labels = setting_labels(settings);
  std::size_t width = 0;
  for (const std::string& label : labels) width = std::max(width, label.size());
  for (std::string& label : labels) label = fmt::format("{:<{}}", label, width);
  return labels;
}

std::string percent(double share) {
  return fmt::format("{:.2f}", 100 * share);
}

bool are_numbers(const std::vector<std::string>& names) {
  return std::ranges::all_of(names, [](const std::string& name) {
    return name.find_first_not_of("-0123456789") == std::string::npos;
  });
}

/// What was understood of a table's target, and how to say otherwise.
void print_task(const ImageDataset& data) {
  switch (data.task) {
    case Task::multi_class:
      app::print("{} says which of {} classes a row is: softmax over them{}\n", data.target,
                 data.classes,
                 are_numbers(data.class_names) ? "; --task regression takes it as a number" : "");
      break;
    case Task::binary:
      app::print("{} says which of two classes a row is: one sigmoid unit for the class {}\n",
                 data.target, data.class_names[1]);
      break;
    case Task::multi_label:
      app::print("{}: a sigmoid unit for each; --task regression takes them as numbers\n",
                 data.target_names.size() == 1
                     ? fmt::format("{} is a label, 0 or 1", data.target)
                     : fmt::format("{} are {} labels, each 0 or 1", data.target,
                                   data.target_names.size()));
      break;
    case Task::regression:
      app::print("{} {}: regression, linear output, ranked by RMSE; {}\n", data.target,
                 data.target_names.size() == 1 ? "is a number" : "are numbers",
                 data.target_names.size() == 1
                     ? "--task classification for classes"
                     : "as these have units of their own, errors are in standard deviations");
      break;
  }
}

/// Properties of the data that the user may not expect.
void print_oddities(const ImageDataset& data, bool standardized) {
  const auto* values = std::get_if<std::vector<float>>(&data.train.pixels);
  if (standardized) {
    print("each {} is standardised by its mean and standard deviation over what is trained on\n",
          data.target.empty() ? "channel" : "column");
  } else if (values != nullptr) {
    const auto [least, most] = std::ranges::minmax(*values);
    print("image values are taken as they are, {} to {}: only unsigned bytes are divided by 255\n",
          least, most);
  }
  if (!data.target.empty() && data.test_source.empty()) {
    print("the last {} rows of {} are the test rows, as there is no --test\n",
          grouped(data.test.count), data.source);
  }
  if (!data.target.empty()) print_task(data);
  if (!data.class_names.empty()) {
    constexpr std::size_t kShown = 20;
    const std::size_t shown = std::min(kShown, data.class_names.size());
    app::print("classes, from number 0: {}{}\n",
               fmt::join(std::span(data.class_names).first(shown), ", "),
               shown < data.class_names.size() ? ", ..." : "");
  }
  const std::set<std::int32_t> labels(data.train.labels.begin(), data.train.labels.end());
  if (data.classes > 0 && labels.size() < static_cast<std::size_t>(data.classes)) {
    print("of the {} classes, labels 0 to {}, {} have no training image\n", data.classes,
          data.classes - 1, static_cast<std::size_t>(data.classes) - labels.size());
  }
}

}  // namespace

void print_plan(const SweepPlan& plan, std::size_t already_done, const std::filesystem::path& out) {
  const SweepConfig& config = plan.config;
  const ImageDataset& data = *plan.data;
  print("{}: {}\n", data.name, images_text(config, data));
  print_oddities(data, config.standardize);
  const std::string seeds = counted(static_cast<std::size_t>(config.seeds), "seed");
  const std::string size = config.until_decided
                               ? fmt::format("until decided: {} with {} at first",
                                             counted(plan.settings.size(), "setting"), seeds)
                               : fmt::format("{}: {} x {}", counted(plan.trials.size(), "trial"),
                                             counted(plan.settings.size(), "setting"), seeds);
  print("{}, {}, {}, {} on {}\n", size, network_text(config), to_string(config.loss),
        to_string(config.precision), to_string(config.device));
  if (config.libraries != Libraries{}) print("{}\n", to_string(config.libraries));
  if (already_done > 0) print("{} done before\n", counted(already_done, "trial"));
  print("results: {}\n\n", out.string());
  flush_output();
}

/// The line of a trial that runs.
class SweepConsole::Line : public Callback {
 public:
  Line(SweepConsole& console, int epochs, bool in_place, ProgressBarOptions options)
      : console_(console),
        epochs_(epochs),
        label_(options.label),
        bar_(std::cout, in_place, std::move(options)) {}

  void on_train_begin(const FitInfo& info, TrainingControl& control) override {
    steps_ = info.steps_per_epoch;
    const History& history = control.history();
    if (history.epoch.empty()) return;
    // It continues an earlier run that was stopped.
    done_ = static_cast<double>(history.epoch.size());
    last_score_ = history.at(console_.score_.val()).back();
    console_.epochs_to_run_ -= done_;
    console_.epochs_ended_ -= done_;
    if (console_.in_place_) return;  // the bar shows it
    app::print("{}  continues after {}\n", label_, counted(history.epoch.size(), "epoch"));
    flush_output();
  }

  void on_epoch_begin(int epoch, TrainingControl& /*control*/) override { epoch_ = epoch; }

  void on_batches_end(std::int64_t steps_done, const Logs& logs,
                      TrainingControl& /*control*/) override {
    done_ = epoch_ + static_cast<double>(steps_done) / static_cast<double>(steps_);
    if (const auto loss = logs.find("loss"); loss != logs.end()) loss_ = loss->second;
    std::vector<std::string> fields = with_time_left();
    if (const std::size_t lines = console_.lines_.size(); lines > 1) {
      fields.push_back(fmt::format("{} side by side", lines));
    }
    bar_.update(epoch_ * steps_ + steps_done, epochs_ * steps_, fields);
  }

  void on_epoch_end(int epoch, const Logs& logs, TrainingControl& /*control*/) override {
    done_ = epoch + 1;
    loss_ = logs.at("loss");
    last_score_ = logs.at(console_.score_.val());
    if (console_.in_place_ || epoch + 1 == epochs_) return;  // the trial's own line comes next
    app::print("{}  {}\n", label_, fmt::join(with_time_left(), "  "));
    flush_output();
  }

  void finish(const TrialResult& result) {
    if (result.restored_epoch) {
      loss_ = result.history.at("loss")[result.final_epoch()];
      last_score_ = result.history.at(console_.score_.val())[result.final_epoch()];
    }
    std::vector<std::string> fields = figures();
    if (result.divergence) {
      fields.push_back(
          fmt::format("diverged: {} was not finite in epoch {}, after {}",
                      result.divergence->tensor, result.divergence->epoch + 1,
                      counted(static_cast<std::size_t>(result.divergence->step), "step")));
    } else if (result.status == TrialStatus::stopped) {
      fields.emplace_back("stopped");
    } else {
      fields.push_back(counted(result.history.epoch.size(), "epoch"));
      if (result.restored_epoch)
        fields.push_back(fmt::format("weights of epoch {}", *result.restored_epoch + 1));
    }
    bar_.finish(fields);
  }

  /// Epochs that are done, with the part of the one at hand.
  double done() const { return done_; }

 private:
  std::vector<std::string> figures() const {
    std::vector<std::string> fields;
    if (loss_) fields.push_back(fmt::format("loss {:.4f}", *loss_));
    if (last_score_) {
      const bool split = console_.plan_.config.validation_split > 0;
      const bool error = console_.score_.is_error;
      fields.push_back(
          fmt::format("{}{} {}", split ? "val" : "test", error ? " RMSE" : "",
                      error ? fmt::format("{:.{}f}", *last_score_, *last_score_ < 1000 ? 4 : 0)
                            : percent(*last_score_) + " %"));
    }
    return fields;
  }

  std::vector<std::string> with_time_left() const {
    std::vector<std::string> fields = figures();
    fields.push_back(fmt::format("epoch {}/{}", epoch_ + 1, epochs_));
    if (std::string left = console_.time_left(); !left.empty()) fields.push_back(std::move(left));
    return fields;
  }

  SweepConsole& console_;
  int epochs_;
  std::string label_;
  ProgressBar bar_;
  std::int64_t steps_ = 0;
  int epoch_ = 0;
  double done_ = 0;
  std::optional<double> loss_;        ///< over its epoch so far
  std::optional<double> last_score_;  ///< of what is looked at after each epoch
};

SweepConsole::SweepConsole(const SweepPlan& plan, std::span<const TrialResult> done)
    : plan_(plan),
      score_(score_of(plan.data->task)),
      names_(setting_labels(plan.settings)),
      labels_(padded_labels(plan.settings)),
      number_(done.size()),
      several_seeds_(plan.trials.size() > plan.settings.size()),
      in_place_(can_redraw(STDOUT_FILENO)),
      ascii_(!shows_unicode()),
      start_(Clock::now()) {
  if (plan.config.until_decided) return;  // nobody knows
  std::set<std::string> ids;
  for (const TrialResult& result : done) ids.insert(result.id);
  for (const TrialSpec& trial : plan.trials) {
    if (!ids.contains(trial.id)) epochs_to_run_ += plan.setting_of(trial).epochs;
  }
}

SweepConsole::~SweepConsole() = default;

std::string SweepConsole::time_left() const {
  double epochs = epochs_ended_;
  for (const auto& [id, line] : lines_) epochs += line->done();
  const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
  if (epochs <= 0 || epochs >= epochs_to_run_) return {};
  return "eta " + short_duration(seconds / epochs * (epochs_to_run_ - epochs));
}

CallbackPtr SweepConsole::callback(const TrialSpec& trial) {
  if (lines_.contains(trial.id)) {  // the device had no room for so many side by side
    number_ -= lines_.size();
    lines_.clear();
  }
  const auto width = fmt::to_string(plan_.trials.size()).size();
  ProgressBarOptions options;
  options.unit = ProgressUnit::none;
  options.ascii = ascii_;
  options.label = fmt::format("{:>{}}", ++number_, width);
  if (!plan_.config.until_decided) options.label += fmt::format("/{}", plan_.trials.size());
  options.label += "  " + labels_[trial.setting];
  if (several_seeds_) options.label += fmt::format("  seed {}", trial.seed);
  const bool first = lines_.empty();
  return lines_[trial.id] = std::make_shared<Line>(*this, plan_.setting_of(trial).epochs,
                                                   in_place_ && first, std::move(options));
}

void SweepConsole::end(const TrialSpec& trial, const TrialResult& result) {
  lines_.at(trial.id)->finish(result);
  lines_.erase(trial.id);
  // A trial that stopped early, or diverged, leaves the rest of its epochs to nobody.
  const auto done = static_cast<double>(result.history.epoch.size());
  epochs_ended_ += done;
  epochs_to_run_ -= plan_.setting_of(trial).epochs - done;
}

void SweepConsole::end_round(const Verdict& standings) {
  if (!standings.leader) return;
  std::vector<std::string> open;
  std::vector<std::string> equal;
  for (std::size_t i = 0; i < labels_.size(); ++i) {
    const Standing standing = standings.settings[i].standing;
    if (standing == Standing::open) open.push_back(names_[i]);
    if (standing == Standing::equal) equal.push_back(names_[i]);
  }
  std::string text = names_[*standings.leader] + " leads";
  if (!equal.empty()) text += fmt::format("; equal: {}", fmt::join(equal, ", "));
  if (!open.empty()) text += fmt::format("; open: {}", fmt::join(open, ", "));
  print("{}\n", text);
  flush_output();
}

void print_verdict(const SweepResult& result) {
  if (!result.verdict) return;
  print("\n{}",
        entry("", "verdict: " + text_of(*result.verdict, setting_labels(result), result.score), 0,
              static_cast<std::size_t>(text_columns())));
}

namespace {

/// The columns that a terminal has room for.
constexpr std::string_view kColumns[] = {
    "rank",       "setting", "accuracy",   "test", "binary_accuracy", "mean_absolute_error", "best",
    "difference", "p",       "new_images", "time", "status"};

/// A text in characters that the terminal shows.
std::string shown(std::string text) {
  const auto replace = [&](std::string_view character, const std::string& by) {
    for (std::size_t at = text.find(character); at != std::string::npos; at = text.find(character))
      text.replace(at, character.size(), by);
  };
  if (std::string_view(plus_minus()) != "±") replace("±", plus_minus());
  replace("−", "-");
  return text;
}

bool shows_stopped_trials(const SweepResult& result) {
  return std::ranges::any_of(result.settings, [](const SettingResult& setting) {
    return setting.ok == 0 && std::ranges::any_of(setting.trials, [](const TrialResult& trial) {
             return trial.status == TrialStatus::stopped && !trial.history.epoch.empty();
           });
  });
}

/// Under the ranking: what its figures are; `difference` is the title of that column.
std::string legend_of(const SweepResult& result, const std::string& difference) {
  const bool has_test = result.has_test();
  const Score& score = result.score;
  const std::string beside = score.is_error                   ? "MAE and "
                             : score.figure == Score{}.figure ? "binary accuracy and "
                                                              : "";
  std::string legend;
  if (has_test) {
    legend = fmt::format(
        "Validation: {} on the training images that were held back, after the last epoch; they "
        "rank, and best is of them. Test: on the test images, looked at once; {}differences are of "
        "them.",
        score.name, beside);
  } else {
    legend = fmt::format(
        "{} of the test images after the last epoch. They rank, too, so the first is flattered; "
        "--validation-split 0.1 ranks by other images.",
        score.is_error                   ? "RMSE, root of the mean squared error, and MAE, mean "
                                           "absolute error,"
        : score.figure == Score{}.figure ? "Accuracy: categorical,"
        : score.name == Score{}.name     ? "Accuracy: the share of rows on the right side of 0.5,"
                                         : "Label accuracy: the share of labels that are right,");
  }
  if (shows_stopped_trials(result)) {
    legend +=
        " A setting without a rank shows its trial that came furthest, after the epoch that its "
        "status names.";
  }
  const std::size_t repeats = std::ranges::max_element(result.settings, {}, &SettingResult::ok)->ok;
  if (std::cmp_less(repeats, kFewestSeeds)) {
    return legend + fmt::format(" {} nothing of chance: --seeds 5 gives intervals and tests.",
                                repeats > 1 ? "Two seeds say" : "One seed says");
  }
  legend += fmt::format(
      " {}: half of the 95 % interval of the mean. {}, p: mean difference to {} over common seeds, "
      "paired t-test, Holm's correction.",
      plus_minus(), difference, result.baseline ? result.baseline->label() : "the first");
  const bool new_images = std::ranges::any_of(result.settings, [&](const SettingResult& setting) {
    const auto& compared = result.baseline ? setting.to_baseline : setting.to_best;
    return compared && compared->new_images;
  });
  if (new_images)
    legend += " On new images: its 95 % interval where the images are drawn anew, too.";
  return legend;
}

/// Each activation at its best hyper-parameters.
void print_activations(const SweepResult& result) {
  if (result.activations.size() < 2) return;
  const bool has_test = result.has_test();
  TextTable table;
  table.add_column("activation at its best");
  const std::string figure = has_test ? "test" : std::string(result.score.name);
  for (const std::string& title :
       {figure + (result.score.is_error ? "" : ", %"), std::string("to first"), std::string("p")})
    table.add_column(title, Align::right);
  for (const std::vector<std::string>& cells : activations_table(result)) {
    std::vector<std::string> row;
    row.reserve(cells.size());
    for (const std::string& cell : cells) row.push_back(shown(cell));
    table.add_row(std::move(row));
  }
  print("\n");
  write_output(table.str(static_cast<std::size_t>(output_columns())));
  print("\n{}",
        entry("",
              fmt::format("Each activation with the values that rank best for it, chosen on the {} "
                          "images; p corrected for the number of activations.",
                          has_test ? "validation" : "test"),
              0, static_cast<std::size_t>(text_columns())));
}

/// The classes that the best setting confuses most.
void print_mistakes(const SweepResult& result) {
  constexpr std::size_t kMost = 3;
  const auto best = std::ranges::find(result.settings, 1, &SettingResult::rank);
  if (best == result.settings.end()) return;
  std::vector<std::string> texts;
  for (const Mistake& mistake : largest_mistakes(best->confusion, kMost))
    texts.push_back(text_of(mistake));
  if (texts.empty()) return;
  const auto place = static_cast<std::size_t>(best - result.settings.begin());
  print("\n{}", entry("",
                      fmt::format("Most often confused by {}: {}.", setting_labels(result)[place],
                                  fmt::join(texts, "; ")),
                      0, static_cast<std::size_t>(text_columns())));
}

/// What is wrong in layers; the report has all of it.
void print_diagnostics(const SweepResult& result) {
  constexpr std::size_t kMost = 5;
  const std::vector<std::string> sentences = diagnostics_sentences(result);
  if (sentences.empty()) return;
  print("\n");
  const auto columns = static_cast<std::size_t>(text_columns());
  for (std::size_t i = 0; i < std::min(sentences.size(), kMost); ++i)
    print("{}", entry("", shown(sentences[i]), 0, columns));
  if (sentences.size() > kMost)
    print("{}", entry("", fmt::format("And {} more in {}.", sentences.size() - kMost, kReportFile),
                      0, columns));
}

}  // namespace

void print_ranking(const SweepResult& result) {
  const RankingTable ranking = ranking_table(result);
  TextTable table;
  std::vector<std::size_t> columns;
  std::string difference;
  for (const std::string_view name : kColumns) {
    const auto column = std::ranges::find(ranking.columns, name, &RankingColumn::name);
    if (column == ranking.columns.end()) continue;
    columns.push_back(static_cast<std::size_t>(column - ranking.columns.begin()));
    table.add_column(column->title, column->is_number ? Align::right : Align::left);
    if (name == "difference") difference = column->title;
  }
  for (const std::vector<RankingCell>& cells : ranking.rows) {
    std::vector<std::string> row;
    row.reserve(columns.size());
    for (const std::size_t column : columns) row.push_back(shown(cells[column].text));
    table.add_row(std::move(row));
  }
  print("\n");
  write_output(table.str(static_cast<std::size_t>(output_columns())));
  print("\n{}",
        entry("", legend_of(result, difference), 0, static_cast<std::size_t>(text_columns())));
  print_activations(result);
  print_mistakes(result);
  print_diagnostics(result);
}

}  // namespace saltus::app
