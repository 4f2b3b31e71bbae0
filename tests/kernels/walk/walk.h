#pragma once

#include <vector>

#include <saltus/kernels/activation_entry.h>

#include "tests/kernels/device/trial_table.h"
#include "tests/kernels/walk/checksum.h"

namespace saltus::test {

/// Evaluates an activation on stretches of floats, by the kernel that trains.
class DeviceWalk {
 public:
  /// For stretches of up to `most` inputs.
  DeviceWalk(const kernels::ActivationRef& activation, std::int64_t most);

  /// Evaluates a stretch; returns before it is done.
  void start(const Stretch& stretch);

  /// Of the stretch that was started; waits.
  [[nodiscard]] Checksums checksums() const;
  [[nodiscard]] std::vector<float> y() const { return y_.read(); }
  [[nodiscard]] std::vector<float> slope() const { return slope_.read(); }

 private:
  TrialTable table_;
  DeviceArray<float> x_, y_, slope_;
  DeviceArray<Checksums> of_block_;
  int blocks_ = 0;
};

/// How far apart the inputs of the test's walk lie; odd, so that it meets mantissas of all kinds.
/// 1: all floats.
void set_walk_stride(std::uint32_t stride);

}  // namespace saltus::test
