// Where everything of a trial lies. Each trial has a part of two arenas: the state, which training
// leaves behind, and the scratch, which a batch leaves behind. Both are planned before anything
// runs; no step allocates.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include <saltus/kernels/any_type.h>
#include <saltus/kernels/update/optimizer_entry.h>

#include "plan/plan.h"

namespace saltus::cuda {

/// Bytes from the beginning of a trial's part to each array; -1 where it is absent.
struct Layout {
  std::int64_t parameters = 0;
  std::int64_t halves = -1;          ///< the parameters as bf16, which products read
  std::int64_t averages = -1;        ///< of the parameters
  std::int64_t average_halves = -1;  ///< the averages as bf16
  std::array<std::int64_t, kernels::kMostMoments> moments = {-1, -1, -1};
  std::int64_t statistics = 0;
  std::int64_t state_bytes = 0;  ///< of a trial's part

  std::int64_t gradients = 0;
  std::int64_t rows = 0;  ///< tensors with rows; the programs take turns
  std::int64_t workspace = 0;
  std::int64_t scratch_bytes = 0;

  std::int64_t shared_bytes = 0;  ///< workspace that all trials share, behind their scratch
  std::int64_t max_rows = 0;

  /// What so many trials take.
  std::int64_t scratch_of(int trials) const { return scratch_bytes * trials + shared_bytes; }
  std::int64_t bytes_of(int trials) const { return state_bytes * trials + scratch_of(trials); }

  /// The same with the averages, where there are any, in place of the parameters: for programs that
  /// evaluate and predict.
  Layout evaluated() const;
};

/// `bytes`, rounded up so that what comes behind begins where a transaction of memory does.
constexpr std::int64_t aligned(std::int64_t bytes) {
  constexpr std::int64_t kAlignment = 256;
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

/// The least row and workspaces that will do for all programs, in bytes a sample and bytes.
struct Demand {
  std::int64_t row_bytes = 0;
  std::int64_t workspace = 0;
  std::int64_t shared = 0;
};

/// `moments`: how many the optimizers of a table remember of each parameter, at most; `averages`:
/// whether any trial has those. Throws DeviceError where that is more than any device has.
Layout make_layout(const plan::Plan& plan, int moments, bool averages, const Demand& demand,
                   std::int64_t max_rows);

/// Throws DeviceError, which says how much is there and what takes most, unless `trials` fit what
/// is free on the device beside `held` bytes that will be given back.
void require_memory(const Layout& layout, int trials, std::int64_t held,
                    std::span<const plan::Program> programs);

/// The arrays of all trials, or of one, in the two arenas.
struct Memory {
  const Layout* layout = nullptr;
  std::byte* state = nullptr;
  std::byte* scratch = nullptr;
  std::byte* shared = nullptr;

  /// The same with that trial's arrays in front.
  Memory of(int trial) const {
    return {layout, state + trial * layout->state_bytes, scratch + trial * layout->scratch_bytes,
            shared};
  }

  /// `offset` as in the layout, then elements of T; none for an absent array.
  template <class T>
  kernels::PerTrial<T> in_state(std::int64_t offset, std::int64_t elements = 0) const {
    return array<T>(state, layout->state_bytes, offset, elements);
  }
  template <class T>
  kernels::PerTrial<T> in_scratch(std::int64_t offset, std::int64_t elements = 0) const {
    return array<T>(scratch, layout->scratch_bytes, offset, elements);
  }

  /// A tensor, of whichever home; none for kNone.
  template <class T>
  kernels::PerTrial<T> tensor(const plan::Program& program, plan::TensorId id) const {
    if (id == plan::kNone) return {};
    const plan::Tensor& t = program.tensor(id);
    switch (t.home) {
      case plan::Home::parameters:
        return in_state<T>(layout->parameters, t.offset);
      case plan::Home::statistics:
        return in_state<T>(layout->statistics, t.offset);
      case plan::Home::gradients:
        return in_scratch<T>(layout->gradients, t.offset);
      case plan::Home::batch:
      case plan::Home::slice:  // which no pass of CUDA makes
        return in_scratch<T>(layout->rows + t.offset * layout->max_rows);
    }
    return {};
  }

 private:
  template <class T>
  static kernels::PerTrial<T> array(std::byte* arena, std::int64_t stride, std::int64_t offset,
                                    std::int64_t elements) {
    constexpr auto size = std::int64_t{sizeof(T)};
    if (offset < 0) return {};
    return {reinterpret_cast<T*>(arena + offset + elements * size), stride / size};
  }
};

}  // namespace saltus::cuda
