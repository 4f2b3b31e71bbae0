// Arrays side by side, and apart again. A thread takes an element of the whole: neighbours read and
// write neighbours but where the halves meet. Each moves every element once and computes nothing,
// so the memory's speed is its own.
#include <saltus/kernels/device/launch.h>
#include <saltus/kernels/elementwise/concatenate.h>

namespace saltus::kernels {
namespace {

constexpr int kThreads = 256;

/// The calling thread's element.
struct Place {
  std::int64_t whole;  ///< in the array of both
  std::int64_t vector;
  int column;
  bool there;

  __device__ Place(const Halves& shape, const Trials& trials) {
    const int width = shape.first + shape.second;
    whole = std::int64_t{blockIdx.x} * kThreads + threadIdx.x;
    vector = whole / width;
    column = static_cast<int>(whole - vector * width);
    there = vector < trials.rows() * shape.vectors;
  }
};

__global__ void __launch_bounds__(kThreads) concatenate_kernel(Concatenate step, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  if (!trials.active(trial)) return;
  const Place at(step.shape, trials);
  if (!at.there) return;
  const int behind = at.column - step.shape.first;
  const float value = behind < 0 ? step.a.load(trial, at.vector * step.shape.first + at.column)
                                 : step.b.load(trial, at.vector * step.shape.second + behind);
  step.y.save(value, trial, at.whole);
}

__global__ void __launch_bounds__(kThreads) split_kernel(Split step, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  if (!trials.active(trial)) return;
  const Place at(step.shape, trials);
  if (!at.there) return;
  const int behind = at.column - step.shape.first;
  const float value = step.x.load(trial, at.whole);
  if (behind < 0) {
    if (step.a) step.a.save(value, trial, at.vector * step.shape.first + at.column);
  } else if (step.b) {
    step.b.save(value, trial, at.vector * step.shape.second + behind);
  }
}

Grid grid_of(const Halves& shape, const LaunchContext& context) {
  const std::int64_t elements =
      context.max_rows * shape.vectors * (std::int64_t{shape.first} + shape.second);
  return {blocks_for(elements, kThreads), 1, context.trials.count};
}

}  // namespace

void concatenate(const Concatenate& arguments, const LaunchContext& context) {
  launch<concatenate_kernel>(grid_of(arguments.shape, context), dim3(kThreads), 0, context.stream,
                             arguments, context.trials);
}

void split(const Split& arguments, const LaunchContext& context) {
  launch<split_kernel>(grid_of(arguments.shape, context), dim3(kThreads), 0, context.stream,
                       arguments, context.trials);
}

}  // namespace saltus::kernels
