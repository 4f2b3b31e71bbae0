#include <cmath>
#include <limits>

#include <saltus/callbacks.h>

#include "train/monitor.h"

namespace saltus {

EarlyStopping::EarlyStopping(EarlyStoppingOptions options) : options_(std::move(options)) {}

bool EarlyStopping::improves(double value, double reference) const {
  const double least = std::abs(options_.min_delta);
  return train::should_rise(options_.direction, options_.monitor) ? value - least > reference
                                                                  : value + least < reference;
}

void EarlyStopping::on_train_begin(const FitInfo& info, TrainingControl& /*control*/) {
  train::require_figure(info, options_.monitor, "EarlyStopping");
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  best_ = train::should_rise(options_.direction, options_.monitor) ? -kInfinity : kInfinity;
  wait_ = 0;
  stopped_epoch_.reset();
  best_weights_.clear();
}

void EarlyStopping::on_epoch_end(int epoch, const Logs& logs, TrainingControl& control) {
  if (epoch < options_.start_from_epoch) return;
  const double value = logs.at(options_.monitor);
  const bool improved = improves(value, best_);
  // Where nothing ever improves (a NaN does not), the first weights are kept.
  if (options_.restore_best_weights && (improved || best_weights_.empty())) {
    best_weights_ = control.get_weights();
  }
  ++wait_;
  if (improved) {
    best_ = value;
    if (!options_.baseline || improves(value, *options_.baseline)) wait_ = 0;
    return;
  }
  // The very first epoch never stops training; that is so in Keras, too.
  if (wait_ >= options_.patience && epoch > 0) {
    stopped_epoch_ = epoch;
    control.stop_training();
  }
}

void EarlyStopping::on_train_end(TrainingControl& control) {
  if (!best_weights_.empty()) control.set_weights(best_weights_);
}

}  // namespace saltus
