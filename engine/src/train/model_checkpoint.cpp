#include <cmath>
#include <limits>

#include <fmt/format.h>

#include <saltus/callbacks.h>
#include <saltus/error.h>

#include "core/boundary.h"
#include "core/file.h"
#include "train/monitor.h"
#include "train/save_clock.h"

namespace saltus {
namespace {

/// "{epoch:02d}" of a file's name.
struct Field {
  std::string name;
  std::string format;  ///< what fmt takes
};

/// A file's name as text, then a field, then text, ...: one text more than fields.
struct Pattern {
  std::vector<std::string> texts = {""};
  std::vector<Field> fields;
};

[[noreturn]] void refuse(const std::string& filepath, std::string_view why) {
  throw InvalidArgument(fmt::format("ModelCheckpoint: filepath '{}' {}", filepath, why));
}

Pattern parse(const std::string& filepath) {
  Pattern pattern;
  for (std::size_t i = 0; i < filepath.size(); ++i) {
    const char c = filepath[i];
    const bool doubled = i + 1 < filepath.size() && filepath[i + 1] == c;
    if (c != '{' && c != '}') {
      pattern.texts.back() += c;
    } else if (doubled) {
      pattern.texts.back() += c;
      ++i;
    } else {
      const std::size_t end = filepath.find('}', i);
      if (c == '}' || end == std::string::npos) {
        refuse(filepath, "has a brace without its other; write {{ or }} for one that is to stay");
      }
      const std::string field = filepath.substr(i + 1, end - i - 1);
      const std::size_t colon = std::min(field.find(':'), field.size());
      pattern.fields.push_back(
          {field.substr(0, colon), fmt::format("{{{}}}", field.substr(colon))});
      pattern.texts.emplace_back();
      i = end;
    }
  }
  return pattern;
}

class Checkpoint : public Callback {
 public:
  explicit Checkpoint(ModelCheckpoint options)
      : options_(std::move(options)),
        pattern_(parse(options_.filepath)),
        clock_(options_.save_freq, "ModelCheckpoint"),
        rises_(train::should_rise(options_.mode, options_.monitor)) {
    if (options_.filepath.empty()) refuse("", "is empty; name a file");
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    best_ = options_.initial_value_threshold.value_or(rises_ ? -kInfinity : kInfinity);
  }

  void on_train_begin(const FitInfo& info, TrainingControl& /*control*/) override {
    Logs logs;
    for (const std::string& name : info.figures) {
      // Figures of the validation are there behind an epoch only.
      if (options_.save_freq.epochs > 0 || !name.starts_with("val_")) logs[name] = 0;
    }
    if (options_.save_freq.epochs > 0) {
      for (const char* name : {"learning_rate", "seconds", "images_per_second"}) logs[name] = 0;
    }
    static_cast<void>(name_of(logs, 0));
    if (options_.save_best_only && !logs.contains(options_.monitor)) {
      train::require_figure(info, options_.monitor, "ModelCheckpoint");
      throw InvalidArgument(fmt::format(
          "ModelCheckpoint watches {}, which is known at the end of an epoch only; save by epochs, "
          "or watch another figure",
          options_.monitor));
    }
    clock_.begin();
  }
  bool wants_batches() const override { return clock_.by_batch(); }
  void on_epoch_begin(int epoch, TrainingControl& /*control*/) override { epoch_ = epoch; }
  void on_train_batch_end(std::int64_t batch, const Logs& logs, TrainingControl& control) override {
    if (clock_.is_due_after_batch()) save(logs, batch + 1, control);
  }
  void on_batches_end(std::int64_t steps_done, const Logs& logs,
                      TrainingControl& control) override {
    if (clock_.is_due_now()) save(logs, steps_done, control);
  }
  void on_epoch_end(int /*epoch*/, const Logs& logs, TrainingControl& control) override {
    if (clock_.is_due_after_epoch()) save(logs, 0, control);
  }

 private:
  void save(const Logs& logs, std::int64_t batch, TrainingControl& control) {
    if (options_.save_best_only) {
      const double value = logs.at(options_.monitor);
      if (rises_ ? !(value > best_) : !(value < best_)) return;  // a NaN never is
      best_ = value;
    }
    const std::filesystem::path file = name_of(logs, batch);
    if (file.has_parent_path()) create_folders(file.parent_path());
    if (options_.save_weights_only) {
      control.save_weights(file);
    } else {
      control.save(file);
    }
  }

  std::string name_of(const Logs& logs, std::int64_t batch) const {
    std::string name = pattern_.texts.front();
    for (std::size_t i = 0; i < pattern_.fields.size(); ++i) {
      name += value_of(pattern_.fields[i], logs, batch) + pattern_.texts[i + 1];
    }
    return name;
  }

  std::string value_of(const Field& field, const Logs& logs, std::int64_t batch) const {
    try {
      if (field.name == "epoch") return fmt::format(fmt::runtime(field.format), epoch_ + 1);
      if (field.name == "batch" && options_.save_freq.epochs == 0) {
        return fmt::format(fmt::runtime(field.format), batch);
      }
      if (const auto figure = logs.find(field.name); figure != logs.end()) {
        return fmt::format(fmt::runtime(field.format), figure->second);
      }
    } catch (const fmt::format_error& error) {
      refuse(options_.filepath,
             fmt::format("has a format of {} that cannot be: {}", field.name, error.what()));
    }
    refuse(options_.filepath,
           fmt::format("takes {}, which this training does not give then", field.name));
  }

  ModelCheckpoint options_;
  Pattern pattern_;
  train::SaveClock clock_;
  bool rises_;
  double best_ = 0;
  int epoch_ = 0;
};

}  // namespace

ModelCheckpoint::operator CallbackPtr() const try {
  return std::make_shared<Checkpoint>(*this);
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
