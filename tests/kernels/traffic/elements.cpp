#include <saltus/kernels/elementwise/activate.h>
#include <saltus/kernels/elementwise/column_sums.h>
#include <saltus/kernels/elementwise/concatenate.h>
#include <saltus/kernels/elementwise/drop.h>
#include <saltus/kernels/elementwise/drop_maps.h>
#include <saltus/kernels/elementwise/fill.h>
#include <saltus/kernels/elementwise/multiply.h>
#include <saltus/kernels/elementwise/noise.h>
#include <saltus/kernels/elementwise/pad.h>
#include <saltus/kernels/elementwise/parametric_relu.h>
#include <saltus/kernels/elementwise/sum.h>
#include <saltus/kernels/elementwise/transpose.h>

#include "tests/kernels/traffic/flops.h"
#include "tests/kernels/traffic/step.h"

namespace saltus::test {
namespace {

using kernels::Bf16;

constexpr int kRows = 2;
constexpr int kChannels = 32;
constexpr int kSize = 26 * 26 * kChannels;  // of a row: conv1's output
constexpr std::size_t kAll = std::size_t{kRows} * kSize;
constexpr std::size_t kWeights = 18432;  // conv2's
constexpr kernels::Frame kFrame = {26, 26 * kChannels, 28, 28 * kChannels, 1, kChannels};
constexpr kernels::Halves kHalves = {26 * 26, kChannels / 2, kChannels / 2};

/// A step on the whole batch, `flops` for each element.
template <class T, class Run>
Step on_batch(const std::string& name, double flops, Run run) {
  return {name + ", " + kTypeName<T>, "26x26x32", kRows, {flops * static_cast<double>(kAll)}, run};
}

template <class T>
void add(std::vector<Step>& steps) {
  steps.push_back(on_batch<T>("activation", kBiasFlops + kActivateFlops,
                              [](const kernels::LaunchContext& context) {
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
                                                  context);
                              }));
  steps.push_back(on_batch<T>(
      "activation backward", kActivateBackwardFlops, [](const kernels::LaunchContext& context) {
        const auto dy = input<T>(kAll);
        const auto slope = input(kAll);
        const DeviceArray<T> dx(kAll);
        kernels::activate_backward({dy.per_trial(), slope.per_trial(), dx.per_trial(), kSize},
                                   context);
      }));
  steps.push_back(on_batch<T>("dropout", kDropFlops, [](const kernels::LaunchContext& context) {
    const auto x = input<T>(kAll);
    const DeviceArray<T> y(kAll);
    kernels::drop({x.per_trial(), y.per_trial(), kSize}, context);
  }));
  steps.push_back(on_batch<T>(
      "dropout backward", kDropBackwardFlops, [](const kernels::LaunchContext& context) {
        const auto dy = input<T>(kAll);
        const DeviceArray<T> dx(kAll);
        kernels::drop_backward({dy.per_trial(), dx.per_trial(), kSize}, context);
      }));
  steps.push_back(on_batch<T>("dropout of maps", 1, [](const kernels::LaunchContext& context) {
    const auto x = input<T>(kAll);
    const DeviceArray<T> y(kAll);
    kernels::drop_maps({x.per_trial(), y.per_trial(), kSize / kChannels, kChannels}, context);
  }));
  steps.push_back(on_batch<T>("noise", kNoiseFlops, [](const kernels::LaunchContext& context) {
    const auto x = input<T>(kAll);
    const DeviceArray<T> y(kAll);
    kernels::add_noise({x.per_trial(), y.per_trial(), kSize, 0, 0.1F}, context);
  }));
  steps.push_back(on_batch<T>("sum", 1, [](const kernels::LaunchContext& context) {
    const auto a = input<T>(kAll);
    const auto b = input<T>(kAll);
    const DeviceArray<T> y(kAll);
    kernels::sum({a.per_trial(), b.per_trial(), y.per_trial(), kSize}, context);
  }));
  steps.push_back(on_batch<T>("product", 1, [](const kernels::LaunchContext& context) {
    const auto a = input<T>(kAll);
    const auto b = input<T>(kAll);
    const DeviceArray<T> y(kAll);
    kernels::multiply({a.per_trial(), b.per_trial(), y.per_trial(), kSize}, context);
  }));
  steps.push_back(on_batch<T>("concatenation", 0, [](const kernels::LaunchContext& context) {
    const auto a = input<T>(kAll / 2);
    const auto b = input<T>(kAll / 2);
    const DeviceArray<T> y(kAll);
    kernels::concatenate({kHalves, a.per_trial(), b.per_trial(), y.per_trial()}, context);
  }));
  steps.push_back(on_batch<T>("split", 0, [](const kernels::LaunchContext& context) {
    const auto x = input<T>(kAll);
    const DeviceArray<T> a(kAll / 2);
    const DeviceArray<T> b(kAll / 2);
    kernels::split({kHalves, x.per_trial(), a.per_trial(), b.per_trial()}, context);
  }));
  steps.push_back(on_batch<T>("padding", 0, [](const kernels::LaunchContext& context) {
    const auto x = input<T>(kAll);
    const DeviceArray<T> y(std::size_t{kRows} * 28 * 28 * kChannels);
    kernels::pad({kFrame, x.per_trial(), y.per_trial()}, context);
  }));
  steps.push_back(on_batch<T>("padding backward", 0, [](const kernels::LaunchContext& context) {
    const auto dy = input<T>(std::size_t{kRows} * 28 * 28 * kChannels);
    const DeviceArray<T> dx(kAll);
    kernels::pad_backward({kFrame, dy.per_trial(), dx.per_trial()}, context);
  }));
  const std::vector<double> column_flops = {static_cast<double>(kAll), 2.0 * kChannels};
  steps.push_back(
      {std::string("column sums, ") + kTypeName<T>, "26x26x32", kRows, column_flops,
       [](const kernels::LaunchContext& context) {
         constexpr int kPixels = kSize / kChannels;
         const auto x = input<T>(kAll);
         const DeviceArray<float> sums(kChannels);
         const DeviceArray<float> workspace(
             static_cast<std::size_t>(kernels::column_sums_workspace(kPixels, kChannels, kRows)));
         kernels::column_sums(
             {x.per_trial(), sums.per_trial(), workspace.per_trial(), kPixels, kChannels}, context);
       }});
}

/// A slope for each channel.
struct ChannelSlopes {
  DeviceArray<float> alpha = input(kChannels);
  DeviceArray<int> of_element, elements, first;

  ChannelSlopes()
      : of_element(made(kSize, [](int i) { return i % kChannels; })),
        elements(made(kSize, [](int i) { return i % kPixels * kChannels + i / kPixels; })),
        first(made(kChannels + 1, [](int i) { return i * kPixels; })) {}

  [[nodiscard]] kernels::AlphaMap map() const {
    return {kSize, kChannels, of_element.data(), elements.data(), first.data()};
  }

 private:
  static constexpr int kPixels = kSize / kChannels;

  static std::vector<int> made(int count, int (*value)(int)) {
    std::vector<int> all;
    all.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) all.push_back(value(i));
    return all;
  }
};

template <class T>
void add_parametric_relu(std::vector<Step>& steps) {
  steps.push_back(on_batch<T>("parametric relu", 1, [](const kernels::LaunchContext& context) {
    const ChannelSlopes slopes;
    const auto x = input<T>(kAll);
    const DeviceArray<T> y(kAll);
    kernels::parametric_relu({slopes.map(), x.per_trial(), slopes.alpha.per_trial(), y.per_trial()},
                             context);
  }));
  Step backward =
      on_batch<T>("parametric relu backward", 1, [](const kernels::LaunchContext& context) {
        const ChannelSlopes slopes;
        const auto x = input<T>(kAll);
        const auto dy = input<T>(kAll);
        const DeviceArray<T> dx(kAll);
        const DeviceArray<float> dalpha(kChannels);
        kernels::parametric_relu_backward(
            {slopes.map(), x.per_trial(), dy.per_trial(), slopes.alpha.per_trial(), dx.per_trial(),
             dalpha.per_trial()},
            context);
      });
  backward.flops.push_back(2 * static_cast<double>(kAll));
  steps.push_back(std::move(backward));
}

/// One element after the other: activations, PReLU, dropout, sums, fills and casts.
std::vector<Step> element_steps() {
  std::vector<Step> steps;
  add<float>(steps);
  add<Bf16>(steps);
  add_parametric_relu<float>(steps);
  add_parametric_relu<Bf16>(steps);
  steps.push_back({"fill", "18432 weights", 1, {0}, [](const kernels::LaunchContext& context) {
                     const DeviceArray<float> y(kWeights);
                     kernels::fill({y.per_trial(), kWeights, 0}, context);
                   }});
  steps.push_back({"cast", "18432 weights", 1, {0}, [](const kernels::LaunchContext& context) {
                     const auto x = input(kWeights);
                     const DeviceArray<Bf16> y(kWeights);
                     kernels::cast({x.per_trial(), y.per_trial(), kWeights}, context);
                   }});
  steps.push_back(
      {"transpose", "288 x 64 weights", 1, {0}, [](const kernels::LaunchContext& context) {
         const auto x = input(kWeights);
         const DeviceArray<float> y(kWeights);
         kernels::transpose({x.per_trial(), y.per_trial(), 288, 64}, context);
       }});
  return steps;
}

const AddSteps add_elements(element_steps);

}  // namespace
}  // namespace saltus::test
