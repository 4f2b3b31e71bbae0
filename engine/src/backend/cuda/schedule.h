// In which order a program's steps are launched, and which of them share a launch.
#pragma once

#include <optional>
#include <vector>

#include "plan/plan.h"

namespace saltus::cuda {

/// A step with, behind a convolution or product, the activation that the same launch computes.
struct Job {
  plan::Step step;
  std::optional<plan::Activate> activation = {};
};

/// A program without its segments: every step takes the whole batch, for a device has no use for
/// slices. The offsets of tensors that have rows are places in one region, bytes a sample.
struct Schedule {
  std::vector<plan::Tensor> tensors;
  std::vector<Job> jobs;
  std::int64_t row_bytes = 0;  ///< of the region, a sample
  plan::TensorId output = plan::kNone;

  const plan::Tensor& tensor(plan::TensorId id) const {
    return tensors[static_cast<std::size_t>(id)];
  }
};

Schedule make_schedule(const plan::Program& program);

/// Whether a tensor has one row a sample.
inline bool has_rows(const plan::Tensor& tensor) {
  return tensor.home == plan::Home::batch || tensor.home == plan::Home::slice;
}

}  // namespace saltus::cuda
