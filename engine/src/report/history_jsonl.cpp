#include <limits>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <saltus/report.h>

#include "core/boundary.h"
#include "core/file.h"
#include "report/history_log.h"
#include "report/json.h"
#include "report/sweep_texts.h"

namespace saltus {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kHistoryFormat = "saltus-history";

/// The keys of an epoch's line; every other one is a figure.
const std::set<std::string, std::less<>> kEpochKeys = {"trial", "setting", "seed", "epoch"};

constexpr double kNotKnown = std::numeric_limits<double>::quiet_NaN();

Json line_of(const TrialSpec& trial, const std::vector<std::string>& labels) {
  return {{"trial", trial.id}, {"setting", labels[trial.setting]}, {"seed", trial.seed}};
}

std::string epoch_line(const TrialSpec& trial, const std::vector<std::string>& labels, int epoch,
                       const Logs& logs) {
  Json line = line_of(trial, labels);
  line["epoch"] = epoch + 1;
  for (const auto& [name, value] : logs) line[name] = json_of(value);
  return line.dump();
}

std::string end_line(const TrialSpec& trial, const std::vector<std::string>& labels,
                     const TrialResult& result) {
  Json line = line_of(trial, labels);
  line.update(end_of(result));
  return line.dump();
}

/// The lines of a trial that ended before.
void add_lines(const TrialSpec& trial, const std::vector<std::string>& labels,
               const TrialResult& result, std::string& text) {
  for (std::size_t i = 0; i < result.history.epoch.size(); ++i) {
    text += epoch_line(trial, labels, result.history.epoch[i], result.history.logs(i)) + '\n';
  }
  text += end_line(trial, labels, result) + '\n';
}

std::string first_line() {
  return Json{{"format", kHistoryFormat}, {"version", kSchemaVersion}}.dump() + '\n';
}

std::string beginning(const SweepPlan& plan, const std::vector<std::string>& labels,
                      std::span<const TrialResult> done) {
  std::map<std::string, const TrialSpec*> specs;
  for (const TrialSpec& trial : plan.trials) specs[trial.id] = &trial;
  std::string text = first_line();
  for (const TrialResult& result : done) {
    const auto spec = specs.find(result.id);
    if (spec != specs.end()) add_lines(*spec->second, labels, result, text);
  }
  return text;
}

/// Puts trials together again, line by line.
class HistoryReader {
 public:
  void read(const ReadJson& line) {
    const std::string& id = line.at("trial").get_ref<const std::string&>();
    TrialResult& trial = unfinished_[id];
    trial.id = id;
    trial.seed = whole<std::uint64_t>(line.at("seed"));
    if (line.contains("epoch")) {
      read_epoch(line, trial);
      return;
    }
    const std::int64_t epochs = read_end(line, trial);
    if (!std::cmp_equal(trial.history.epoch.size(), epochs)) {
      throw InvalidArgument(fmt::format("trial {} ends after {} epochs, but {} came before", id,
                                        epochs, trial.history.epoch.size()));
    }
    finished_[id] = std::move(trial);
    unfinished_.erase(id);
  }

  /// All trials, those without an end last.
  std::vector<TrialResult> take() {
    std::vector<TrialResult> all;
    for (auto& [id, trial] : finished_) all.push_back(std::move(trial));
    for (auto& [id, trial] : unfinished_) all.push_back(std::move(trial));
    return all;
  }

 private:
  static void read_epoch(const ReadJson& line, TrialResult& trial) {
    History& history = trial.history;
    const int epoch = whole<int>(line.at("epoch"));
    if (epoch == 1) history = {};  // begun again by a later run
    if (!std::cmp_equal(history.epoch.size() + 1, epoch)) {
      throw InvalidArgument(fmt::format("epoch {} of trial {} comes after {} of its epochs", epoch,
                                        trial.id, history.epoch.size()));
    }
    history.epoch.push_back(epoch - 1);
    for (const auto& [name, value] : line.get_ref<const ReadJson::object_t&>()) {
      if (kEpochKeys.contains(name)) continue;
      std::vector<double>& values = history.history[name];
      // A trial may have been continued with diagnostics or without.
      if (is_layer_figure(name)) values.resize(history.epoch.size() - 1, kNotKnown);
      values.push_back(figure_of(value));
    }
    for (auto& [name, values] : history.history) {
      if (is_layer_figure(name)) values.resize(history.epoch.size(), kNotKnown);
      if (values.size() != history.epoch.size()) {
        throw InvalidArgument(fmt::format("{} is not in all epochs of trial {}", name, trial.id));
      }
    }
  }

  std::map<std::string, TrialResult> finished_;
  std::map<std::string, TrialResult> unfinished_;
};

}  // namespace

std::string history_text(const TrialSpec& trial, const std::vector<std::string>& labels,
                         const TrialResult& result) {
  std::string text = first_line();
  add_lines(trial, labels, result, text);
  return text;
}

HistoryLog::HistoryLog(const std::filesystem::path& file, const SweepPlan& plan,
                       std::span<const TrialResult> done)
    : file_(file), labels_(setting_labels(plan.settings)) {
  beginning_.emplace(file, beginning(plan, labels_, done));
}

void HistoryLog::begin() {
  beginning_->publish();
  beginning_.reset();
  lines_.emplace(file_);
}

void HistoryLog::add_epoch(const TrialSpec& trial, int epoch, const Logs& logs) {
  lines_->append(epoch_line(trial, labels_, epoch, logs));
  // An epoch of milliseconds is not worth waiting for the disk.
  if (Clock::now() - synced_ < std::chrono::seconds(1)) return;
  lines_->sync();
  synced_ = Clock::now();
}

void HistoryLog::add_end(const TrialSpec& trial, const TrialResult& result) {
  lines_->append(end_line(trial, labels_, result));
  lines_->sync();
  synced_ = Clock::now();
}

std::vector<TrialResult> parse_history_jsonl(std::string_view text, const std::string& name) {
  HistoryReader reader;
  std::size_t number = 0;
  while (!text.empty() || number == 0) {
    ++number;
    const std::size_t end = text.find('\n');
    const bool torn = end == std::string_view::npos;
    understand(fmt::format("{}, line {}", name, number), [&] {
      const ReadJson line = parse_json(text.substr(0, end), number == 1 || !torn);
      if (number == 1) {
        check_format(line, kHistoryFormat, kSchemaVersion);
      } else if (!line.is_discarded()) {  // its writer was stopped in the middle of it
        reader.read(line);
      }
    });
    text.remove_prefix(torn ? text.size() : end + 1);
  }
  return reader.take();
}

std::vector<TrialResult> read_history_jsonl(const std::filesystem::path& file) try {
  return parse_history_jsonl(read_file(file, kMaxFileBytes), file.string());
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
