#include "sweep/trial_files.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <string_view>
#include <system_error>
#include <utility>

#include <saltus/error.h>

#include "core/file.h"
#include "train/model_file.h"

namespace saltus {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

constexpr std::string_view kExtension = ".safetensors";

/// So many times what a save takes must pass before the next: it costs one percent.
constexpr double kLeastShare = 100;

}  // namespace

class TrialFiles::Keeper : public Callback {
 public:
  Keeper(TrialFiles& files, const TrialSpec& trial, int epochs)
      : files_(files), id_(trial.id), epochs_(epochs) {
    const TrialPlace* place = files.found(id_);
    if (place == nullptr) return;
    const auto accuracy = place->history.history.find(std::string(kRankingMetric));
    if (accuracy == place->history.history.end()) return;
    for (const double value : accuracy->second) best_ = std::max(best_, value);
  }

  void on_train_begin(const FitInfo& /*info*/, TrainingControl& control) override {
    if (files_.found(id_) != nullptr) control.restore(files_.state_file(id_));
  }
  void on_batches_end(std::int64_t /*steps_done*/, const Logs& /*logs*/,
                      TrainingControl& control) override {
    files_.begin();
    const double least = std::min(files_.interval_, kLeastShare * cost_);
    if (seconds_since(saved_) >= std::max(least, files_.interval_ / 6)) save(control);
  }
  void on_epoch_end(int epoch, const Logs& logs, TrainingControl& control) override {
    const bool last = epoch + 1 == epochs_;
    const double accuracy = logs.at(std::string(kRankingMetric));
    const bool better = accuracy > best_;
    best_ = std::max(best_, accuracy);
    if (files_.save_ == SavedModels::last ? last : files_.save_ == SavedModels::best && better) {
      create_folders(files_.folder_ / "models");
      control.save((files_.folder_ / "models" / id_) += kExtension);
    }
  }
  void on_train_end(TrainingControl& control) override {
    if (control.interrupted() && files_.begun_) save(control);
  }

 private:
  void save(TrainingControl& control) {
    const Clock::time_point start = Clock::now();
    create_folders(files_.folder_ / "states");
    control.save(files_.state_file(id_));
    saved_ = Clock::now();
    cost_ = std::chrono::duration<double>(saved_ - start).count();
  }

  TrialFiles& files_;
  std::string id_;
  int epochs_;
  Clock::time_point saved_ = Clock::now();
  double cost_ = 0;  ///< seconds that the last save took
  double best_ = -std::numeric_limits<double>::infinity();
};

TrialFiles::TrialFiles(const SweepOptions& options, std::span<const TrialSpec> to_run)
    : folder_(options.folder),
      save_(options.save),
      interval_(options.save_interval),
      resume_(options.resume) {
  if (!resume_) return;
  for (const TrialSpec& trial : to_run) {
    std::error_code error;
    if (!fs::exists(state_file(trial.id), error)) continue;
    try {
      train::ModelFile file = train::read_model(state_file(trial.id));
      found_[trial.id] = {std::move(file.state.position), std::move(file.state.history)};
    } catch (const DataError&) {
      // It was cut off, or another version wrote it.
    }
  }
}

const TrialPlace* TrialFiles::found(const std::string& id) const {
  const auto place = found_.find(id);
  return place == found_.end() ? nullptr : &place->second;
}

CallbackPtr TrialFiles::keeper(const TrialSpec& trial, int epochs) {
  if (folder_.empty()) return nullptr;
  return std::make_shared<Keeper>(*this, trial, epochs);
}

void TrialFiles::finish(const std::string& id) {
  if (folder_.empty()) return;
  remove_file(state_file(id));
  std::error_code ignored;
  fs::remove(folder_ / "states", ignored);  // if it was the last
}

fs::path TrialFiles::state_file(const std::string& id) const {
  return (folder_ / "states" / id) += kExtension;
}

void TrialFiles::begin() {
  if (std::exchange(begun_, true)) return;
  remove_files(folder_ / "states", [&](const fs::directory_entry& entry) {
    const fs::path& path = entry.path();
    return path.extension() != kExtension || !found_.contains(path.stem().string());
  });
  remove_files(folder_ / "models", [&](const fs::directory_entry& entry) {
    const std::string name = entry.path().filename().string();
    return target_of_pending(name).ends_with(kExtension) ||
           (!resume_ && entry.path().extension() == kExtension);
  });
}

}  // namespace saltus
