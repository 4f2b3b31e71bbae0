// Batch normalisation in three kinds of kernels.
//
// Sums over samples (moments_kernel, gradients_kernel): by parts, as part_sums.h has it.
// Combining parts (combine_kernel, add_kernel): a thread a channel, in double: few numbers.
// Elements (apply_kernel, differentiate_kernel): a thread takes four consecutive ones, and what
// belongs to their channels, in one access each where the arrays' places allow it.
//
// Training reads x three times, where the second time mostly finds it in a cache, and writes y;
// backward reads x and dy twice and writes dx. All are bound by memory.
#include <saltus/kernels/device/any_quad.h>
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

/// y = (x - mean) inverse_deviation gamma + beta, as NormalizeInference says of what is not there
struct Apply {
  NormalizeShape shape;
  AnyInput x;
  PerTrial<const float> gamma, beta, mean, inverse_deviation;
  AnyOutput y;
};

/// The four elements that the calling thread takes of a batch, and their channels.
class FourElements {
 public:
  __device__ FourElements(const NormalizeShape& shape, std::int64_t samples, bool quads)
      : first_(first_quad_of_thread<kThreads>()),
        count_(samples * shape.channels),
        channels_(shape.channels),
        channel_(place_on_axis(first_, shape.channels)),
        quads_(quads) {}

  /// Whether there are any.
  __device__ explicit operator bool() const { return first_ < count_; }

  __device__ Quad of(const AnyInput& input, int trial) const {
    return fetch_some(input, trial, first_, count_, quads_);
  }
  /// What belongs to their channels, of [channels].
  __device__ Quad of_channels(const float* values) const {
    if (quads_) return fetch_quad(values + channel_);
    Quad quad;
    int channel = channel_;
    for (float& value : quad.values) {
      value = fetch(values + channel);
      channel = channel + 1 == channels_ ? 0 : channel + 1;
    }
    return quad;
  }
  __device__ void save(const Quad& quad, const AnyOutput& output, int trial) const {
    store_some(quad, output, trial, first_, count_, quads_);
  }

 private:
  std::int64_t first_, count_;
  int channels_, channel_;
  bool quads_;
};

__global__ void __launch_bounds__(kThreads) apply_kernel(Apply step, Trials trials, bool quads) {
  const int trial = static_cast<int>(blockIdx.z);
  if (!trials.active(trial)) return;
  const FourElements own(step.shape, samples_of(step.shape, trials), quads);
  if (!own) return;
  const Quad x = own.of(step.x, trial);
  const Quad mean = step.mean ? own.of_channels(step.mean[trial]) : Quad{};
  const Quad inverse = own.of_channels(step.inverse_deviation[trial]);
  Quad y;
  for (int j = 0; j < 4; ++j) y.values[j] = (x.values[j] - mean.values[j]) * inverse.values[j];
  if (step.gamma) {
    const Quad gamma = own.of_channels(step.gamma[trial]);
    const Quad beta = own.of_channels(step.beta[trial]);
    for (int j = 0; j < 4; ++j) y.values[j] = y.values[j] * gamma.values[j] + beta.values[j];
  }
  own.save(y, step.y, trial);
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
    differentiate_kernel(NormalizeBackward step, Trials trials, bool quads) {
  const int trial = static_cast<int>(blockIdx.z);
  if (!trials.active(trial)) return;
  const std::int64_t samples = samples_of(step.shape, trials);
  const FourElements own(step.shape, samples, quads);
  if (!own) return;
  const Quad x = own.of(step.x, trial);
  const Quad dy = own.of(step.dy, trial);
  const Quad mean = own.of_channels(step.mean[trial]);
  const Quad inverse = own.of_channels(step.inverse_deviation[trial]);
  const Quad gamma = own.of_channels(step.gamma[trial]);
  const Quad dgamma = own.of_channels(step.dgamma[trial]);
  const Quad dbeta = own.of_channels(step.dbeta[trial]);
  const auto count = static_cast<float>(samples);
  Quad dx;
  for (int j = 0; j < 4; ++j) {
    const float xhat = (x.values[j] - mean.values[j]) * inverse.values[j];
    const float shared = (dbeta.values[j] + xhat * dgamma.values[j]) / count;
    dx.values[j] = gamma.values[j] * inverse.values[j] * (dy.values[j] - shared);
  }
  own.save(dx, step.dx, trial);
}

/// Whether threads take four elements of these arrays in one access.
template <class... Array>
bool take_quads(const NormalizeShape& shape, const Array&... arrays) {
  return shape.channels % 4 == 0 && (has_quads(arrays) && ...);
}

/// Grids of the three kinds.
struct Grids {
  Grid parts, channels, elements;

  Grids(const NormalizeShape& shape, const LaunchContext& context)
      : parts(part_grid(shape, context)),
        channels(channel_grid(shape, context)),
        elements(quad_grid(std::int64_t{shape.positions} * shape.channels, kThreads, context)) {}
};

void launch_apply(const Apply& step, const Grid& grid, const LaunchContext& context) {
  launch<apply_kernel>(grid, dim3(kThreads), 0, context.stream, step, context.trials,
                       take_quads(step.shape, step.x, step.y, step.mean, step.inverse_deviation,
                                  step.gamma, step.beta));
}

}  // namespace

void normalize_training(const NormalizeTraining& arguments, const LaunchContext& context) {
  const Grids grids(arguments.shape, context);
  launch<moments_kernel>(grids.parts, dim3(kThreads), 0, context.stream, arguments, context.trials);
  launch<combine_kernel>(grids.channels, dim3(kThreads), 0, context.stream, arguments,
                         context.trials);
  const Apply apply = {arguments.shape, arguments.x,    arguments.gamma,
                       arguments.beta,  arguments.mean, arguments.inverse_deviation,
                       arguments.y};
  launch_apply(apply, grids.elements, context);
}

void normalize_inference(const NormalizeInference& arguments, const LaunchContext& context) {
  const Grids grids(arguments.shape, context);
  launch<invert_kernel>(grids.channels, dim3(kThreads), 0, context.stream, arguments,
                        context.trials);
  const Apply apply = {arguments.shape,       arguments.x,         arguments.gamma, arguments.beta,
                       arguments.moving_mean, arguments.workspace, arguments.y};
  launch_apply(apply, grids.elements, context);
}

void normalize_backward(const NormalizeBackward& arguments, const LaunchContext& context) {
  const Grids grids(arguments.shape, context);
  launch<gradients_kernel>(grids.parts, dim3(kThreads), 0, context.stream, arguments,
                           context.trials);
  launch<add_kernel>(grids.channels, dim3(kThreads), 0, context.stream, arguments, context.trials);
  if (arguments.dx)
    launch<differentiate_kernel>(
        grids.elements, dim3(kThreads), 0, context.stream, arguments, context.trials,
        take_quads(arguments.shape, arguments.x, arguments.dy, arguments.dx, arguments.mean,
                   arguments.inverse_deviation, arguments.gamma, arguments.dgamma,
                   arguments.dbeta));
}

std::int64_t normalize_workspace(const NormalizeShape& shape, int max_rows) {
  return product(2 * parts_of(product(max_rows, shape.positions)), shape.channels);
}

}  // namespace saltus::kernels
