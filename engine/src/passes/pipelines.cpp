#include "passes/pipelines.h"

#include "passes/passes.h"
#include "plan/verify.h"

namespace saltus::passes {
namespace {

/// The passes that there are in a precision.
std::vector<Pass> for_precision(std::vector<Pass> passes, Precision precision) {
  std::erase_if(passes, [&](const Pass& pass) {
    return (pass.name == "store_bf16" && precision != Precision::bf16) ||
           (pass.name.starts_with("fuse_convolutions") && precision == Precision::fp32);
  });
  return passes;
}

plan::Program run(const std::vector<Pass>& passes, plan::Program program, Precision precision,
                  const Observer& observer) {
  for (const Pass& pass : passes) {
    pass.run(program);
    if (observer) observer(pass, program);
  }
  plan::verify(program);
  plan::verify_memory(program, precision);
  return program;
}

}  // namespace

std::vector<Pass> cpu_passes(Precision precision) {
  return for_precision({{"fuse_activation_pool", fuse_activation_pool},
                        {"differentiate_pooled", differentiate_pooled},
                        {"fuse_pooled_convolution", fuse_pooled_convolution},
                        {"recompute", recompute},
                        {"store_bf16", store_bf16},
                        {"slice", slice},
                        {"pack", pack}},
                       precision);
}

std::vector<Pass> cuda_passes(Precision precision, const CudaLimits& limits) {
  const auto fuse = [=](plan::Program& program) {
    fuse_convolutions(program, precision, limits.shared_bytes);
  };
  const auto fuse_gradient = [=](plan::Program& program) {
    fuse_convolutions_gradient(program, precision, limits.shared_bytes);
  };
  const auto fuse_gradients = [=](plan::Program& program) {
    fuse_update(program, limits.max_rows);
  };
  return for_precision({{"fuse_activation_pool", fuse_activation_pool},
                        {"differentiate_pooled", differentiate_pooled},
                        {"recompute", recompute},
                        {"fuse_convolutions", fuse},
                        {"fuse_epilogue", fuse_epilogue},
                        {"fuse_head", fuse_head},
                        {"fuse_pooled_gradient", fuse_pooled_gradient},
                        {"fuse_convolutions_gradient", fuse_gradient},
                        {"fuse_update", fuse_gradients},
                        {"store_bf16", store_bf16},
                        {"pack", pack}},
                       precision);
}

plan::Program cpu_program(plan::Program program, Precision precision, const Observer& observer) {
  plan::Program made = run(cpu_passes(precision), std::move(program), precision, observer);
  plan::verify_segments(made);
  return made;
}

plan::Program cuda_program(plan::Program program, Precision precision, const CudaLimits& limits,
                           const Observer& observer) {
  return run(cuda_passes(precision, limits), std::move(program), precision, observer);
}

}  // namespace saltus::passes
