#include <saltus/kernels/elementwise/learned_activation.h>
#include <saltus/kernels/loss/loss.h>

#include "tests/kernels/device/linked_code.h"
#include "tests/kernels/traffic/step.h"

namespace saltus::test {
namespace {

using kernels::Bf16;

constexpr int kRows = 2;
constexpr int kChannels = 32;
constexpr int kSize = 26 * 26 * kChannels;  // of a row: conv1's output
constexpr std::size_t kAll = std::size_t{kRows} * kSize;

/// Of Polynomials.
constexpr double kValueFlops = 5;
constexpr double kSlopesFlops = 4;
constexpr double kGradientFlops = 3;  ///< dx, and a term of each parameter's sum
constexpr double kTermFlops = 4;

/// An activation with a parameter a channel, one for all, and one that is not learned.
struct Parameters {
  DeviceArray<float> of_channels = input(kChannels);
  DeviceArray<float> of_all = input(1);

  template <class Arguments>
  void take(Arguments& arguments) const {
    arguments.number = Polynomials::kLearned;
    arguments.size = kSize;
    arguments.channels = kChannels;
    arguments.parameters[0] = {of_channels.per_trial(), true, 0, -2, 2};
    arguments.parameters[1] = {of_all.per_trial(), false, 0, -2, 2};
  }
};

template <class T>
void add_learned(std::vector<Step>& steps) {
  constexpr auto kElements = static_cast<double>(kAll);
  steps.push_back({std::string("learned activation, ") + kTypeName<T>,
                   "26x26x32",
                   kRows,
                   {kValueFlops * kElements},
                   [](const kernels::LaunchContext& context) {
                     const Polynomials linked;
                     const Parameters parameters;
                     const auto x = input<T>(kAll);
                     const DeviceArray<T> y(kAll);
                     kernels::ActivateLearned arguments{.x = x.per_trial(), .y = y.per_trial()};
                     parameters.take(arguments);
                     kernels::activate_learned(arguments, context);
                   }});
  steps.push_back({std::string("learned activation backward, ") + kTypeName<T>,
                   "26x26x32",
                   kRows,
                   {(kSlopesFlops + kGradientFlops) * kElements, 2.0 * 2 * kChannels},
                   [](const kernels::LaunchContext& context) {
                     const Polynomials linked;
                     const Parameters parameters;
                     const auto x = input<T>(kAll);
                     const auto dy = input<T>(kAll);
                     const DeviceArray<T> dx(kAll);
                     const DeviceArray<float> of_channels(kChannels);
                     const DeviceArray<float> of_all(1);
                     const DeviceArray<double> workspace(static_cast<std::size_t>(
                         kernels::learned_workspace(kSize, kChannels, 2, kRows)));
                     kernels::ActivateLearnedBackward arguments{.x = x.per_trial(),
                                                                .dy = dy.per_trial(),
                                                                .dx = dx.per_trial(),
                                                                .workspace = workspace.per_trial()};
                     parameters.take(arguments);
                     arguments.gradients[0] = of_channels.per_trial();
                     arguments.gradients[1] = of_all.per_trial();
                     kernels::activate_learned_backward(arguments, context);
                   }});
}

/// A loss and two metrics that are formulas.
Step loss() {
  constexpr int kLossRows = 64;
  constexpr int kOutputs = 10;
  constexpr std::size_t kOutputsOfAll = std::size_t{kLossRows} * kOutputs;
  constexpr kernels::FormulaMetrics kMetrics = {Polynomials::kLoss + 1, 2};
  return {"loss and metrics of formulas",
          "10",
          kLossRows,
          {2 * kTermFlops * kOutputsOfAll, kMetrics.count * kTermFlops * kOutputsOfAll, kLossRows},
          [=](const kernels::LaunchContext& context) {
            const Polynomials linked;
            const auto x = input(kOutputsOfAll);
            const DeviceArray<float> dx(kOutputsOfAll);
            const DeviceArray<std::uint8_t> targets(std::vector<std::uint8_t>(4 * kLossRows, 1));
            const DeviceArray<kernels::BatchSums> sums{std::vector<kernels::BatchSums>(1)};
            const DeviceArray<double> workspace(
                static_cast<std::size_t>(kernels::loss_workspace(kLossRows, kMetrics.count)));
            kernels::evaluate_loss({.loss = losses::MeanSquaredError{},
                                    .formula = Polynomials::kLoss,
                                    .metrics = kMetrics,
                                    .outputs = kOutputs,
                                    .x = x.per_trial(),
                                    .dx = dx.per_trial(),
                                    .targets = {.bytes = targets.data()},
                                    .order = {4 * kLossRows, true},
                                    .sums = sums.per_trial(),
                                    .workspace = workspace.per_trial()},
                                   context);
          }};
}

std::vector<Step> linked_steps() {
  std::vector<Step> steps;
  add_learned<float>(steps);
  add_learned<Bf16>(steps);
  steps.push_back(loss());
  return steps;
}

const AddSteps add_linked(linked_steps);

}  // namespace
}  // namespace saltus::test
