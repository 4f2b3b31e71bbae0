// Activations with learned parameters. Which one it is, all of a launch have in common; parameters
// may be a channel's own.
//
// activate_learned_kernel: a thread takes four consecutive elements, in one access where the
// arrays' places allow it. Reads x, writes y.
//
// learned_backward_kernel: the batch's elements as vectors of `width`, a multiple of the channels,
// so that a column has one channel. A block takes 32 columns of 512 vectors, each of its 8 warps
// every eighth; a thread loads its parameters once, stores dx, and adds its terms in double. Reads
// x and dy, writes dx: bound by memory, or by the derivatives of dear activations.
//
// learned_sums_kernel: a block for each learned number adds what those blocks left, in a fixed
// order that the number of rows alone decides.
#include <saltus/kernels/device/any_quad.h>
#include <saltus/kernels/device/extents.h>
#include <saltus/kernels/device/reduce.h>
#include <saltus/kernels/elementwise/learned_activation.h>
#include <saltus/kernels/formula/call.h>

namespace saltus::kernels {

/// How the elements of a batch lie for the backward kernels, whose names depend on its name.
struct LearnedVectors {
  static constexpr int kLanes = 32;    ///< columns of a block
  static constexpr int kLength = 512;  ///< vectors of a slice

  int channels = 1;  ///< of those that have parameters of their own
  int width = kLanes;

  SALTUS_HD std::int64_t slices(std::int64_t elements) const {
    const std::int64_t of_slice = std::int64_t{width} * kLength;
    return (elements + of_slice - 1) / of_slice;
  }
};

namespace {

constexpr int kThreads = 256;
constexpr int kParameters = static_cast<int>(kMaxParameters);
constexpr int kLanes = LearnedVectors::kLanes;
constexpr int kLength = LearnedVectors::kLength;
constexpr int kGroups = kThreads / kLanes;

LearnedVectors vectors_of(int channels_apart) {
  return {channels_apart,
          channels_apart < kLanes ? kLanes / channels_apart * channels_apart : channels_apart};
}

template <class Step>
LearnedVectors vectors_of(const Step& step) {
  bool by_channel = false;
  for (const LearnedParameter& parameter : step.parameters)
    by_channel = by_channel || (parameter.values && parameter.by_channel);
  return vectors_of(by_channel ? step.channels : 1);
}

/// Where a slice's sums of a parameter begin.
SALTUS_HD std::int64_t place_of_sums(const ActivateLearnedBackward& step,
                                     const LearnedVectors& vectors, std::int64_t slices,
                                     int parameter, std::int64_t slice) {
  int before = 0;
  for (int i = 0; i < parameter; ++i) before += step.gradients[i] ? 1 : 0;
  return (before * slices + slice) * vectors.width;
}

template <class Step>
SALTUS_HD void take_parameters(const Step& step, int trial, int channel,
                               float (&p)[kMaxParameters]) {
  for (int i = 0; i < kParameters; ++i) p[i] = step.parameters[i].value(trial, channel);
}

}  // namespace

__global__ void __launch_bounds__(kThreads)
    activate_learned_kernel(ActivateLearned step, Trials trials, bool quads) {
  const int trial = static_cast<int>(blockIdx.z);
  if (!trials.active(trial)) return;
  const std::int64_t count = trials.rows() * step.size;
  const std::int64_t first = first_quad_of_thread<kThreads>();
  if (first >= count) return;
  Quad quad = fetch_some(step.x, trial, first, count, quads);
  int channel = place_on_axis(first, step.channels);
#pragma unroll
  for (float& value : quad.values) {
    float p[kMaxParameters];
    take_parameters(step, trial, channel, p);
    value = formula::learned_value(step.number, value, p);
    channel = channel + 1 == step.channels ? 0 : channel + 1;
  }
  store_some(quad, step.y, trial, first, count, quads);
}

__global__ void __launch_bounds__(kThreads, 4)
    learned_backward_kernel(ActivateLearnedBackward step, LearnedVectors vectors, Trials trials) {
  SALTUS_SHARED(double, shared, [kMaxParameters][kGroups][kLanes]);
  const int trial = static_cast<int>(blockIdx.z);
  if (!trials.active(trial)) return;
  const std::int64_t count = trials.rows() * step.size;
  const std::int64_t slice = blockIdx.x;
  const std::int64_t slices = vectors.slices(count);
  if (slice >= slices) return;
  const int lane = static_cast<int>(threadIdx.x) % kLanes;
  const int group = static_cast<int>(threadIdx.x) / kLanes;
  const int column = static_cast<int>(blockIdx.y) * kLanes + lane;

  double sums[kMaxParameters] = {};
  if (column < vectors.width) {
    float p[kMaxParameters];
    take_parameters(step, trial, column % vectors.channels, p);
    for (int i = group; i < kLength; i += kGroups) {
      const std::int64_t element = (slice * kLength + i) * vectors.width + column;
      if (element >= count) break;
      const float dy = step.dy.load(trial, element);
      const formula::LearnedSlopes slopes =
          formula::learned_slopes(step.number, step.x.load(trial, element), p);
      if (step.dx) step.dx.save(dy * slopes.by_x, trial, element);
      for (int j = 0; j < kParameters; ++j) sums[j] += double{dy * slopes.by_parameter[j]};
    }
  }
  for (int j = 0; j < kParameters; ++j) shared[j][group][lane] = sums[j];
  __syncthreads();

  // A warp for each parameter.
  if (group >= kParameters || !step.gradients[group] || column >= vectors.width) return;
  double sum = 0;
  for (int other = 0; other < kGroups; ++other) sum += shared[group][other][lane];
  step.workspace[trial][place_of_sums(step, vectors, slices, group, slice) + column] = sum;
}

namespace {

__global__ void __launch_bounds__(kThreads)
    learned_sums_kernel(ActivateLearnedBackward step, LearnedVectors vectors, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  if (!trials.active(trial)) return;
  const int place = static_cast<int>(blockIdx.x);
  const int number = static_cast<int>(blockIdx.y);
  const LearnedParameter& parameter = step.parameters[number];
  if (!step.gradients[number] || (place > 0 && !parameter.by_channel)) return;

  // Every stride-th column is one of this number's.
  const int stride = parameter.by_channel ? vectors.channels : 1;
  const int columns = vectors.width / stride;
  const std::int64_t slices = vectors.slices(trials.rows() * step.size);
  const double* const all =
      step.workspace[trial] + place_of_sums(step, vectors, slices, number, 0) + place;
  double sum = 0;
  for (std::int64_t i = threadIdx.x; i < slices * columns; i += kThreads)
    sum += all[i / columns * vectors.width + i % columns * stride];
  sum = reduce_block<kThreads>(sum);
  if (threadIdx.x != 0) return;

  const float learned = parameter.values[trial][place];
  const auto gradient = static_cast<float>(sum);
  const bool leads_out =
      (gradient < 0 && learned >= parameter.high) || (gradient > 0 && learned <= parameter.low);
  step.gradients[number][trial][place] = leads_out ? 0.0f : gradient;
}

}  // namespace

void activate_learned(const ActivateLearned& arguments, const LaunchContext& context) {
  const bool quads = has_quads(arguments.x) && has_quads(arguments.y);
  launch_evaluating<activate_learned_kernel>(quad_grid(arguments.size, kThreads, context),
                                             dim3(kThreads), 0, context, arguments, context.trials,
                                             quads);
}

void activate_learned_backward(const ActivateLearnedBackward& arguments,
                               const LaunchContext& context) {
  const LearnedVectors vectors = vectors_of(arguments);
  launch_evaluating<learned_backward_kernel>(
      Grid(vectors.slices(product(arguments.size, context.max_rows)),
           blocks_for(vectors.width, kLanes), context.trials.count),
      dim3(kThreads), 0, context, arguments, vectors, context.trials);
  launch<learned_sums_kernel>(Grid(vectors.channels, kParameters, context.trials.count),
                              dim3(kThreads), 0, context.stream, arguments, vectors,
                              context.trials);
}

std::int64_t learned_workspace(std::int64_t size, int channels_apart, int learned, int max_rows) {
  const LearnedVectors vectors = vectors_of(channels_apart);
  return product(vectors.slices(product(size, max_rows)), vectors.width, learned);
}

}  // namespace saltus::kernels
