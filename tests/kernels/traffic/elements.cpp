#include "kernels/elementwise/activate.h"
#include "kernels/elementwise/drop.h"
#include "kernels/elementwise/fill.h"
#include "kernels/elementwise/sum.h"
#include "tests/kernels/traffic/step.h"

namespace saltus::test {
namespace {

using kernels::Bf16;

constexpr int kRows = 2;
constexpr int kChannels = 32;
constexpr int kSize = 26 * 26 * kChannels;  // of a row: conv1's output
constexpr std::size_t kAll = std::size_t{kRows} * kSize;
constexpr std::size_t kWeights = 18432;  // conv2's

/// A step on the whole batch, `flops` for each element.
template <class T, class Run>
Step on_batch(const std::string& name, double flops, Run run) {
  return {name + ", " + kTypeName<T>, "26x26x32", kRows, {flops * static_cast<double>(kAll)}, run};
}

template <class T>
void add(std::vector<Step>& steps) {
  steps.push_back(on_batch<T>("activation", 3, [](const kernels::Stage& stage) {
    const auto x = input<T>(kAll);
    const auto bias = input(kChannels);
    const DeviceArray<T> y(kAll);
    const DeviceArray<float> slope(kAll);
    kernels::activate({.x = x.per_trial(),
                       .bias = bias.per_trial(),
                       .y = y.per_trial(),
                       .slope = slope.per_trial(),
                       .size = kSize,
                       .channels = kChannels},
                      stage);
  }));
  steps.push_back(on_batch<T>("activation backward", 1, [](const kernels::Stage& stage) {
    const auto dy = input<T>(kAll);
    const auto slope = input(kAll);
    const DeviceArray<T> dx(kAll);
    kernels::activate_backward({dy.per_trial(), slope.per_trial(), dx.per_trial(), kSize}, stage);
  }));
  steps.push_back(on_batch<T>("dropout", 2, [](const kernels::Stage& stage) {
    const auto x = input<T>(kAll);
    const DeviceArray<T> y(kAll);
    kernels::drop({x.per_trial(), y.per_trial(), kSize}, stage);
  }));
  steps.push_back(on_batch<T>("dropout backward", 1, [](const kernels::Stage& stage) {
    const auto dy = input<T>(kAll);
    const DeviceArray<T> dx(kAll);
    kernels::drop_backward({dy.per_trial(), dx.per_trial(), kSize}, stage);
  }));
  steps.push_back(on_batch<T>("sum", 1, [](const kernels::Stage& stage) {
    const auto a = input<T>(kAll);
    const auto b = input<T>(kAll);
    const DeviceArray<T> y(kAll);
    kernels::sum({a.per_trial(), b.per_trial(), y.per_trial(), kSize}, stage);
  }));
}

}  // namespace

std::vector<Step> element_steps() {
  std::vector<Step> steps;
  add<float>(steps);
  add<Bf16>(steps);
  steps.push_back({"fill", "18432 weights", 1, {0}, [](const kernels::Stage& stage) {
                     const DeviceArray<float> y(kWeights);
                     kernels::fill({y.per_trial(), kWeights, 0}, stage);
                   }});
  steps.push_back({"cast", "18432 weights", 1, {0}, [](const kernels::Stage& stage) {
                     const auto x = input(kWeights);
                     const DeviceArray<Bf16> y(kWeights);
                     kernels::cast({x.per_trial(), y.per_trial(), kWeights}, stage);
                   }});
  return steps;
}

}  // namespace saltus::test
