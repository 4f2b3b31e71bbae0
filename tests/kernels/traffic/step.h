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
  std::function<void(const kernels::LaunchContext&)> run;
};

/// Adds the steps of a file to those that are counted: `const AddSteps add_rows(row_steps);`
struct AddSteps {
  explicit AddSteps(std::vector<Step> (*make)());
};

/// "fp32", "bf16"
template <class T>
constexpr const char* kTypeName = std::is_same_v<T, float> ? "fp32" : "bf16";

/// `count` elements that a step reads.
template <class T = float>
DeviceArray<T> input(std::size_t count) {
  return DeviceArray<T>(elements<T>(normal_values(count, static_cast<std::uint32_t>(count))));
}

}  // namespace saltus::test
