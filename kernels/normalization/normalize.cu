// Batch normalisation in three kinds of kernels.
//
// Sums over samples (moments_kernel, gradients_kernel): by parts, as part_sums.h has it.
// Combining parts (combine_kernel, add_kernel): a thread a channel, in double: few numbers.
// Elements (apply_kernel, differentiate_kernel): a thread an element.
//
// Training reads x three times, where the second time mostly finds it in a cache, and writes y;
// backward reads x and dy twice and writes dx. All are bound by memory.
#include <saltus/kernels/device/extents.h>
#include <saltus/kernels/device/launch.h>
#include <saltus/kernels/normalization/normalize.h>
#include <saltus/kernels/normalization/part_sums.h>

namespace saltus::kernels {
namespace {

using namespace part_sums;

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
  share.for_samples(channels,
                    [&](std::int64_t i, int /*sample*/) { sum += step.x.load(trial, i); });
  const float mean = add_groups(sum) / count;
  float differences = 0;
  float squares = 0;
  share.for_samples(channels, [&](std::int64_t i, int /*sample*/) {
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
  share.for_samples(channels, [&](std::int64_t i, int /*sample*/) {
    const float dy = step.dy.load(trial, i);
    sum += dy;
    sum_xhat += dy * ((step.x.load(trial, i) - mean) * inverse);
  });
  write_part(share, {step.workspace[trial], samples, channels}, sum, sum_xhat);
}

__global__ void __launch_bounds__(kThreads) add_kernel(NormalizeBackward step, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  const int channel = static_cast<int>(blockIdx.x) * kThreads + static_cast<int>(threadIdx.x);
  if (!trials.active(trial) || channel >= step.shape.channels) return;
  const std::int64_t samples = samples_of(step.shape, trials);
  const PartPair parts(step.workspace[trial], samples, step.shape.channels);
  const ChannelSums sums(parts, samples, step.shape.channels, channel);
  step.dbeta[trial][channel] = static_cast<float>(sums.dbeta);
  step.dgamma[trial][channel] = static_cast<float>(sums.dgamma);
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

  Grids(const NormalizeShape& shape, const LaunchContext& context)
      : parts(part_grid(shape, context)),
        channels(channel_grid(shape, context)),
        elements(blocks_for(context.max_rows * shape.positions * shape.channels, kThreads), 1,
                 context.trials.count) {}
};

}  // namespace

void normalize_training(const NormalizeTraining& arguments, const LaunchContext& context) {
  const Grids grids(arguments.shape, context);
  launch<moments_kernel>(grids.parts, dim3(kThreads), 0, context.stream, arguments, context.trials);
  launch<combine_kernel>(grids.channels, dim3(kThreads), 0, context.stream, arguments,
                         context.trials);
  const Apply apply = {arguments.shape, arguments.x,    arguments.gamma,
                       arguments.beta,  arguments.mean, arguments.inverse_deviation,
                       arguments.y};
  launch<apply_kernel>(grids.elements, dim3(kThreads), 0, context.stream, apply, context.trials);
}

void normalize_inference(const NormalizeInference& arguments, const LaunchContext& context) {
  const Grids grids(arguments.shape, context);
  launch<invert_kernel>(grids.channels, dim3(kThreads), 0, context.stream, arguments,
                        context.trials);
  const Apply apply = {arguments.shape,       arguments.x,         arguments.gamma, arguments.beta,
                       arguments.moving_mean, arguments.workspace, arguments.y};
  launch<apply_kernel>(grids.elements, dim3(kThreads), 0, context.stream, apply, context.trials);
}

void normalize_backward(const NormalizeBackward& arguments, const LaunchContext& context) {
  const Grids grids(arguments.shape, context);
  launch<gradients_kernel>(grids.parts, dim3(kThreads), 0, context.stream, arguments,
                           context.trials);
  launch<add_kernel>(grids.channels, dim3(kThreads), 0, context.stream, arguments, context.trials);
  if (arguments.dx)
    launch<differentiate_kernel>(grids.elements, dim3(kThreads), 0, context.stream, arguments,
                                 context.trials);
}

std::int64_t normalize_workspace(const NormalizeShape& shape, int max_rows) {
  return product(2 * parts_of(product(max_rows, shape.positions)), shape.channels);
}

}  // namespace saltus::kernels
