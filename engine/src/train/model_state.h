#pragma once

#include <memory>
#include <span>
#include <vector>

#include <saltus/model.h>

#include "train/trainer.h"

namespace saltus {

/// What a Model is.
struct Model::State {
  explicit State(Graph network);

  Graph graph;
  std::vector<Weight> weights;
  std::unique_ptr<train::Trainer> trainer;
  std::vector<bool> given;                 ///< by weight: it was set or loaded
  std::vector<std::vector<float>> values;  ///< by weight; before there is a trainer, those given

  /// Throws InvalidArgument where there is no trainer.
  train::Trainer& compiled() const;

  std::vector<float> get_weights(std::size_t weight) const;
  /// Throws InvalidArgument for a wrong number of values.
  void set(std::size_t weight, std::span<const float> values);
  std::vector<std::vector<float>> all() const;
};

}  // namespace saltus
