#include "backend/cuda/layout.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include <saltus/error.h>

#include "backend/cuda/handles.h"

namespace saltus::cuda {
namespace {

/// Puts arrays one behind another, each at a multiple of what one transaction of memory reads. None
/// is empty: an address means that the array is there.
class BumpAllocator {
 public:
  std::int64_t put(std::int64_t bytes) {
    const std::int64_t offset = bytes_;
    bytes_ += aligned(std::max<std::int64_t>(1, bytes));
    return offset;
  }
  std::int64_t put_if(bool wanted, std::int64_t bytes) { return wanted ? put(bytes) : -1; }
  std::int64_t bytes() const { return bytes_; }

 private:
  std::int64_t bytes_ = 0;
};

struct Largest {
  std::string name;
  std::int64_t bytes = 0;
};

/// The tensor of all programs that takes most.
Largest largest_tensor(const Layout& layout, std::span<const plan::Program> programs) {
  Largest largest;
  for (const plan::Program& program : programs) {
    for (const plan::Tensor& tensor : program.tensors) {
      const std::int64_t rows = plan::has_rows(tensor) ? layout.max_rows : 1;
      const std::int64_t bytes = plan::bytes_of(tensor) * rows;
      if (bytes > largest.bytes) largest = {tensor.name, bytes};
    }
  }
  return largest;
}

}  // namespace

Layout Layout::evaluated() const {
  Layout layout = *this;
  if (averages < 0) return layout;
  layout.parameters = averages;
  layout.halves = average_halves;
  return layout;
}

Layout make_layout(const plan::Plan& plan, int moments, bool averages, const Demand& demand,
                   std::int64_t max_rows) {
  // Small enough for any number of trials to be multiplied with what one takes.
  constexpr std::int64_t kMostBytes = std::int64_t{1} << 46;
  if (demand.row_bytes > kMostBytes / max_rows || demand.workspace > kMostBytes ||
      plan.parameter_count > kMostBytes / 16) {
    throw DeviceError(fmt::format(
        "a trial with batches of {} takes more than 64 TiB of device memory: use smaller batches, "
        "or a smaller network",
        max_rows));
  }
  const std::int64_t parameters = plan.parameter_count * std::int64_t{sizeof(float)};
  Layout layout;
  BumpAllocator state;
  layout.parameters = state.put(parameters);
  const bool halves = plan.precision == Precision::bf16;
  layout.halves = state.put_if(halves, parameters / 2);
  layout.averages = state.put_if(averages, parameters);
  layout.average_halves = state.put_if(averages && halves, parameters / 2);
  for (int i = 0; i < moments; ++i)
    layout.moments[static_cast<std::size_t>(i)] = state.put(parameters);
  layout.statistics = state.put(plan.statistic_count * std::int64_t{sizeof(float)});
  layout.state_bytes = state.bytes();

  BumpAllocator scratch;
  layout.gradients = scratch.put(parameters);
  layout.rows = scratch.put(demand.row_bytes * max_rows);
  layout.workspace = scratch.put(demand.workspace);
  layout.scratch_bytes = scratch.bytes();

  layout.shared_bytes = demand.shared;
  layout.max_rows = max_rows;
  return layout;
}

void require_memory(const Layout& layout, int trials, std::int64_t held,
                    std::span<const plan::Program> programs) {
  std::size_t free = 0;
  std::size_t total = 0;
  SALTUS_CUDA_CHECK(cudaMemGetInfo(&free, &total));
  const std::int64_t needed = layout.bytes_of(trials);
  const std::int64_t usable = static_cast<std::int64_t>(free) + held;
  if (needed <= usable) return;
  const Largest largest = largest_tensor(layout, programs);
  throw OutOfMemory(fmt::format(
      "{} {} with batches of {} take {} bytes of device memory, but {} are free; the largest "
      "array is {} with {} bytes a trial: run fewer trials side by side, or smaller batches",
      trials, trials == 1 ? "trial" : "trials", layout.max_rows, needed, usable, largest.name,
      largest.bytes));
}

}  // namespace saltus::cuda
