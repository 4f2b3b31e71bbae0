// What lasts beyond a batch.
#pragma once

#include <vector>

#include "ops/step.h"

namespace saltus::ops {

/// Clip and update all trainable weights from the flat gradients, take them into their averages
/// where the trial has these, and let the moving statistics become what they are to be: whatever
/// lasts beyond the batch changes here, and all of it or nothing.
///
/// CUDA's pass `fuse_update` adds large dense layers. Their gradients, dw = x^T dy and db = the sum
/// of dy's rows, are made by this step, and dw goes through the optimizer as it is made. It is
/// stored only behind the last batch of a pass, for those who ask.
struct Update {
  static constexpr std::string_view kName = "update";
  std::vector<MatrixRead> x, dy;  ///< by layer
  std::vector<Gradient> dw, db;   ///< by layer

  cpu::WholeOpPtr compile(const cpu::Compilation& at) const;
  cuda::Launch launch(cuda::LaunchBuilder& at) const;
};

}  // namespace saltus::ops
