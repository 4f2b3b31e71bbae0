#include "sweep/trial_stopping.h"

#include <string>
#include <utility>

#include <fmt/format.h>

#include <saltus/error.h>

#include "store/safetensors.h"

namespace saltus {
namespace {

constexpr const char* kEpoch = "epoch";

}  // namespace

/// What EarlyStopping may do to a training, and when it takes the weights: at the best epochs.
class TrialStopping::Watched : public TrainingControl {
 public:
  Watched(TrialStopping& owner, int epoch, TrainingControl* control)
      : owner_(owner), epoch_(epoch), control_(control) {}

  /// Of epochs that are over, nothing is stopped.
  void stop_training() override {
    if (control_ != nullptr) control_->stop_training();
  }
  std::vector<std::vector<float>> get_weights() override {
    owner_.best_epoch_ = epoch_;
    if (control_ != nullptr) owner_.best_weights_ = control_->get_weights();
    // EarlyStopping must not take a list that is empty for none.
    return owner_.best_weights_.empty() ? std::vector(1, std::vector<float>())
                                        : owner_.best_weights_;
  }

  const History& history() const override { return control_->history(); }
  double learning_rate() const override { return control_->learning_rate(); }
  void set_learning_rate(double rate) override { control_->set_learning_rate(rate); }
  void set_weights(const std::vector<std::vector<float>>& weights) override {
    control_->set_weights(weights);
  }
  std::vector<float> gradients(std::string_view name) override { return control_->gradients(name); }
  void save(const std::filesystem::path& file) override { control_->save(file); }
  void save_weights(const std::filesystem::path& file) override { control_->save_weights(file); }
  void restore(const std::filesystem::path& file) override { control_->restore(file); }
  bool interrupted() const override { return control_->interrupted(); }

 private:
  TrialStopping& owner_;
  int epoch_;
  TrainingControl* control_;  ///< null while it is shown epochs of an earlier run
};

TrialStopping::TrialStopping(const EarlyStoppingOptions& options,
                             std::vector<std::vector<float>> best_weights)
    : stopping_(options), best_weights_(std::move(best_weights)) {}

void TrialStopping::on_train_begin(const FitInfo& info, TrainingControl& control) {
  stopping_.on_train_begin(info, control);
  const History& history = control.history();
  for (std::size_t i = 0; i < history.epoch.size(); ++i) {
    Watched watched(*this, history.epoch[i], nullptr);
    stopping_.on_epoch_end(history.epoch[i], history.logs(i), watched);
  }
  saved_epoch_ = best_epoch_;
}

void TrialStopping::on_epoch_end(int epoch, const Logs& logs, TrainingControl& control) {
  Watched watched(*this, epoch, &control);
  stopping_.on_epoch_end(epoch, logs, watched);
}

void TrialStopping::on_train_end(TrainingControl& control) {
  stopping_.on_train_end(control);
}

void TrialStopping::save_best(const std::filesystem::path& file) {
  if (best_epoch_ == saved_epoch_) return;
  store::TensorFile best = {.tensors = {}, .metadata = {{kEpoch, fmt::to_string(*best_epoch_)}}};
  for (std::size_t i = 0; i < best_weights_.size(); ++i) {
    best.tensors.push_back({.name = fmt::format("{:06}", i),
                            .shape = {std::ssize(best_weights_[i])},
                            .values = best_weights_[i]});
  }
  store::write_safetensors(file, best);
  saved_epoch_ = best_epoch_;
}

TrialStopping::Past TrialStopping::replay(const EarlyStoppingOptions& options,
                                          const History& history) {
  TrialStopping stopping(options, {});
  const FitInfo info = {.figures = {options.monitor}};
  Watched nothing(stopping, 0, nullptr);
  stopping.stopping_.on_train_begin(info, nothing);
  for (std::size_t i = 0; i < history.epoch.size(); ++i) {
    Watched watched(stopping, history.epoch[i], nullptr);
    stopping.stopping_.on_epoch_end(history.epoch[i], history.logs(i), watched);
  }
  return {.stopped = stopping.has_stopped(), .best_epoch = stopping.best_epoch_};
}

std::vector<std::vector<float>> read_best_weights(const std::filesystem::path& file, int epoch) {
  store::TensorFile best = store::read_safetensors(file);
  if (const auto of = best.metadata.find(kEpoch);
      of == best.metadata.end() || of->second != fmt::to_string(epoch)) {
    throw DataError(fmt::format("{}: the weights are not those of epoch {}", file.string(), epoch));
  }
  std::vector<std::vector<float>> weights;
  for (store::Tensor& tensor : best.tensors) weights.push_back(std::move(tensor.values));
  return weights;
}

}  // namespace saltus
