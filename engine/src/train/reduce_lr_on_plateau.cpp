#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include <saltus/callbacks.h>
#include <saltus/error.h>

#include "train/monitor.h"

namespace saltus {
namespace {

class ReduceLROnPlateau : public Callback {
 public:
  explicit ReduceLROnPlateau(ReduceLROnPlateauOptions options)
      : options_(std::move(options)),
        rising_(train::should_rise(options_.direction, options_.monitor)) {
    if (!(options_.factor >= 0 && options_.factor < 1)) {
      throw InvalidArgument(
          fmt::format("ReduceLROnPlateau: factor is {}, but must be at least 0 and less than 1",
                      options_.factor));
    }
  }

  void on_train_begin(const FitInfo& info, TrainingControl& /*control*/) override {
    train::require_figure(info, options_.monitor, "ReduceLROnPlateau");
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    best_ = rising_ ? -kInfinity : kInfinity;
    wait_ = 0;
    cooldown_ = 0;
  }

  void on_epoch_end(int /*epoch*/, const Logs& logs, TrainingControl& control) override {
    const double value = logs.at(options_.monitor);
    if (cooldown_ > 0) --cooldown_;
    if (rising_ ? value > best_ + options_.min_delta : value < best_ - options_.min_delta) {
      best_ = value;
      wait_ = 0;
    } else if (cooldown_ == 0 && ++wait_ >= options_.patience) {
      const double learning_rate = control.learning_rate();
      if (learning_rate <= options_.min_lr) return;
      control.set_learning_rate(std::max(learning_rate * options_.factor, options_.min_lr));
      cooldown_ = options_.cooldown;
      wait_ = 0;
    }
  }

 private:
  ReduceLROnPlateauOptions options_;
  bool rising_;
  double best_ = 0;
  int wait_ = 0;
  int cooldown_ = 0;  ///< epochs left of it
};

}  // namespace

CallbackPtr reduce_lr_on_plateau(ReduceLROnPlateauOptions options) {
  return std::make_shared<ReduceLROnPlateau>(std::move(options));
}

}  // namespace saltus
