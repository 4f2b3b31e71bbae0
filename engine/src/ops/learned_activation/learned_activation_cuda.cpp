#include <fmt/format.h>

#include <saltus/error.h>

#include "backend/cuda/launch_builder.h"
#include "ops/learned_activation/learned_activation.h"

namespace saltus::ops {
namespace {

[[noreturn]] void refuse(const Activation& activation) {
  throw InvalidArgument(
      fmt::format("{} has a learned parameter, which only the CPU trains so far; use device cpu",
                  activation.label()));
}

}  // namespace

cuda::Launch ActivateLearned::launch(cuda::LaunchBuilder& /*at*/) const {
  refuse(activation);
}

cuda::Launch ActivateLearnedBackward::launch(cuda::LaunchBuilder& /*at*/) const {
  refuse(activation);
}

}  // namespace saltus::ops
