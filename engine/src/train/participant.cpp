#include "train/participant.h"

#include <fmt/format.h>

#include <saltus/error.h>

namespace saltus::train {

std::vector<std::vector<float>> Participant::get_weights() {
  std::vector<std::vector<float>> weights;
  for (std::size_t i = 0; i < trainer_.weights().size(); ++i) {
    weights.push_back(trainer_.get_weight(trial_, i));
  }
  return weights;
}

void Participant::set_weights(const std::vector<std::vector<float>>& weights) {
  if (weights.size() != trainer_.weights().size()) {
    throw InvalidArgument(fmt::format("the model has {} weight tensors, not {}",
                                      trainer_.weights().size(), weights.size()));
  }
  for (std::size_t i = 0; i < weights.size(); ++i) trainer_.set_weight(trial_, i, weights[i]);
}

}  // namespace saltus::train
