#include <saltus/kernels/pooling/pooling.h>

#include "tests/kernels/traffic/flops.h"
#include "tests/kernels/traffic/step.h"

namespace saltus::test {
namespace {

using kernels::Bf16;

constexpr int kRows = 2;
constexpr int kChannels = 64;
constexpr int kSide = 24;  // conv2's output
constexpr std::size_t kImages = std::size_t{kRows} * kSide * kSide * kChannels;

/// Windows of `side` x `side`, side by side.
kernels::Window windows_of(int side) {
  const int outputs = kSide / side;
  return {{kSide, kSide}, {outputs, outputs}, {side, side}, {side, side}, {}, kChannels, kChannels};
}

std::size_t outputs_of(const kernels::Window& window) {
  return std::size_t{kRows} * static_cast<std::size_t>(window.output.height) *
         static_cast<std::size_t>(window.output.width) * kChannels;
}

/// `places` in windows of 2 x 2.
std::vector<std::uint8_t> places(std::size_t count) {
  std::vector<std::uint8_t> all(count);
  for (std::size_t i = 0; i < count; ++i) all[i] = i % 4;
  return all;
}

Step step_of(const std::string& name, const kernels::Window& window, double flops,
             std::function<void(const kernels::LaunchContext&)> run) {
  const std::string output = std::to_string(window.output.height);
  return {name, "24x24x64 to " + output + "x" + output, kRows, {flops}, std::move(run)};
}

template <class T>
void add_max(std::vector<Step>& steps) {
  const kernels::Window window = windows_of(2);
  const std::size_t outputs = outputs_of(window);
  const auto named = [](const char* name) { return std::string(name) + ", " + kTypeName<T>; };
  steps.push_back(step_of(named("max-pool"), window, 0, [=](const kernels::LaunchContext& context) {
    const auto x = input<T>(kImages);
    const DeviceArray<T> y(outputs);
    const DeviceArray<std::uint8_t> index(outputs);
    kernels::max_pool({window, x.per_trial(), y.per_trial(), index.per_trial()}, context);
  }));
  steps.push_back(
      step_of(named("max-pool backward"), window, 0, [=](const kernels::LaunchContext& context) {
        const auto dy = input<T>(outputs);
        const DeviceArray<std::uint8_t> index(places(outputs));
        const DeviceArray<T> dx(kImages);
        kernels::max_pool_backward({window, dy.per_trial(), index.per_trial(), dx.per_trial()},
                                   context);
      }));
  steps.push_back(
      step_of(named("gather at the maxima"), window, 0, [=](const kernels::LaunchContext& context) {
        const auto x = input<T>(kImages);
        const DeviceArray<std::uint8_t> index(places(outputs));
        const DeviceArray<T> y(outputs);
        kernels::gather_pooled({window, x.per_trial(), index.per_trial(), y.per_trial()}, context);
      }));
  const double chain_flops =
      (kDropBackwardFlops + kActivateBackwardFlops) * static_cast<double>(outputs);
  steps.push_back(step_of(named("max-pool backward with activation and dropout"), window,
                          chain_flops, [=](const kernels::LaunchContext& context) {
                            const auto dy = input<T>(outputs);
                            const auto slope = input(outputs);
                            const DeviceArray<std::uint8_t> index(places(outputs));
                            const DeviceArray<T> dx(kImages);
                            kernels::pooled_gradient({.window = window,
                                                      .dy = dy.per_trial(),
                                                      .slope = slope.per_trial(),
                                                      .index = index.per_trial(),
                                                      .dx = dx.per_trial(),
                                                      .drop_slot = 0},
                                                     context);
                          }));
  const double flops = kActivateFlops * static_cast<double>(outputs);
  steps.push_back(step_of(named("activation, max-pool"), window, flops,
                          [=](const kernels::LaunchContext& context) {
                            const auto x = input(kImages);
                            const DeviceArray<T> y(outputs);
                            const DeviceArray<float> slope(outputs);
                            const DeviceArray<std::uint8_t> index(outputs);
                            kernels::activate_pool({.window = window,
                                                    .x = x.per_trial(),
                                                    .y = y.per_trial(),
                                                    .slope = slope.per_trial(),
                                                    .index = index.per_trial()},
                                                   context);
                          }));
}

void add_average(std::vector<Step>& steps, const std::string& name, int side) {
  const kernels::Window window = windows_of(side);
  const std::size_t outputs = outputs_of(window);
  const auto adds = static_cast<double>(kImages);
  steps.push_back(step_of(name, window, adds, [=](const kernels::LaunchContext& context) {
    const auto x = input(kImages);
    const DeviceArray<float> y(outputs);
    kernels::average_pool({window, x.per_trial(), y.per_trial()}, context);
  }));
  steps.push_back(
      step_of(name + " backward", window, adds, [=](const kernels::LaunchContext& context) {
        const auto dy = input(outputs);
        const DeviceArray<float> dx(kImages);
        kernels::average_pool_backward({window, dy.per_trial(), dx.per_trial()}, context);
      }));
}

/// Max-pooling, alone and behind an activation, and average pooling.
std::vector<Step> pooling_steps() {
  std::vector<Step> steps;
  add_max<float>(steps);
  add_max<Bf16>(steps);
  add_average(steps, "average pool", 2);
  add_average(steps, "global average pool", kSide);
  return steps;
}

const AddSteps add_pooling(pooling_steps);

}  // namespace
}  // namespace saltus::test
