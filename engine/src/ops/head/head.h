// The last dense layer of a network together with its loss.
#pragma once

#include <saltus/loss.h>

#include "ops/step.h"

namespace saltus::ops {

/// y = x w + b, loss and metrics of y and dy = the gradient of the mean loss, as EvaluateLoss;
/// dx = dy w^T, through the dropout before the layer and the activation before that, where there
/// are any. dy and dx are kNone where nothing is trained. Made by CUDA's pass `fuse_head`.
struct Head {
  static constexpr std::string_view kName = "head";
  static constexpr std::int64_t kMostInputs = 1023;  ///< longer sums are cut
  static constexpr std::int64_t kMostOutputs = 32;
  static constexpr int kNoDrop = -1;

  MatrixRead x;
  Read w, b;
  Write y;
  Write dy, dx;
  Read slope;
  std::int64_t in, out;
  int drop_slot;
  Loss loss;
  bool softmax;

  cuda::Launch launch(cuda::LaunchBuilder& at) const;
};

}  // namespace saltus::ops
