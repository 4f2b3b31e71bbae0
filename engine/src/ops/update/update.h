// What lasts beyond a batch.
#pragma once

#include "ops/step.h"

namespace saltus::ops {

/// Clip and update all trainable weights from the flat gradients, take them into their averages
/// where the trial has these, and let the moving statistics become what they are to be: whatever
/// lasts beyond the batch changes here, and all of it or nothing.
struct Update {
  static constexpr std::string_view kName = "update";

  cpu::WholeOpPtr compile(const cpu::Compilation& at) const;
  cuda::Launch launch(cuda::LaunchBuilder& at) const;
};

}  // namespace saltus::ops
