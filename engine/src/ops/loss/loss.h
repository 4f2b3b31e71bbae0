// What a batch ends with.
#pragma once

#include <saltus/loss.h>

#include "ops/step.h"

namespace saltus::ops {

/// Loss and metrics of the batch, and the gradient of the mean loss unless dx is kNone. Where
/// `softmax` is set, x holds the logits before the network's Softmax, which is part of the step.
struct EvaluateLoss {
  static constexpr std::string_view kName = "evaluate_loss";
  Read x;
  Write dx;
  std::int64_t outputs;
  Loss loss;
  bool softmax;

  cpu::WholeOpPtr compile(const cpu::Compilation& at) const;
  cuda::Launch launch(cuda::LaunchBuilder& at) const;
};

}  // namespace saltus::ops
