// Normalizations of sets of elements by their own mean and variance: of each position, and of
// groups of channels.
#include <saltus/kernels/normalization/group_normalize.h>
#include <saltus/kernels/normalization/layer_normalize.h>

#include "tests/kernels/traffic/step.h"

namespace saltus::test {
namespace {

using kernels::Bf16;

constexpr int kChannels = 32;
constexpr int kGroups = 8;
constexpr int kRows = 4;
constexpr kernels::NormalizeShape kShape = {26 * 26, kChannels};
constexpr std::size_t kAll = std::size_t{kRows} * 26 * 26 * kChannels;

struct LayerNormalization {
  static constexpr const char* kName = "layer normalisation";
  static std::int64_t workspace() { return kernels::layer_normalize_workspace(kShape, kRows); }
  template <class... A>
  static void forward(const kernels::LaunchContext& context, A... arrays) {
    kernels::layer_normalize({kShape, arrays..., 1e-3F}, context);
  }
  template <class... A>
  static void backward(const kernels::LaunchContext& context, A... arrays) {
    kernels::layer_normalize_backward({kShape, arrays..., 1e-3F}, context);
  }
};

struct GroupNormalization {
  static constexpr const char* kName = "group normalisation";
  static std::int64_t workspace() {
    return kernels::group_normalize_workspace(kShape, kGroups, kRows);
  }
  template <class... A>
  static void forward(const kernels::LaunchContext& context, A... arrays) {
    kernels::group_normalize({kShape, kGroups, arrays..., 1e-3F}, context);
  }
  template <class... A>
  static void backward(const kernels::LaunchContext& context, A... arrays) {
    kernels::group_normalize_backward({kShape, kGroups, arrays..., 1e-3F}, context);
  }
};

template <class Normalization, class T>
void add(std::vector<Step>& steps) {
  constexpr double kElements = kAll;
  const std::string name = Normalization::kName;
  steps.push_back({name + ", " + kTypeName<T>,
                   "26x26x32",
                   kRows,
                   {8 * kElements},
                   [](const kernels::LaunchContext& context) {
                     const auto x = input<T>(kAll);
                     const auto gamma = input(kChannels);
                     const auto beta = input(kChannels);
                     const DeviceArray<T> y(kAll);
                     Normalization::forward(context, x.per_trial(), gamma.per_trial(),
                                            beta.per_trial(), y.per_trial());
                   }});
  steps.push_back({name + ", backward, " + kTypeName<T>,
                   "26x26x32",
                   kRows,
                   {17 * kElements, 5 * kElements, 0},
                   [](const kernels::LaunchContext& context) {
                     const auto x = input<T>(kAll);
                     const auto dy = input<T>(kAll);
                     const auto gamma = input(kChannels);
                     const DeviceArray<T> dx(kAll);
                     const DeviceArray<float> dgamma(kChannels);
                     const DeviceArray<float> dbeta(kChannels);
                     const DeviceArray<float> workspace(
                         static_cast<std::size_t>(Normalization::workspace()));
                     Normalization::backward(context, x.per_trial(), dy.per_trial(),
                                             gamma.per_trial(), dx.per_trial(), dgamma.per_trial(),
                                             dbeta.per_trial(), workspace.per_trial());
                   }});
}

std::vector<Step> set_steps() {
  std::vector<Step> steps;
  add<LayerNormalization, float>(steps);
  add<LayerNormalization, Bf16>(steps);
  add<GroupNormalization, float>(steps);
  add<GroupNormalization, Bf16>(steps);
  return steps;
}

const AddSteps add_sets(set_steps);

}  // namespace
}  // namespace saltus::test
