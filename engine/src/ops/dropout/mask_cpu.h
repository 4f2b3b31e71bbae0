// What the CPU draws a dropout's mask with.
#pragma once

#include "backend/cpu/op.h"

namespace saltus::ops {

inline const kernels::DropoutRule& drop_rule(int slot, const cpu::Run& run) {
  return run.trial->config.dropouts[static_cast<std::size_t>(slot)];
}

/// For a mask of so many draws a sample.
inline cpu::DrawKey mask_key(int slot, std::int64_t draws, const cpu::Run& run,
                             const cpu::Slice& slice) {
  return {run.trial->config.seed, static_cast<std::uint32_t>(slot),
          static_cast<std::uint32_t>(run.trial->step), slice.first * draws};
}

}  // namespace saltus::ops
