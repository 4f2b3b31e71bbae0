// The trial table of a test.
#pragma once

#include <vector>

#include <saltus/kernels/launch_context.h>

#include "tests/kernels/device/device_array.h"

namespace saltus::test {

/// What a test says of its trials; the defaults are one active trial.
struct TableSetup {
  int rows = 1;                    ///< rows of the batch
  int max_rows = 0;                ///< what grids are sized for; 0: rows
  kernels::BatchRange batch = {};  ///< its rows are set from `rows`
  std::vector<kernels::TrialState> states = {{}};
  std::vector<kernels::ActivationRef> activations = {};  ///< [trials][slots]
  std::vector<kernels::DropoutRule> dropouts = {};       ///< [trials][slots]
};

/// The table in device memory.
class TrialTable {
 public:
  explicit TrialTable(const TableSetup& setup);

  /// To hand to a launcher; valid as long as this table.
  [[nodiscard]] kernels::LaunchContext context() const;

  [[nodiscard]] std::vector<kernels::TrialState> states() const { return states_.read(); }
  [[nodiscard]] int trials() const { return static_cast<int>(states_.size()); }

 private:
  int max_rows_;
  DeviceArray<kernels::TrialState> states_;
  DeviceArray<kernels::BatchRange> batch_;
  DeviceArray<kernels::ActivationRef> activations_;
  DeviceArray<kernels::DropoutRule> dropouts_;
};

}  // namespace saltus::test
