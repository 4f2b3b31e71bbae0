#include <optional>
#include <string>
#include <string_view>

#include <saltus/callbacks.h>

#include "store/event_file.h"

namespace saltus {
namespace {

class TensorBoardWriter : public Callback {
 public:
  explicit TensorBoardWriter(TensorBoard options) : options_(std::move(options)) {}

  void on_train_begin(const FitInfo& /*info*/, TrainingControl& /*control*/) override {
    train_.emplace(options_.log_dir / "train");
    validation_.reset();
  }

  void on_epoch_end(int epoch, const Logs& logs, TrainingControl& /*control*/) override {
    constexpr std::string_view kValidation = "val_";
    Logs train, validation;
    for (const auto& [name, value] : logs) {
      if (name.starts_with(kValidation))
        validation["epoch_" + name.substr(kValidation.size())] = value;
      else
        train["epoch_" + name] = value;
    }
    train_->add(epoch, train);
    if (validation.empty()) return;
    if (!validation_) validation_.emplace(options_.log_dir / "validation");
    validation_->add(epoch, validation);
  }

  void on_train_end(TrainingControl& /*control*/) override {
    train_->close();
    if (validation_) validation_->close();
  }

 private:
  TensorBoard options_;
  std::optional<store::EventFile> train_;
  std::optional<store::EventFile> validation_;  ///< made with the first figure for it
};

}  // namespace

TensorBoard::operator CallbackPtr() const {
  return std::make_shared<TensorBoardWriter>(*this);
}

}  // namespace saltus
