// Sums over samples for each channel, in parts of 1024 samples whose length does not depend on the
// batch or the device. A block takes 32 channels and a part; its 8 warps take every eighth sample,
// so that a warp reads 32 neighbours. Parts are added in their order, in double.
#pragma once

#include <saltus/kernels/device/grid.h>
#include <saltus/kernels/device/launch.h>
#include <saltus/kernels/normalization/normalize.h>

namespace saltus::kernels::part_sums {

inline constexpr int kChannels = 32;  // of a block
inline constexpr int kGroups = 8;     // of threads, each with samples of its own
inline constexpr int kPart = 1024;    // samples
inline constexpr int kThreads = kChannels * kGroups;

__device__ inline std::int64_t samples_of(const NormalizeShape& shape, const Trials& trials) {
  return trials.rows() * shape.positions;
}

SALTUS_HD std::int64_t parts_of(std::int64_t samples) {
  return (samples + kPart - 1) / kPart;
}

__device__ inline int part_length(std::int64_t part, std::int64_t samples) {
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

  /// Calls visit(place in x, sample of the part) for the thread's samples.
  template <class Visit>
  __device__ void for_samples(int channels, Visit visit) const {
    if (!there) return;
    for (int i = group; i < samples; i += kGroups) visit(place + std::int64_t{i} * channels, i);
  }
};

/// The sum over a channel's groups; every thread gets its channel's.
__device__ inline float add_groups(float value) {
  SALTUS_SHARED(float, sums, [kGroups][kChannels]);
  const int lane = static_cast<int>(threadIdx.x) % kChannels;
  __syncthreads();  // sums of a call before this one may still be read
  sums[threadIdx.x / kChannels][lane] = value;
  __syncthreads();
  float all = sums[0][lane];
  for (int group = 1; group < kGroups; ++group) all += sums[group][lane];
  return all;
}

/// Adds up what the block's threads have found of two sums, and writes those of its part.
__device__ inline void write_part(const Share& share, const PartPair& parts, float first,
                                  float second) {
  first = add_groups(first);
  second = add_groups(second);
  if (!share.there || share.group != 0) return;
  parts.first[share.out] = first;
  parts.second[share.out] = second;
}

/// The gradients of beta and gamma for one channel: the sums of all parts.
struct ChannelSums {
  double dbeta = 0;
  double dgamma = 0;

  __device__ ChannelSums(const PartPair& parts, std::int64_t samples, int channels, int channel) {
    for (std::int64_t part = 0; part < parts_of(samples); ++part) {
      dbeta += parts.first[part * channels + channel];
      dgamma += parts.second[part * channels + channel];
    }
  }
};

/// A block for each part and 32 channels; a thread for each channel.
inline Grid part_grid(const NormalizeShape& shape, const LaunchContext& context) {
  return {parts_of(context.max_rows * shape.positions), blocks_for(shape.channels, kChannels),
          context.trials.count};
}
inline Grid channel_grid(const NormalizeShape& shape, const LaunchContext& context) {
  return {blocks_for(shape.channels, kThreads), 1, context.trials.count};
}

}  // namespace saltus::kernels::part_sums
