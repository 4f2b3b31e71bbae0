// How a loss is launched: by itself, or as part of a network's head.
#pragma once

#include <saltus/kernels/loss/loss.h>
#include <saltus/loss.h>

#include "backend/cuda/launch_builder.h"

namespace saltus::ops {

/// Of `outputs` elements x a row; the gradient goes to dx, which may be kNone.
class LossLaunch {
 public:
  LossLaunch(const cuda::LaunchBuilder& builder, const Loss& loss, bool softmax, plan::TensorId x,
             plan::TensorId dx, std::int64_t outputs);

  kernels::EvaluateLoss arguments(const cuda::StepContext& at) const;
  /// Bytes for each trial.
  std::int64_t workspace() const;

 private:
  cuda::Tensors tensors_;
  ListedLoss listed_;
  int formula_;
  kernels::FormulaMetrics metrics_;
  bool softmax_;
  plan::TensorId x_, dx_;
  int outputs_;
  int max_rows_;
};

}  // namespace saltus::ops
