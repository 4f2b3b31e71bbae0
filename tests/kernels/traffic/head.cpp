#include <saltus/kernels/head/head.h>

#include "tests/kernels/traffic/flops.h"
#include "tests/kernels/traffic/step.h"

namespace saltus::test {
namespace {

using kernels::Bf16;

/// The tutorial's: from the second dropout's gradient to the loss, and back.
template <class T>
Step head() {
  constexpr int kRows = 64;
  constexpr int kInputs = 128;
  constexpr int kOutputs = 10;
  static constexpr std::size_t kX = std::size_t{kRows} * kInputs;
  static constexpr std::size_t kY = std::size_t{kRows} * kOutputs;
  constexpr double kProductFlops = 2.0 * kOutputs * kX;
  return {std::string("head, ") + kTypeName<T>,
          "128 to 10",
          kRows,
          {2 * kProductFlops + kBiasFlops * kY + kLossFlops * kY +
               (kDropBackwardFlops + kActivateBackwardFlops) * kX,
           kRows},
          [](const kernels::LaunchContext& context) {
            const auto x = input<T>(kX);
            const auto w = input<T>(std::size_t{kInputs} * kOutputs);
            const auto bias = input(kOutputs);
            const auto slope = input(kX);
            const DeviceArray<float> y(kY);
            const DeviceArray<T> dy(kY);
            const DeviceArray<T> dx(kX);
            const DeviceArray<std::uint8_t> targets(std::vector<std::uint8_t>(4 * kRows, 1));
            const DeviceArray<kernels::BatchSums> sums{std::vector<kernels::BatchSums>(1)};
            const DeviceArray<double> workspace(
                static_cast<std::size_t>(kernels::loss_workspace(kRows)));
            kernels::head({.x = x.per_trial(),
                           .w = w.per_trial(),
                           .bias = bias.per_trial(),
                           .y = y.per_trial(),
                           .loss = {.loss = losses::BinaryCrossentropy{},
                                    .softmax = true,
                                    .outputs = kOutputs,
                                    .x = y.per_trial(),
                                    .dx = dy.per_trial(),
                                    .targets = {.bytes = targets.data()},
                                    .order = {4 * kRows, true},
                                    .sums = sums.per_trial(),
                                    .workspace = workspace.per_trial()},
                           .dy = dy.per_trial(),
                           .dx = dx.per_trial(),
                           .drop_slot = 0,
                           .slope = slope.per_trial(),
                           .inputs = kInputs},
                          context);
          }};
}

std::vector<Step> head_steps() {
  return {head<float>(), head<Bf16>()};
}

const AddSteps add_head(head_steps);

}  // namespace
}  // namespace saltus::test
