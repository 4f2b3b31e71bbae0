// The steps whose traffic is counted: every kernel at the shapes of the tutorial's network, on as
// few rows as show its way with memory; all figures but those of weights grow with the rows.
#pragma once

#include <functional>
#include <string>
#include <type_traits>
#include <vector>

#include "tests/kernels/device/compare.h"
#include "tests/kernels/device/trial_table.h"

namespace saltus::test {

struct Step {
  std::string name;
  std::string shape;
  int rows = 1;
  std::vector<double> flops;  ///< of each launch: additions, multiplications, functions
  std::function<void(const kernels::Stage&)> run;
};

/// The network's products: convolutions and dense layers.
std::vector<Step> product_steps();
/// One element after the other: activations, PReLU, dropout, sums, fills and casts.
std::vector<Step> element_steps();
/// Max-pooling, alone and behind an activation, and average pooling.
std::vector<Step> pooling_steps();
/// Batches, softmax, losses, normalisation.
std::vector<Step> row_steps();
/// The optimizer.
std::vector<Step> update_steps();

/// "fp32", "bf16"
template <class T>
constexpr const char* kTypeName = std::is_same_v<T, float> ? "fp32" : "bf16";

/// `count` elements that a step reads.
template <class T = float>
DeviceArray<T> input(std::size_t count) {
  return DeviceArray<T>(elements<T>(normal_values(count, static_cast<std::uint32_t>(count))));
}

}  // namespace saltus::test
