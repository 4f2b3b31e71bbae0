#pragma once

#include <saltus/kernels/loss/loss.h>
#include <saltus/samples.h>

#include "backend/cuda/handles.h"

namespace saltus::cuda {

/// Where a split's samples lie on the device, once for all trials.
struct DataView {
  std::int64_t count = 0;
  const std::uint8_t* bytes = nullptr;  ///< inputs, or none
  const float* floats = nullptr;        ///< inputs, or none; one of the two
  kernels::Targets targets = {};
  const float* weights = nullptr;  ///< of the samples, or none
};

/// What samples take on the device.
std::int64_t bytes_of(const Samples& samples);

/// A copy of a split's samples.
class Dataset {
 public:
  /// Copies samples, and waits for it. Throws InvalidArgument where there are more than 2^32 - 1.
  /// True where they lie at the same places, in the same types and number, as those before: what
  /// was captured with those holds for them, too.
  bool load(const Samples& samples, cudaStream_t stream);

  const DataView& view() const { return view_; }

 private:
  DeviceMemory inputs_;
  DeviceMemory targets_;
  DeviceMemory weights_;
  std::int64_t input_bytes_ = 0;
  std::int64_t target_bytes_ = 0;
  std::int64_t weight_bytes_ = 0;
  DataView view_;
};

}  // namespace saltus::cuda
