#include <saltus/kernels/convolution/depthwise.h>

#include "tests/kernels/traffic/flops.h"
#include "tests/kernels/traffic/step.h"

namespace saltus::test {
namespace {

using kernels::Bf16;

constexpr int kRows = 2;
constexpr int kChannels = 64;
constexpr int kSide = 24;  // of images as conv2 makes them
constexpr int kTaps = 9;
constexpr std::size_t kAll = std::size_t{kRows} * kSide * kSide * kChannels;
constexpr kernels::Window kWindow = {{kSide, kSide}, {kSide, kSide}, {3, 3},   {1, 1},
                                     {1, 1},         kChannels,      kChannels};

template <class T>
void add(std::vector<Step>& steps) {
  const auto add_step = [&](const char* name, std::vector<double> flops,
                            std::function<void(const kernels::LaunchContext&)> run) {
    steps.push_back({std::string(name) + ", " + kTypeName<T>, "24x24x64", kRows, std::move(flops),
                     std::move(run)});
  };
  const double products = 2.0 * kTaps * kAll;
  add_step("depthwise convolution", {products + kBiasFlops * kAll},
           [](const kernels::LaunchContext& context) {
             const auto x = input<T>(kAll);
             const auto w = input(kTaps * kChannels);
             const auto b = input(kChannels);
             const DeviceArray<T> y(kAll);
             kernels::depthwise_forward(
                 {kWindow, x.per_trial(), w.per_trial(), b.per_trial(), y.per_trial()}, context);
           });
  add_step("depthwise convolution, backward to x", {products},
           [](const kernels::LaunchContext& context) {
             const auto dy = input<T>(kAll);
             const auto w = input(kTaps * kChannels);
             const DeviceArray<T> dx(kAll);
             kernels::depthwise_backward_data(
                 {kWindow, dy.per_trial(), w.per_trial(), dx.per_trial()}, context);
           });
  constexpr double kSlices = (kRows * kSide * kSide + 511) / 512;
  add_step(
      "depthwise convolution, backward to w",
      {products + kAll, (kSlices - 1) * (kTaps + 1) * kChannels},
      [](const kernels::LaunchContext& context) {
        const auto x = input<T>(kAll);
        const auto dy = input<T>(kAll);
        const DeviceArray<float> dw(kTaps * kChannels);
        const DeviceArray<float> db(kChannels);
        const DeviceArray<float> workspace(
            static_cast<std::size_t>(kernels::depthwise_backward_filter_workspace(kWindow, kRows)));
        kernels::depthwise_backward_filter({kWindow, x.per_trial(), dy.per_trial(), dw.per_trial(),
                                            db.per_trial(), workspace.per_trial()},
                                           context);
      });
}

/// A depthwise convolution and its gradients.
std::vector<Step> depthwise_steps() {
  std::vector<Step> steps;
  add<float>(steps);
  add<Bf16>(steps);
  return steps;
}

const AddSteps add_depthwise(depthwise_steps);

}  // namespace
}  // namespace saltus::test
