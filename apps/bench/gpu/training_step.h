// A training step of the tutorial's network by the backend that trains, launch by launch.
#pragma once

#include <memory>
#include <vector>

#include "apps/bench/network.h"
#include "backend/cuda/executable.h"

namespace saltus::bench {

/// The tutorial's network, lowered for binary cross-entropy as it trains.
std::shared_ptr<const plan::Plan> tutorial_plan(Precision precision);

/// Trials on the device, one for each of the tutorial's activations and from the first again behind
/// the last, and the launches of their first batch.
class TrainingStep {
 public:
  TrainingStep(std::shared_ptr<const plan::Plan> plan, int trials, int rows);

  /// Trains on the batch, so that each launch finds what it would; throws where a trial has
  /// stopped, for then its launches do nothing.
  void refresh();

  const std::vector<cuda::StepLaunch>& launches() const { return launches_; }

 private:
  void draw_weights(int trial);

  std::int64_t rows_;
  Images images_{""};
  std::vector<Graph> graphs_;
  cuda::CudaExecutable executable_;
  std::vector<cuda::StepLaunch> launches_;
};

}  // namespace saltus::bench
