#include <saltus/kernels/convolution/convolutions_pool_backward.h>

#include "tests/kernels/traffic/flops.h"
#include "tests/kernels/traffic/step.h"

namespace saltus::test {
namespace {

using kernels::Bf16;

constexpr int kRows = 4;  // two leaves
constexpr int kLeaves = kRows / kernels::resident::kLeaf;
constexpr kernels::ConvolutionsPoolSizes kSizes = {{28, 28}, 32, 64};

template <class T>
Step step_of() {
  const auto count = [](int n) { return static_cast<std::size_t>(n); };
  const int pixels = kSizes.image.height * kSizes.image.width;
  const int first_w = 9 * kSizes.channels;
  const int second_w = first_w * kSizes.channels_out;
  const std::size_t outputs = count(kRows * kSizes.outputs());
  const auto run = [=](const kernels::LaunchContext& context) {
    const auto x = input<T>(count(kRows * pixels));
    const auto first = input<T>(count(first_w));
    const auto first_bias = input(count(kSizes.channels));
    const auto second = input<T>(count(second_w));
    const auto dy = input(outputs);
    const auto slope = input(outputs);
    const DeviceArray<std::uint8_t> index(std::vector<std::uint8_t>(outputs, 2));
    const DeviceArray<float> first_dw(count(first_w));
    const DeviceArray<float> first_db(count(kSizes.channels));
    const DeviceArray<float> second_dw(count(second_w));
    const DeviceArray<float> second_db(count(kSizes.channels_out));
    const DeviceArray<float> workspace(
        static_cast<std::size_t>(kernels::convolutions_pool_backward_workspace(kRows)));
    kernels::convolutions_pool_backward<T>({.sizes = kSizes,
                                            .x = x.per_trial(),
                                            .first = {first.per_trial(), first_bias.per_trial(), 0},
                                            .second_w = second.per_trial(),
                                            .dy = dy.per_trial(),
                                            .slope = slope.per_trial(),
                                            .index = index.per_trial(),
                                            .drop_slot = 0,
                                            .first_dw = first_dw.per_trial(),
                                            .second_dw = second_dw.per_trial(),
                                            .first_db = first_db.per_trial(),
                                            .second_db = second_db.per_trial(),
                                            .workspace = workspace.per_trial()},
                                           context);
  };
  const double of_pool = static_cast<double>(outputs) * (kDropBackwardFlops + 1);
  const double between = kRows * kSizes.between().height * kSizes.between().width * kSizes.channels;
  const double made_again = between * (2 * 9 + kBiasFlops);
  const double products = 2.0 * kRows * 24 * 24 * second_w;
  const double gradients = between * (kActivateBackwardFlops + 2 * 9 + 1);
  return {std::string("conv1, conv2, max-pool backward, tensor cores, ") + kTypeName<T>,
          "28x28x1 to 12x12x64",
          kRows,
          {of_pool + products + made_again + between + gradients,
           of_pool + made_again + between + products + static_cast<double>(outputs),
           (kLeaves - 1.0) * (first_w + kSizes.channels + second_w + kSizes.channels_out)},
          run};
}

/// The gradients of both convolutions, from what arrives behind the pool.
std::vector<Step> convolutions_pool_backward_steps() {
  return {step_of<float>(), step_of<Bf16>()};
}

const AddSteps add_convolutions_pool_backward(convolutions_pool_backward_steps);

}  // namespace
}  // namespace saltus::test
