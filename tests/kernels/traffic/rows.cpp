#include <saltus/kernels/input/load.h>
#include <saltus/kernels/loss/loss.h>
#include <saltus/kernels/normalization/normalize.h>
#include <saltus/kernels/softmax/softmax.h>

#include "tests/kernels/traffic/flops.h"
#include "tests/kernels/traffic/step.h"

namespace saltus::test {
namespace {

using kernels::Bf16;

/// A batch of images, shuffled.
template <class T>
Step load() {
  constexpr int kRows = 16;
  constexpr int kSize = 28 * 28;
  static constexpr std::size_t kAll = std::size_t{kRows} * kSize;
  return {
      std::string("load images, ") + kTypeName<T>,
      "28x28x1",
      kRows,
      {kLoadFlops * kAll},
      [](const kernels::LaunchContext& context) {
        const DeviceArray<std::uint8_t> images(std::vector<std::uint8_t>(4 * kAll, 1));
        const DeviceArray<T> x(kAll);
        kernels::load_input(
            {.bytes = images.data(), .order = {4 * kRows, true}, .x = x.per_trial(), .size = kSize},
            context);
      }};
}

/// Of 10 channels by a warp each, of 1000 by a block each.
void add_softmax(std::vector<Step>& steps, int channels) {
  constexpr int kRows = 64;
  const std::size_t all = std::size_t{kRows} * static_cast<std::size_t>(channels);
  const std::string shape = std::to_string(channels);
  const auto flops = [&](double of_element) {
    return std::vector<double>{of_element * static_cast<double>(all)};
  };
  steps.push_back(
      {"softmax, " + shape, shape, kRows, flops(6), [=](const kernels::LaunchContext& context) {
         const auto x = input(all);
         const DeviceArray<float> y(all);
         kernels::softmax({x.per_trial(), y.per_trial(), 1, channels, false}, context);
       }});
  steps.push_back({"softmax backward, " + shape, shape, kRows, flops(4),
                   [=](const kernels::LaunchContext& context) {
                     const auto y = input(all);
                     const auto dy = input(all);
                     const DeviceArray<float> dx(all);
                     kernels::softmax_backward(
                         {y.per_trial(), dy.per_trial(), dx.per_trial(), 1, channels, false},
                         context);
                   }});
}

/// Binary cross-entropy on a softmax, of 10 outputs the tutorial's.
Step loss(int outputs) {
  constexpr int kRows = 64;
  const std::size_t all = std::size_t{kRows} * static_cast<std::size_t>(outputs);
  return {"loss, " + std::to_string(outputs),
          std::to_string(outputs),
          kRows,
          {kLossFlops * static_cast<double>(all), kRows},
          [=](const kernels::LaunchContext& context) {
            const auto x = input(all);
            const DeviceArray<float> dx(all);
            const DeviceArray<std::uint8_t> targets(std::vector<std::uint8_t>(4 * kRows, 1));
            const DeviceArray<kernels::BatchSums> sums(std::vector<kernels::BatchSums>(1));
            const DeviceArray<double> workspace(
                static_cast<std::size_t>(kernels::loss_workspace(kRows)));
            kernels::evaluate_loss({.loss = losses::BinaryCrossentropy{},
                                    .softmax = true,
                                    .outputs = outputs,
                                    .x = x.per_trial(),
                                    .dx = dx.per_trial(),
                                    .targets = {.bytes = targets.data()},
                                    .order = {4 * kRows, true},
                                    .sums = sums.per_trial(),
                                    .workspace = workspace.per_trial()},
                                   context);
          }};
}

constexpr int kChannels = 32;
constexpr kernels::NormalizeShape kShape = {26 * 26, kChannels};
constexpr int kNormalizedRows = 4;
constexpr std::size_t kNormalized = std::size_t{kNormalizedRows} * 26 * 26 * kChannels;

/// What belongs to a channel.
struct ChannelArrays {
  DeviceArray<float> gamma = input(kChannels);
  DeviceArray<float> beta = input(kChannels);
  DeviceArray<float> moving_mean = input(kChannels);
  DeviceArray<float> moving_variance{std::vector<float>(kChannels, 1.0f)};
  DeviceArray<float> next_mean{kChannels};
  DeviceArray<float> next_variance{kChannels};
  DeviceArray<float> mean = input(kChannels);
  DeviceArray<float> inverse_deviation{std::vector<float>(kChannels, 1.0f)};
  DeviceArray<float> dgamma{kChannels};
  DeviceArray<float> dbeta{kChannels};
  DeviceArray<float> workspace{
      static_cast<std::size_t>(kernels::normalize_workspace(kShape, kNormalizedRows))};
};

template <class T>
void add_normalization(std::vector<Step>& steps) {
  constexpr double kElements = kNormalized;
  const auto add = [&](const char* name, std::vector<double> flops, auto run) {
    steps.push_back({std::string("normalisation, ") + name + ", " + kTypeName<T>, "26x26x32",
                     kNormalizedRows, std::move(flops), run});
  };
  add("training", {5 * kElements, 0, 4 * kElements}, [](const kernels::LaunchContext& context) {
    const ChannelArrays c;
    const auto x = input<T>(kNormalized);
    const DeviceArray<T> y(kNormalized);
    kernels::normalize_training(
        {kShape, x.per_trial(), c.gamma.per_trial(), c.beta.per_trial(), c.moving_mean.per_trial(),
         c.moving_variance.per_trial(), c.next_mean.per_trial(), c.next_variance.per_trial(),
         c.mean.per_trial(), c.inverse_deviation.per_trial(), y.per_trial(),
         c.workspace.per_trial(), 0.99, 1e-3},
        context);
  });
  add("inference", {0, 4 * kElements}, [](const kernels::LaunchContext& context) {
    const ChannelArrays c;
    const auto x = input<T>(kNormalized);
    const DeviceArray<T> y(kNormalized);
    kernels::normalize_inference(
        {kShape, x.per_trial(), c.gamma.per_trial(), c.beta.per_trial(), c.moving_mean.per_trial(),
         c.moving_variance.per_trial(), y.per_trial(), c.workspace.per_trial(), 1e-3},
        context);
  });
  add("backward", {5 * kElements, 0, 9 * kElements}, [](const kernels::LaunchContext& context) {
    const ChannelArrays c;
    const auto x = input<T>(kNormalized);
    const auto dy = input<T>(kNormalized);
    const DeviceArray<T> dx(kNormalized);
    kernels::normalize_backward(
        {kShape, x.per_trial(), dy.per_trial(), c.gamma.per_trial(), c.mean.per_trial(),
         c.inverse_deviation.per_trial(), dx.per_trial(), c.dgamma.per_trial(), c.dbeta.per_trial(),
         c.workspace.per_trial()},
        context);
  });
}

/// Batches, softmax, losses, normalisation.
std::vector<Step> row_steps() {
  std::vector<Step> steps = {load<float>(), load<Bf16>()};
  for (const int channels : {10, 1000}) add_softmax(steps, channels);
  for (const int outputs : {10, 1000}) steps.push_back(loss(outputs));
  add_normalization<float>(steps);
  add_normalization<Bf16>(steps);
  return steps;
}

const AddSteps add_rows(row_steps);

}  // namespace
}  // namespace saltus::test
