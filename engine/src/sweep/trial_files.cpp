#include "sweep/trial_files.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include <saltus/error.h>

#include "core/clock.h"
#include "core/file.h"
#include "sweep/trial_model.h"
#include "train/model_file.h"

namespace saltus {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::string_view kExtension = ".safetensors";

/// Changes the last layer, kernel [inputs][targets] and bias, of a network that learned
/// standardised targets, so that it gives them in their own unit.
void give_units_back(const FeatureMoments& targets, std::vector<std::vector<float>>& weights) {
  const std::vector<double> deviations = deviations_of(targets);
  std::vector<float>& bias = weights.back();
  std::vector<float>& kernel = weights[weights.size() - 2];
  for (std::size_t i = 0; i < kernel.size(); ++i)
    kernel[i] = static_cast<float>(kernel[i] * deviations[i % deviations.size()]);
  for (std::size_t i = 0; i < bias.size(); ++i)
    bias[i] = static_cast<float>(bias[i] * deviations[i] + targets.mean[i]);
}

/// So many times what a save takes must pass before the next: it costs one percent.
constexpr double kLeastShare = 100;

}  // namespace

class TrialFiles::Keeper : public Callback {
 public:
  Keeper(TrialFiles& files, const TrialSpec& trial, TrialStoppingPtr stopping)
      : files_(files), id_(trial.id), stopping_(std::move(stopping)) {
    const TrialPlace* place = files.found(id_);
    if (place == nullptr) return;
    const auto values = place->history.history.find(files.score_.val());
    if (values == place->history.history.end()) return;
    for (const double value : values->second) is_best(value);
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
  void on_epoch_end(int /*epoch*/, const Logs& logs, TrainingControl& control) override {
    const bool better = is_best(logs.at(files_.score_.val()));
    if (files_.save_ == SavedModels::best && better) files_.save_model(id_, control);
  }
  void on_train_end(TrainingControl& control) override {
    if (control.interrupted() && files_.begun_) save(control);
  }

 private:
  /// Whether it is better than all before.
  bool is_best(double value) {
    const bool better = !best_ || files_.score_.better(value, *best_);
    if (better) best_ = value;
    return better;
  }

  void save(TrainingControl& control) {
    const Clock::time_point start = Clock::now();
    create_folders(files_.folder_ / "states");
    if (stopping_ != nullptr) stopping_->save_best(files_.best_file(id_));
    control.save(files_.state_file(id_));
    saved_ = Clock::now();
    cost_ = std::chrono::duration<double>(saved_ - start).count();
  }

  TrialFiles& files_;
  std::string id_;
  TrialStoppingPtr stopping_;
  Clock::time_point saved_ = Clock::now();
  double cost_ = 0;  ///< seconds that the last save took
  std::optional<double> best_;
};

class TrialFiles::LastModel : public Callback {
 public:
  LastModel(TrialFiles& files, const TrialSpec& trial, int epochs, TrialStoppingPtr stopping)
      : files_(files), id_(trial.id), epochs_(epochs), stopping_(std::move(stopping)) {}

  void on_train_end(TrainingControl& control) override {
    const bool stopped = stopping_ != nullptr && stopping_->has_stopped();
    if (stopped || std::cmp_equal(control.history().epoch.size(), epochs_))
      files_.save_model(id_, control);
  }

 private:
  TrialFiles& files_;
  std::string id_;
  int epochs_;
  TrialStoppingPtr stopping_;
};

TrialFiles::TrialFiles(const SweepOptions& options, const SweepPlan& plan,
                       std::span<const TrialSpec> to_run, FolderUse use)
    : early_(plan.config.early_stopping),
      score_(score_of(plan.data->task)),
      targets_(plan.target_moments),
      folder_(options.folder),
      save_(options.save),
      interval_(options.save_interval),
      resume_(options.resume),
      use_(use) {
  if (!resume_) return;
  for (const TrialSpec& trial : to_run) {
    std::error_code error;
    if (!fs::exists(state_file(trial.id), error)) continue;
    try {
      found_[trial.id] = place_of(trial.id);
    } catch (const DataError&) {
      // It was cut off, or another version wrote it.
    }
  }
}

TrialPlace TrialFiles::place_of(const std::string& id) const {
  train::ModelFile file = train::read_model(state_file(id));
  TrialPlace place = {.position = std::move(file.state.position),
                      .history = std::move(file.state.history),
                      .best_weights = {}};
  if (!early_) return place;
  const TrialStopping::Past past = TrialStopping::replay(*early_, place.history);
  // Its end was reached and not written down: training must not go on behind it.
  if (past.stopped) throw DataError("early stopping had ended it");
  if (past.best_epoch) place.best_weights = read_best_weights(best_file(id), *past.best_epoch);
  return place;
}

const TrialPlace* TrialFiles::found(const std::string& id) const {
  const auto place = found_.find(id);
  return place == found_.end() ? nullptr : &place->second;
}

TrialStoppingPtr TrialFiles::stopping(const TrialSpec& trial) const {
  if (!early_) return nullptr;
  const TrialPlace* place = found(trial.id);
  return std::make_shared<TrialStopping>(
      *early_, place == nullptr ? std::vector<std::vector<float>>{} : place->best_weights);
}

CallbackPtr TrialFiles::keeper(const TrialSpec& trial, const TrialStoppingPtr& stopping) {
  if (folder_.empty()) return nullptr;
  return std::make_shared<Keeper>(*this, trial, stopping);
}

CallbackPtr TrialFiles::last_model(const TrialSpec& trial, int epochs,
                                   const TrialStoppingPtr& stopping) {
  if (save_ != SavedModels::last) return nullptr;
  return std::make_shared<LastModel>(*this, trial, epochs, stopping);
}

void TrialFiles::finish(const std::string& id) {
  if (folder_.empty()) return;
  remove_file(state_file(id));
  if (early_) remove_file(best_file(id));
  std::error_code ignored;
  fs::remove(folder_ / "states", ignored);  // if it was the last
}

fs::path TrialFiles::state_file(const std::string& id) const {
  return (folder_ / "states" / id) += kExtension;
}

fs::path TrialFiles::best_file(const std::string& id) const {
  return (folder_ / "states" / id) += fmt::format(".best{}", kExtension);
}

void TrialFiles::save_model(const std::string& id, TrainingControl& control) const {
  create_folders(folder_ / "models");
  const fs::path file = (folder_ / "models" / id) += kExtension;
  control.save(file);
  if (!targets_) return;
  train::ModelFile model = train::read_model(file);
  give_units_back(*targets_, model.state.weights);
  if (!model.state.trained.empty()) give_units_back(*targets_, model.state.trained);
  train::write_model(file, model);
}

void TrialFiles::begin() {
  if (std::exchange(begun_, true) || use_ == FolderUse::shared) return;
  remove_files(folder_ / "states", [&](const fs::directory_entry& entry) {
    const fs::path& path = entry.path();
    const std::string name = path.filename().string();
    return path.extension() != kExtension || !found_.contains(name.substr(0, name.find('.')));
  });
  remove_files(folder_ / "models", [&](const fs::directory_entry& entry) {
    const std::string name = entry.path().filename().string();
    return target_of_pending(name).ends_with(kExtension) ||
           (!resume_ && entry.path().extension() == kExtension);
  });
  if (!resume_) remove_files(folder_ / "traces", [](const fs::directory_entry&) { return true; });
}

}  // namespace saltus
