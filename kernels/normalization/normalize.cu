// Batch normalisation in three kinds of kernels.
//
// Sums over samples (moments_kernel, gradients_kernel): a block takes 32 channels and a part of
// 1024 samples; its 8 warps take every eighth sample, so that a warp reads 32 neighbours. A part's
// length does not depend on the batch or the device, and parts are combined in their order.
// Combining parts (combine_kernel, add_kernel): a thread a channel, in double: few numbers.
// Elements (apply_kernel, differentiate_kernel): a thread an element.
//
// Training reads x three times, where the second time mostly finds it in a cache, and writes y;
// backward reads x and dy twice and writes dx. All are bound by memory.
#include <saltus/kernels/device/extents.h>
#include <saltus/kernels/device/launch.h>
#include <saltus/kernels/normalization/normalize.h>

namespace saltus::kernels {
namespace {

constexpr int kChannels = 32;  // of a block
constexpr int kGroups = 8;     // of threads, each with samples of its own
constexpr int kPart = 1024;    // samples
constexpr int kThreads = kChannels * kGroups;

__device__ std::int64_t samples_of(const NormalizeShape& shape, const Trials& trials) {
  return trials.rows() * shape.positions;
}

SALTUS_HD std::int64_t parts_of(std::int64_t samples) {
  return (samples + kPart - 1) / kPart;
}

__device__ int part_length(std::int64_t part, std::int64_t samples) {
  const std::int64_t rest = samples - part * kPart;
  return rest < kPart ? static_cast<int>(rest) : kPart;
}

/// Two sums for each part and channel, in the workspace.
struct PartPair {
  float* first;   ///< [parts][channels]
  float* second;  ///< likewise

  __device__ PartPair(float* workspace, std::int64_t samples, int channels)
      : first(workspace), second(workspace + parts_of(samples) * channels) {}
};

/// The calling thread's share of a pass over the columns of x.
struct Share {
  int channel;
  bool there;  ///< is there such a channel
  int group;
  int samples;         ///< of the part
  std::int64_t place;  ///< in x, of the part's first sample and this channel
  std::int64_t out;    ///< in the parts

  __device__ Share(const NormalizeShape& shape, std::int64_t all_samples) {
    const std::int64_t part = blockIdx.x;
    channel = static_cast<int>(blockIdx.y) * kChannels + static_cast<int>(threadIdx.x) % kChannels;
    there = channel < shape.channels;
    group = static_cast<int>(threadIdx.x) / kChannels;
    samples = part_length(part, all_samples);
    place = part * kPart * shape.channels + channel;
    out = part * shape.channels + channel;
  }

  /// Calls visit(place in x) for the thread's samples.
  template <class Visit>
  __device__ void for_samples(int channels, Visit visit) const {
    if (!there) return;
    for (int i = group; i < samples; i += kGroups) visit(place + std::int64_t{i} * channels);
  }
};

/// The sum over a channel's groups; every thread gets its channel's.
__device__ float add_groups(float value) {
  SALTUS_SHARED(float, sums, [kGroups][kChannels]);
  const int lane = static_cast<int>(threadIdx.x) % kChannels;
  __syncthreads();  // sums of a call before this one may still be read
  sums[threadIdx.x / kChannels][lane] = value;
  __syncthreads();
  float all = sums[0][lane];
  for (int group = 1; group < kGroups; ++group) all += sums[group][lane];
  return all;
}

/// Mean and sum of squared differences from it, of each part. Differences are taken from the part's
/// rounded mean, and what it is off by is made good.
__global__ void __launch_bounds__(kThreads) moments_kernel(NormalizeTraining step, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  const std::int64_t samples = samples_of(step.shape, trials);
  if (!trials.active(trial) || blockIdx.x >= parts_of(samples)) return;
  const int channels = step.shape.channels;
  const Share share(step.shape, samples);
  const auto count = static_cast<float>(share.samples);

  float sum = 0;
  share.for_samples(channels, [&](std::int64_t i) { sum += step.x.load(trial, i); });
  const float mean = add_groups(sum) / count;
  float differences = 0;
  float squares = 0;
  share.for_samples(channels, [&](std::int64_t i) {
    const float difference = step.x.load(trial, i) - mean;
    differences += difference;
    squares += difference * difference;
  });
  differences = add_groups(differences);
  squares = add_groups(squares);
  if (!share.there || share.group != 0) return;
  const PartPair parts(step.workspace[trial], samples, channels);
  parts.first[share.out] = mean + differences / count;
  parts.second[share.out] = squares - differences * differences / count;
}

/// Parts' moments into the batch's (Chan, Golub and LeVeque, 1979).
__global__ void __launch_bounds__(kThreads) combine_kernel(NormalizeTraining step, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  const int channel = static_cast<int>(blockIdx.x) * kThreads + static_cast<int>(threadIdx.x);
  if (!trials.active(trial) || channel >= step.shape.channels) return;
  const std::int64_t samples = samples_of(step.shape, trials);
  const PartPair parts(step.workspace[trial], samples, step.shape.channels);
  double count = 0;
  double mean = 0;
  double squares = 0;
  for (std::int64_t part = 0; part < parts_of(samples); ++part) {
    const std::int64_t i = part * step.shape.channels + channel;
    const double length = part_length(part, samples);
    const double apart = parts.first[i] - mean;
    squares += parts.second[i] + apart * apart * count * length / (count + length);
    count += length;
    mean += apart * length / count;
  }
  const double variance = squares / count;
  step.mean[trial][channel] = static_cast<float>(mean);
  step.inverse_deviation[trial][channel] = static_cast<float>(1 / sqrt(variance + step.epsilon));
  const auto moved = [&](float moving, double value) {
    return static_cast<float>(moving * step.momentum + value * (1 - step.momentum));
  };
  step.next_mean[trial][channel] = moved(step.moving_mean[trial][channel], mean);
  step.next_variance[trial][channel] = moved(step.moving_variance[trial][channel], variance);
}

/// inverse deviations [channels] of the moving variances
__global__ void __launch_bounds__(kThreads) invert_kernel(NormalizeInference step, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  const int channel = static_cast<int>(blockIdx.x) * kThreads + static_cast<int>(threadIdx.x);
  if (!trials.active(trial) || channel >= step.shape.channels) return;
  const double variance = step.moving_variance[trial][channel];
  step.workspace[trial][channel] = static_cast<float>(1 / sqrt(variance + step.epsilon));
}

/// y = (x - mean) inverse_deviation gamma + beta
struct Apply {
  NormalizeShape shape;
  AnyInput x;
  PerTrial<const float> gamma, beta, mean, inverse_deviation;
  AnyOutput y;
};

/// The calling thread's element of the batch.
__device__ std::int64_t element_of_thread() {
  return std::int64_t{blockIdx.x} * kThreads + threadIdx.x;
}

__global__ void __launch_bounds__(kThreads) apply_kernel(Apply step, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  const std::int64_t i = element_of_thread();
  const int channels = step.shape.channels;
  if (!trials.active(trial) || i >= samples_of(step.shape, trials) * channels) return;
  const auto channel = static_cast<int>(i % channels);
  const float xhat =
      (step.x.load(trial, i) - step.mean[trial][channel]) * step.inverse_deviation[trial][channel];
  step.y.save(xhat * step.gamma[trial][channel] + step.beta[trial][channel], trial, i);
}

/// sum(dy) and sum(dy xhat) of each part
__global__ void __launch_bounds__(kThreads)
    gradients_kernel(NormalizeBackward step, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  const std::int64_t samples = samples_of(step.shape, trials);
  if (!trials.active(trial) || blockIdx.x >= parts_of(samples)) return;
  const int channels = step.shape.channels;
  const Share share(step.shape, samples);
  const float mean = share.there ? step.mean[trial][share.channel] : 0.0f;
  const float inverse = share.there ? step.inverse_deviation[trial][share.channel] : 0.0f;

  float sum = 0;
  float sum_xhat = 0;
  share.for_samples(channels, [&](std::int64_t i) {
    const float dy = step.dy.load(trial, i);
    sum += dy;
    sum_xhat += dy * ((step.x.load(trial, i) - mean) * inverse);
  });
  sum = add_groups(sum);
  sum_xhat = add_groups(sum_xhat);
  if (!share.there || share.group != 0) return;
  const PartPair parts(step.workspace[trial], samples, channels);
  parts.first[share.out] = sum;
  parts.second[share.out] = sum_xhat;
}

__global__ void __launch_bounds__(kThreads) add_kernel(NormalizeBackward step, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  const int channel = static_cast<int>(blockIdx.x) * kThreads + static_cast<int>(threadIdx.x);
  if (!trials.active(trial) || channel >= step.shape.channels) return;
  const std::int64_t samples = samples_of(step.shape, trials);
  const PartPair parts(step.workspace[trial], samples, step.shape.channels);
  double sum = 0;
  double sum_xhat = 0;
  for (std::int64_t part = 0; part < parts_of(samples); ++part) {
    sum += parts.first[part * step.shape.channels + channel];
    sum_xhat += parts.second[part * step.shape.channels + channel];
  }
  step.dbeta[trial][channel] = static_cast<float>(sum);
  step.dgamma[trial][channel] = static_cast<float>(sum_xhat);
}

__global__ void __launch_bounds__(kThreads)
    differentiate_kernel(NormalizeBackward step, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  const std::int64_t i = element_of_thread();
  const int channels = step.shape.channels;
  const std::int64_t samples = samples_of(step.shape, trials);
  if (!trials.active(trial) || i >= samples * channels) return;
  const auto channel = static_cast<int>(i % channels);
  const float inverse = step.inverse_deviation[trial][channel];
  const float xhat = (step.x.load(trial, i) - step.mean[trial][channel]) * inverse;
  const float shared = (step.dbeta[trial][channel] + xhat * step.dgamma[trial][channel]) /
                       static_cast<float>(samples);
  const float dx = step.gamma[trial][channel] * inverse * (step.dy.load(trial, i) - shared);
  step.dx.save(dx, trial, i);
}

/// Grids of the three kinds.
struct Grids {
  Grid parts, channels, elements;

  Grids(const NormalizeShape& shape, const Stage& stage)
      : parts(parts_of(stage.max_rows * shape.positions), blocks_for(shape.channels, kChannels),
              stage.trials.count),
        channels(blocks_for(shape.channels, kThreads), 1, stage.trials.count),
        elements(blocks_for(stage.max_rows * shape.positions * shape.channels, kThreads), 1,
                 stage.trials.count) {}
};

}  // namespace

void normalize_training(const NormalizeTraining& arguments, const Stage& stage) {
  const Grids grids(arguments.shape, stage);
  launch<moments_kernel>(grids.parts, dim3(kThreads), 0, stage.stream, arguments, stage.trials);
  launch<combine_kernel>(grids.channels, dim3(kThreads), 0, stage.stream, arguments, stage.trials);
  const Apply apply = {arguments.shape, arguments.x,    arguments.gamma,
                       arguments.beta,  arguments.mean, arguments.inverse_deviation,
                       arguments.y};
  launch<apply_kernel>(grids.elements, dim3(kThreads), 0, stage.stream, apply, stage.trials);
}

void normalize_inference(const NormalizeInference& arguments, const Stage& stage) {
  const Grids grids(arguments.shape, stage);
  launch<invert_kernel>(grids.channels, dim3(kThreads), 0, stage.stream, arguments, stage.trials);
  const Apply apply = {arguments.shape,       arguments.x,         arguments.gamma, arguments.beta,
                       arguments.moving_mean, arguments.workspace, arguments.y};
  launch<apply_kernel>(grids.elements, dim3(kThreads), 0, stage.stream, apply, stage.trials);
}

void normalize_backward(const NormalizeBackward& arguments, const Stage& stage) {
  const Grids grids(arguments.shape, stage);
  launch<gradients_kernel>(grids.parts, dim3(kThreads), 0, stage.stream, arguments, stage.trials);
  launch<add_kernel>(grids.channels, dim3(kThreads), 0, stage.stream, arguments, stage.trials);
  if (arguments.dx)
    launch<differentiate_kernel>(grids.elements, dim3(kThreads), 0, stage.stream, arguments,
                                 stage.trials);
}

std::int64_t normalize_workspace(const NormalizeShape& shape, int max_rows) {
  return product(2 * parts_of(product(max_rows, shape.positions)), shape.channels);
}

}  // namespace saltus::kernels
