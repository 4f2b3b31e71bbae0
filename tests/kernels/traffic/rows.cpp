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

void add_softmax(std::vector<Step>& steps) {
  constexpr int kRows = 64;
  constexpr int kChannels = 10;
  constexpr std::size_t kAll = std::size_t{kRows} * kChannels;
  steps.push_back({"softmax", "10", kRows, {6 * kAll}, [](const kernels::LaunchContext& context) {
                     const auto x = input(kAll);
                     const DeviceArray<float> y(kAll);
                     kernels::softmax({x.per_trial(), y.per_trial(), 1, kChannels, false}, context);
                   }});
  steps.push_back(
      {"softmax backward", "10", kRows, {4 * kAll}, [](const kernels::LaunchContext& context) {
         const auto y = input(kAll);
         const auto dy = input(kAll);
         const DeviceArray<float> dx(kAll);
         kernels::softmax_backward(
             {y.per_trial(), dy.per_trial(), dx.per_trial(), 1, kChannels, false}, context);
       }});
}

/// The tutorial's loss: binary cross-entropy on a softmax.
Step loss() {
  constexpr int kRows = 64;
  constexpr int kOutputs = 10;
  constexpr std::size_t kAll = std::size_t{kRows} * kOutputs;
  return {
      "loss", "10", kRows, {kLossFlops * kAll, kRows}, [](const kernels::LaunchContext& context) {
        const auto x = input(kAll);
        const DeviceArray<float> dx(kAll);
        const DeviceArray<std::uint8_t> targets(std::vector<std::uint8_t>(4 * kRows, 1));
        const DeviceArray<kernels::BatchSums> sums(std::vector<kernels::BatchSums>(1));
        const DeviceArray<double> workspace(
            static_cast<std::size_t>(kernels::loss_workspace(kRows)));
        kernels::evaluate_loss({.loss = losses::BinaryCrossentropy{},
                                .softmax = true,
                                .outputs = kOutputs,
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
  add_softmax(steps);
  steps.push_back(loss());
  add_normalization<float>(steps);
  add_normalization<Bf16>(steps);
  return steps;
}

const AddSteps add_rows(row_steps);

}  // namespace
}  // namespace saltus::test
