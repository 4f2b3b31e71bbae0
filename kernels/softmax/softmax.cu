// Softmax over the last axis. A warp takes a vector, its lanes every 32nd channel, so that its
// accesses lie side by side; vectors are short, so what is read again comes from the first-level
// cache and is read again rather than kept. Reads a vector three times, backward twice, and
// evaluates exp twice an element: bound by memory for vectors that fit the cache.
#include <limits>

#include <saltus/kernels/device/reduce.h>
#include <saltus/kernels/math.h>
#include <saltus/kernels/softmax/softmax.h>

namespace saltus::kernels {
namespace {

constexpr int kWarps = 4;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// The calling warp's vector, counted over the whole batch.
__device__ std::int64_t vector_of_warp() {
  return std::int64_t{blockIdx.x} * kWarps + threadIdx.x / kWarpLanes;
}

struct Larger {
  SALTUS_HD float operator()(float a, float b) const { return a > b ? a : b; }
};

__global__ void __launch_bounds__(kWarps* kWarpLanes) softmax_kernel(Softmax step, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  if (!trials.active(trial)) return;
  const std::int64_t vector = vector_of_warp();
  if (vector >= trials.rows() * step.vectors) return;
  const std::int64_t first = vector * step.channels;
  const int lane = static_cast<int>(threadIdx.x) % kWarpLanes;

  float largest = -kInfinity;
  for (int j = lane; j < step.channels; j += kWarpLanes)
    largest = Larger{}(step.x.load(trial, first + j), largest);
  largest = reduce_warp(largest, Larger{});

  // The sum of exp(x - largest) is 1 + others: one of the largest elements is left out, so that the
  // logarithm of a sum near 1 loses nothing. An infinite largest makes all results NaN.
  float others = 0;
  float ties = 0;
  for (int j = lane; j < step.channels; j += kWarpLanes) {
    const float x = step.x.load(trial, first + j);
    if (x == largest)
      ++ties;
    else
      others += math::exp(x - largest);
  }
  others = reduce_warp(others) + (reduce_warp(ties) - 1) + (largest - largest);

  const float log_sum = step.log ? math::log1p(others) : 0.0f;
  for (int j = lane; j < step.channels; j += kWarpLanes) {
    const float shifted = step.x.load(trial, first + j) - largest;
    const float y = step.log ? shifted - log_sum : math::exp(shifted) / (1 + others);
    step.y.save(y, trial, first + j);
  }
}

__global__ void __launch_bounds__(kWarps* kWarpLanes)
    softmax_backward_kernel(SoftmaxBackward step, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  if (!trials.active(trial)) return;
  const std::int64_t vector = vector_of_warp();
  if (vector >= trials.rows() * step.vectors) return;
  const std::int64_t first = vector * step.channels;
  const int lane = static_cast<int>(threadIdx.x) % kWarpLanes;

  float sum = 0;
  for (int j = lane; j < step.channels; j += kWarpLanes) {
    const float dy = step.dy.load(trial, first + j);
    sum += step.log ? dy : step.y.load(trial, first + j) * dy;
  }
  sum = reduce_warp(sum);

  for (int j = lane; j < step.channels; j += kWarpLanes) {
    const float y = step.y.load(trial, first + j);
    const float dy = step.dy.load(trial, first + j);
    step.dx.save(step.log ? dy - math::exp(y) * sum : y * (dy - sum), trial, first + j);
  }
}

Grid grid_of(std::int64_t vectors, const LaunchContext& context) {
  return {blocks_for(context.max_rows * vectors, kWarps), 1, context.trials.count};
}

}  // namespace

void softmax(const Softmax& arguments, const LaunchContext& context) {
  launch<softmax_kernel>(grid_of(arguments.vectors, context), dim3(kWarps * kWarpLanes), 0,
                         context.stream, arguments, context.trials);
}

void softmax_backward(const SoftmaxBackward& arguments, const LaunchContext& context) {
  launch<softmax_backward_kernel>(grid_of(arguments.vectors, context), dim3(kWarps * kWarpLanes), 0,
                                  context.stream, arguments, context.trials);
}

}  // namespace saltus::kernels
