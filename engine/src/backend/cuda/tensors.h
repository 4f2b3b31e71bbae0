// The arrays that steps name, as launches take them.
#pragma once

#include <type_traits>

#include <saltus/kernels/any_type.h>
#include <saltus/kernels/window.h>

#include "backend/cuda/launch.h"

namespace saltus::cuda {

/// Kernels count the extents of one sample in int. Throws InvalidArgument where one is larger than
/// kernels::kLargestIndex.
int extent(std::int64_t count);
kernels::Extent extent(const Size2& size);
kernels::Window window_of(const plan::Window& window);

/// Elements of T in the workspace of a launch, from that byte on.
template <class T>
kernels::PerTrial<T> workspace(const StepContext& at, std::int64_t bytes = 0) {
  return at.memory.in_scratch<T>(at.memory.layout->workspace + bytes);
}

/// The tensors of a program.
class Tensors {
 public:
  explicit Tensors(const plan::Program& program) : program_(&program) {}

  const plan::Tensor& tensor(plan::TensorId id) const { return program_->tensor(id); }
  std::int64_t elements(plan::TensorId id) const { return tensor(id).elements; }
  bool is_bf16(plan::TensorId id) const {
    return id != plan::kNone && program_->tensor(id).type == plan::DType::bf16;
  }

  template <class T>
  kernels::PerTrial<T> of(const StepContext& at, plan::TensorId id) const {
    return at.memory.tensor<T>(*program_, id);
  }
  kernels::PerTrial<float> floats(const StepContext& at, plan::TensorId id) const {
    return of<float>(at, id);
  }
  kernels::PerTrial<std::uint8_t> bytes(const StepContext& at, plan::TensorId id) const {
    return of<std::uint8_t>(at, id);
  }
  kernels::AnyInput in(const StepContext& at, plan::TensorId id) const {
    if (is_bf16(id)) return of<kernels::Bf16>(at, id);
    return of<float>(at, id);
  }
  kernels::AnyOutput out(const StepContext& at, plan::TensorId id) const {
    if (is_bf16(id)) return of<kernels::Bf16>(at, id);
    return of<float>(at, id);
  }

  /// A weight, as products of T read it.
  template <class T>
  kernels::PerTrial<const T> weight(const StepContext& at, plan::TensorId id) const {
    if constexpr (std::is_same_v<T, kernels::Bf16>) {
      return at.memory.in_state<kernels::Bf16>(at.memory.layout->halves,
                                               program_->tensor(id).offset);
    } else {
      return of<T>(at, id);
    }
  }

 private:
  const plan::Program* program_;
};

}  // namespace saltus::cuda
