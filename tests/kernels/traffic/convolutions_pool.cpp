#include <saltus/kernels/convolution/convolutions_pool.h>

#include "tests/kernels/traffic/flops.h"
#include "tests/kernels/traffic/step.h"

namespace saltus::test {
namespace {

using kernels::Bf16;

constexpr int kRows = 2;
constexpr kernels::ConvolutionsPoolSizes kSizes = {{28, 28}, 32, 64};

std::size_t elements_of(const kernels::Extent& extent, int channels) {
  return static_cast<std::size_t>(extent.height * extent.width * channels);
}

template <class T>
Step step_of() {
  const std::size_t between = kRows * elements_of(kSizes.between(), kSizes.channels);
  const std::size_t products = kRows * elements_of({24, 24}, kSizes.channels_out);
  const auto outputs = kRows * static_cast<std::size_t>(kSizes.outputs());
  const auto run = [=](const kernels::LaunchContext& context) {
    const auto x = input<T>(kRows * elements_of(kSizes.image, 1));
    const auto first = input<T>(elements_of({3, 3}, kSizes.channels));
    const auto first_bias = input(elements_of({}, kSizes.channels));
    const auto second = input<T>(elements_of({3, 3}, kSizes.channels * kSizes.channels_out));
    const auto second_bias = input(elements_of({}, kSizes.channels_out));
    const DeviceArray<float> y(outputs);
    const DeviceArray<float> slope(outputs);
    const DeviceArray<std::uint8_t> index(outputs);
    const DeviceArray<float> workspace(
        static_cast<std::size_t>(kernels::convolutions_pool_workspace(kSizes, kRows)));
    kernels::convolutions_pool<T>({.sizes = kSizes,
                                   .x = x.per_trial(),
                                   .first = {first.per_trial(), first_bias.per_trial(), 0},
                                   .second = {second.per_trial(), second_bias.per_trial(), 0},
                                   .y = y.per_trial(),
                                   .slope = slope.per_trial(),
                                   .index = index.per_trial(),
                                   .drop_slot = 0,
                                   .workspace = workspace.per_trial()},
                                  context);
  };
  const double flops = static_cast<double>(between) * (2 * 9 + kBiasFlops + 1) +
                       static_cast<double>(products) * (2 * 9 * kSizes.channels + kBiasFlops) +
                       static_cast<double>(outputs) * (kActivateFlops + kDropFlops);
  return {std::string("conv1, conv2, max-pool, tensor cores, ") + kTypeName<T>,
          "28x28x1 to 12x12x64",
          kRows,
          {flops},
          run};
}

/// Both convolutions and what is behind them, in one, dropout as well.
std::vector<Step> convolutions_pool_steps() {
  return {step_of<float>(), step_of<Bf16>()};
}

const AddSteps add_convolutions_pool(convolutions_pool_steps);

}  // namespace
}  // namespace saltus::test
