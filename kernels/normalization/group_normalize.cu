// Group normalisation in three kinds of kernels.
//
// Groups (normalize_groups_kernel, differentiate_groups_kernel): a block takes a group of a row.
// Its threads take elements position by position: neighbours lie side by side within the channels
// of the group. What is read again comes from a cache where the group fits. Sums over rows and
// positions (group_gradients_kernel): by parts, as part_sums.h has it, from means and deviations
// that the kernel before has left in the workspace. Combining parts (add_group_gradients_kernel): a
// thread a channel, in double: few numbers.
//
// Forward reads x three times and writes y; backward reads x and dy from memory twice and writes
// dx.
#include <saltus/kernels/device/extents.h>
#include <saltus/kernels/device/reduce.h>
#include <saltus/kernels/normalization/group_normalize.h>
#include <saltus/kernels/normalization/part_sums.h>
#include <saltus/kernels/normalization/sets.h>

namespace saltus::kernels {
namespace {

using namespace part_sums;
using sets::Moments;

/// The calling block's group, a set of elements.
struct Group {
  std::int64_t number;  ///< row by row
  std::int64_t row;
  std::int64_t first;  ///< place in x of its first element
  int channel;         ///< its first one
  int width;           ///< channels
  int stride;          ///< from a position to the next
  int count;

  __device__ Group(const NormalizeShape& shape, int groups)
      : number(blockIdx.x),
        row(number / groups),
        channel(static_cast<int>(number - row * groups) * (shape.channels / groups)),
        width(shape.channels / groups),
        stride(shape.channels),
        count(static_cast<int>(shape.positions) * width) {
    first = row * shape.positions * stride + channel;
  }

  template <class Visit>
  __device__ void for_elements(Visit visit) const {
    for (int i = static_cast<int>(threadIdx.x); i < count; i += kThreads) {
      const int position = i / width;
      const int j = i - position * width;
      visit(channel + j, first + position * stride + j);
    }
  }
  __device__ float sum(float value) const { return reduce_block<kThreads>(value); }
};

/// What the backward kernels leave for each other in the workspace.
struct Notes {
  float* means;               ///< by group
  float* inverse_deviations;  ///< likewise
  PartPair parts;

  __device__ Notes(float* workspace, std::int64_t groups, std::int64_t samples, int channels)
      : means(workspace),
        inverse_deviations(workspace + groups),
        parts(workspace + 2 * groups, samples, channels) {}

  __device__ Notes(const GroupNormalizeBackward& step, const Trials& trials, int trial)
      : Notes(step.workspace[trial], std::int64_t{trials.rows()} * step.groups,
              samples_of(step.shape, trials), step.shape.channels) {}
};

__global__ void __launch_bounds__(kThreads)
    normalize_groups_kernel(GroupNormalize step, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  const Group group(step.shape, step.groups);
  if (!trials.active(trial) || group.row >= trials.rows()) return;
  const Moments moments = sets::moments_of(group, step.x, trial, step.epsilon, true);
  sets::normalize(group, moments, step.x, step.gamma[trial], step.beta[trial], step.y, trial);
}

// Three blocks a multiprocessor: for a fourth ptxas would spill.
__global__ void __launch_bounds__(kThreads, 3)
    differentiate_groups_kernel(GroupNormalizeBackward step, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  const Group group(step.shape, step.groups);
  if (!trials.active(trial) || group.row >= trials.rows()) return;
  const Moments moments = sets::moments_of(group, step.x, trial, step.epsilon, true);
  if (threadIdx.x == 0) {
    const Notes notes(step, trials, trial);
    notes.means[group.number] = moments.mean;
    notes.inverse_deviations[group.number] = moments.inverse_deviation;
  }
  if (step.dx)
    sets::differentiate(group, moments, step.x, step.dy, step.gamma[trial], step.dx, trial, true);
}

/// sum(dy) and sum(dy xhat) of each part
__global__ void __launch_bounds__(kThreads)
    group_gradients_kernel(GroupNormalizeBackward step, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  const std::int64_t samples = samples_of(step.shape, trials);
  if (!trials.active(trial) || blockIdx.x >= parts_of(samples)) return;
  const int channels = step.shape.channels;
  const Share share(step.shape, samples);
  const Notes notes(step, trials, trial);
  const std::int64_t begin = std::int64_t{blockIdx.x} * kPart;
  const std::int64_t row = begin / step.shape.positions;  // of the part's first sample
  const auto positions = static_cast<unsigned>(step.shape.positions);
  const auto before = static_cast<unsigned>(begin - row * step.shape.positions);
  const int in_row = share.channel / (channels / step.groups);

  float sum = 0;
  float sum_xhat = 0;
  share.for_samples(channels, [&](std::int64_t i, int sample) {
    const std::int64_t at = row + (before + static_cast<unsigned>(sample)) / positions;
    const std::int64_t group = at * step.groups + in_row;
    const Moments moments = {notes.means[group], notes.inverse_deviations[group]};
    const float dy = step.dy.load(trial, i);
    sum += dy;
    sum_xhat += dy * moments.normalized(step.x.load(trial, i));
  });
  write_part(share, notes.parts, sum, sum_xhat);
}

__global__ void __launch_bounds__(kThreads)
    add_group_gradients_kernel(GroupNormalizeBackward step, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  const int channel = static_cast<int>(blockIdx.x) * kThreads + static_cast<int>(threadIdx.x);
  if (!trials.active(trial) || channel >= step.shape.channels) return;
  const Notes notes(step, trials, trial);
  const ChannelSums sums(notes.parts, samples_of(step.shape, trials), step.shape.channels, channel);
  if (step.dbeta) step.dbeta[trial][channel] = static_cast<float>(sums.dbeta);
  if (step.dgamma) step.dgamma[trial][channel] = static_cast<float>(sums.dgamma);
}

Grid group_grid(int groups, const LaunchContext& context) {
  return {std::int64_t{context.max_rows} * groups, 1, context.trials.count};
}

}  // namespace

void group_normalize(const GroupNormalize& arguments, const LaunchContext& context) {
  launch<normalize_groups_kernel>(group_grid(arguments.groups, context), dim3(kThreads), 0,
                                  context.stream, arguments, context.trials);
}

void group_normalize_backward(const GroupNormalizeBackward& arguments,
                              const LaunchContext& context) {
  launch<differentiate_groups_kernel>(group_grid(arguments.groups, context), dim3(kThreads), 0,
                                      context.stream, arguments, context.trials);
  if (!arguments.dgamma && !arguments.dbeta) return;
  launch<group_gradients_kernel>(part_grid(arguments.shape, context), dim3(kThreads), 0,
                                 context.stream, arguments, context.trials);
  launch<add_group_gradients_kernel>(channel_grid(arguments.shape, context), dim3(kThreads), 0,
                                     context.stream, arguments, context.trials);
}

std::int64_t group_normalize_workspace(const NormalizeShape& shape, int groups, int max_rows) {
  const std::int64_t samples = product(max_rows, shape.positions);
  return product(2 * groups, max_rows) + product(2 * parts_of(samples), shape.channels);
}

}  // namespace saltus::kernels
