#include "train/participant.h"

#include <fmt/format.h>

#include <saltus/error.h>

#include "train/model_file.h"

namespace saltus::train {

void Participant::set_learning_rate(double learning_rate) try {
  trainer_.set_learning_rate(trial_, learning_rate);
} catch (...) {
  throw_as_promised();
}

std::vector<std::vector<float>> Participant::get_weights() try {
  std::vector<std::vector<float>> weights;
  for (std::size_t i = 0; i < trainer_.weights().size(); ++i) {
    weights.push_back(trainer_.get_weight(trial_, i));
  }
  return weights;
} catch (...) {
  throw_as_promised();
}

void Participant::set_weights(const std::vector<std::vector<float>>& weights) try {
  if (weights.size() != trainer_.weights().size()) {
    throw InvalidArgument(fmt::format("the model has {} weight tensors, not {}",
                                      trainer_.weights().size(), weights.size()));
  }
  // All or nothing.
  for (std::size_t i = 0; i < weights.size(); ++i) trainer_.check_weight(i, weights[i]);
  for (std::size_t i = 0; i < weights.size(); ++i) trainer_.set_weight(trial_, i, weights[i]);
} catch (...) {
  throw_as_promised();
}

std::vector<float> Participant::gradients(std::string_view name) try {
  return trainer_.get_gradient(trial_, weight_named(trainer_.weights(), name));
} catch (...) {
  throw_as_promised();
}

void Participant::save(const std::filesystem::path& file) try {
  write_model(file, trainer_.file(trial_));
} catch (...) {
  throw_as_promised();
}

void Participant::save_weights(const std::filesystem::path& file) try {
  write_weights(file, trainer_.weights(), get_weights());
} catch (...) {
  throw_as_promised();
}

void Participant::restore(const std::filesystem::path& file) try {
  if (begun) {
    throw InvalidArgument("restore() is for on_train_begin(); for weights there is set_weights()");
  }
  trainer_.restore(trial_, file);
  restored = true;
} catch (...) {
  throw_as_promised();
}

std::deque<Participant> participants_of(Trainer& trainer,
                                        std::span<const std::vector<CallbackPtr>> callbacks) {
  if (!callbacks.empty() && callbacks.size() != static_cast<std::size_t>(trainer.trials())) {
    throw InvalidArgument(
        fmt::format("callbacks are given for {} of {} trials", callbacks.size(), trainer.trials()));
  }
  std::deque<Participant> participants;
  for (int trial = 0; trial < trainer.trials(); ++trial) {
    participants.emplace_back(trainer, trial,
                              callbacks.empty() ? std::vector<CallbackPtr>{}
                                                : callbacks[static_cast<std::size_t>(trial)]);
  }
  return participants;
}

}  // namespace saltus::train
