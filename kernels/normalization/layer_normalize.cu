// Layer normalisation in three kinds of kernels.
//
// Vectors (normalize_vectors_kernel, differentiate_vectors_kernel): a warp takes a vector, its
// lanes every 32nd channel, so that its accesses lie side by side. Vectors are short: what is read
// again comes from the first-level cache, and what is known of a vector stays in registers.
// Sums over vectors (vector_gradients_kernel): by parts, as part_sums.h has it. A vector's mean and
// deviation, which the kernel before has left in the workspace, are one number for a whole warp.
// Combining parts (add_vector_gradients_kernel): a thread a channel, in double: few numbers.
//
// Forward reads x three times, of which two come from a cache, and writes y; backward reads x and
// dy from memory twice and writes dx. All are bound by memory for vectors that fit the cache.
#include <saltus/kernels/device/extents.h>
#include <saltus/kernels/device/reduce.h>
#include <saltus/kernels/normalization/layer_normalize.h>
#include <saltus/kernels/normalization/part_sums.h>
#include <saltus/kernels/normalization/sets.h>

namespace saltus::kernels {
namespace {

using namespace part_sums;
using sets::Moments;

constexpr int kWarps = 4;
constexpr int kWarpThreads = kWarps * kWarpLanes;

/// The calling warp's vector, a set of elements.
struct Vector {
  std::int64_t number;  ///< counted over the whole batch
  std::int64_t first;   ///< place in x of its first channel
  int count;            ///< of channels
  int lane;

  __device__ explicit Vector(const NormalizeShape& shape)
      : number(std::int64_t{blockIdx.x} * kWarps + threadIdx.x / kWarpLanes),
        first(number * shape.channels),
        count(shape.channels),
        lane(static_cast<int>(threadIdx.x) % kWarpLanes) {}

  template <class Visit>
  __device__ void for_elements(Visit visit) const {
    for (int j = lane; j < count; j += kWarpLanes) visit(j, first + j);
  }
  __device__ float sum(float value) const { return reduce_warp(value); }
};

/// What the backward kernels leave for each other in the workspace.
struct Notes {
  float* means;               ///< [vectors]
  float* inverse_deviations;  ///< likewise
  PartPair parts;

  __device__ Notes(float* workspace, std::int64_t vectors, int channels)
      : means(workspace),
        inverse_deviations(workspace + vectors),
        parts(workspace + 2 * vectors, vectors, channels) {}
};

__global__ void __launch_bounds__(kWarpThreads)
    normalize_vectors_kernel(LayerNormalize step, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  const Vector vector(step.shape);
  if (!trials.active(trial) || vector.number >= samples_of(step.shape, trials)) return;
  const Moments moments =
      sets::moments_of(vector, step.x, trial, step.epsilon, static_cast<bool>(step.beta));
  sets::normalize(vector, moments, step.x, step.gamma[trial], step.beta[trial], step.y, trial);
}

__global__ void __launch_bounds__(kWarpThreads)
    differentiate_vectors_kernel(LayerNormalizeBackward step, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  const Vector vector(step.shape);
  const std::int64_t vectors = samples_of(step.shape, trials);
  if (!trials.active(trial) || vector.number >= vectors) return;
  const bool centered = static_cast<bool>(step.dbeta);
  const Moments moments = sets::moments_of(vector, step.x, trial, step.epsilon, centered);
  if (vector.lane == 0) {
    const Notes notes(step.workspace[trial], vectors, vector.count);
    notes.means[vector.number] = moments.mean;
    notes.inverse_deviations[vector.number] = moments.inverse_deviation;
  }
  if (!step.dx) return;
  sets::differentiate(vector, moments, step.x, step.dy, step.gamma[trial], step.dx, trial,
                      centered);
}

/// sum(dy) and sum(dy xhat) of each part
__global__ void __launch_bounds__(kThreads)
    vector_gradients_kernel(LayerNormalizeBackward step, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  const std::int64_t vectors = samples_of(step.shape, trials);
  if (!trials.active(trial) || blockIdx.x >= parts_of(vectors)) return;
  const int channels = step.shape.channels;
  const Share share(step.shape, vectors);
  const Notes notes(step.workspace[trial], vectors, channels);
  const float* means = notes.means + std::int64_t{blockIdx.x} * kPart;
  const float* inverse_deviations = notes.inverse_deviations + std::int64_t{blockIdx.x} * kPart;

  float sum = 0;
  float sum_xhat = 0;
  share.for_samples(channels, [&](std::int64_t i, int vector) {
    const Moments moments = {means[vector], inverse_deviations[vector]};
    const float dy = step.dy.load(trial, i);
    sum += dy;
    sum_xhat += dy * moments.normalized(step.x.load(trial, i));
  });
  write_part(share, notes.parts, sum, sum_xhat);
}

__global__ void __launch_bounds__(kThreads)
    add_vector_gradients_kernel(LayerNormalizeBackward step, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  const int channel = static_cast<int>(blockIdx.x) * kThreads + static_cast<int>(threadIdx.x);
  if (!trials.active(trial) || channel >= step.shape.channels) return;
  const std::int64_t vectors = samples_of(step.shape, trials);
  const Notes notes(step.workspace[trial], vectors, step.shape.channels);
  const ChannelSums sums(notes.parts, vectors, step.shape.channels, channel);
  if (step.dbeta) step.dbeta[trial][channel] = static_cast<float>(sums.dbeta);
  step.dgamma[trial][channel] = static_cast<float>(sums.dgamma);
}

Grid vector_grid(const NormalizeShape& shape, const LaunchContext& context) {
  return {blocks_for(context.max_rows * shape.positions, kWarps), 1, context.trials.count};
}

}  // namespace

void layer_normalize(const LayerNormalize& arguments, const LaunchContext& context) {
  launch<normalize_vectors_kernel>(vector_grid(arguments.shape, context), dim3(kWarpThreads), 0,
                                   context.stream, arguments, context.trials);
}

void layer_normalize_backward(const LayerNormalizeBackward& arguments,
                              const LaunchContext& context) {
  launch<differentiate_vectors_kernel>(vector_grid(arguments.shape, context), dim3(kWarpThreads), 0,
                                       context.stream, arguments, context.trials);
  launch<vector_gradients_kernel>(part_grid(arguments.shape, context), dim3(kThreads), 0,
                                  context.stream, arguments, context.trials);
  launch<add_vector_gradients_kernel>(channel_grid(arguments.shape, context), dim3(kThreads), 0,
                                      context.stream, arguments, context.trials);
}

std::int64_t layer_normalize_workspace(const NormalizeShape& shape, int max_rows) {
  const std::int64_t vectors = product(max_rows, shape.positions);
  return product(2, vectors) + product(2 * parts_of(vectors), shape.channels);
}

}  // namespace saltus::kernels
