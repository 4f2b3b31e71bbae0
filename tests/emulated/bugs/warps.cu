// Warps: masks, lanes, and who has which element.
#include "tests/emulated/bugs/bug.h"

namespace saltus::test {
namespace {

constexpr int kLanes = 32;
constexpr unsigned kAllLanes = 0xffffffffU;

template <bool broken>
__global__ void exited_kernel(int count, int* out) {
  if (broken && thread() >= count) return;
  const int value = thread() < count ? thread() : 0;
  const int other = __shfl_xor_sync(kAllLanes, value, 1);
  if (thread() < count) out[thread()] = other;
}
template <bool broken>
bool full_mask_with_exited_lanes() {
  const Ints out(20);
  run<exited_kernel<broken>>(1, kLanes, 20, out.data());
  return holds(out, [](int i) { return i ^ 1; });
}

template <bool broken>
__global__ void half_mask_kernel(int* out) {
  const unsigned mask = broken ? 0x0000ffffU : kAllLanes;
  out[thread()] = __shfl_sync(mask, thread(), 0);
}
template <bool broken>
bool mask_leaves_out_a_lane() {
  const Ints out(kLanes);
  run<half_mask_kernel<broken>>(1, kLanes, out.data());
  return holds(out, [](int) { return 0; });
}

template <bool broken>
__global__ void divergent_kernel(int* out) {
  int value = thread();
  if constexpr (broken) {
    if (thread() < 16) value = __shfl_xor_sync(kAllLanes, value, 1);
  } else {
    const int other = __shfl_xor_sync(kAllLanes, value, 1);
    if (thread() < 16) value = other;
  }
  out[thread()] = value;
}
template <bool broken>
bool shuffle_in_one_branch() {
  const Ints out(kLanes);
  run<divergent_kernel<broken>>(1, kLanes, out.data());
  return holds(out, [](int i) { return i < 16 ? i ^ 1 : i; });
}

template <bool broken>
__global__ void outside_kernel(int* out) {
  if (thread() < 16)
    out[thread()] = __shfl_sync(0x0000ffffU, thread(), broken ? thread() + 16 : thread() ^ 1);
}
template <bool broken>
bool shuffle_from_a_lane_outside_the_mask() {
  const Ints out(16);
  run<outside_kernel<broken>>(1, kLanes, out.data());
  return holds(out, [](int i) { return i ^ 1; });
}

template <bool broken>
__global__ void prefix_kernel(int* out) {
  int sum = 1;
  for (int distance = 1; distance < kLanes; distance *= 2) {
    const int before = __shfl_up_sync(kAllLanes, sum, static_cast<unsigned>(distance));
    if (broken || thread() >= distance) sum += before;
  }
  out[thread()] = sum;
}
template <bool broken>
bool first_lanes_of_a_prefix_sum() {
  const Ints out(kLanes);
  run<prefix_kernel<broken>>(1, kLanes, out.data());
  return holds(out, [](int i) { return i + 1; });
}

/// A sum by __shfl_down_sync is the first lane's alone.
template <bool broken>
__global__ void down_kernel(int* out) {
  int sum = thread();
  for (int distance = kLanes / 2; distance > 0; distance /= 2)
    sum += __shfl_down_sync(kAllLanes, sum, static_cast<unsigned>(distance));
  out[thread()] = broken ? sum : __shfl_sync(kAllLanes, sum, 0);
}
template <bool broken>
bool sum_that_only_the_first_lane_has() {
  const Ints out(kLanes);
  run<down_kernel<broken>>(1, kLanes, out.data());
  return holds(out, [](int) { return kLanes * (kLanes - 1) / 2; });
}

template <bool broken>
__global__ void butterfly_kernel(int* out) {
  int sum = thread();
  for (int distance = kLanes / 2; distance > (broken ? 1 : 0); distance /= 2)
    sum += __shfl_xor_sync(kAllLanes, sum, distance);
  out[thread()] = sum;
}
template <bool broken>
bool last_step_of_a_butterfly_missing() {
  const Ints out(kLanes);
  run<butterfly_kernel<broken>>(1, kLanes, out.data());
  return holds(out, [](int) { return kLanes * (kLanes - 1) / 2; });
}

template <bool broken>
__global__ void width_kernel(int* out) {
  out[thread()] = __shfl_sync(kAllLanes, thread(), 0, broken ? 16 : 32);
}
template <bool broken>
bool width_of_half_a_warp() {
  const Ints out(kLanes);
  run<width_kernel<broken>>(1, kLanes, out.data());
  return holds(out, [](int) { return 0; });
}

/// Moves the even numbers to the front: a lane's place is how many come before it.
template <bool broken>
__global__ void compact_kernel(int* out) {
  const bool chosen = thread() % 2 == 0;
  const unsigned votes = __ballot_sync(kAllLanes, chosen ? 1 : 0);
  const unsigned before = votes & ((broken ? 2U << thread() : 1U << thread()) - 1);
  if (chosen) out[__popc(before)] = thread();
}
template <bool broken>
bool rank_counts_the_lane_itself() {
  const Ints out(std::vector<int>(kLanes / 2, -1));
  run<compact_kernel<broken>>(1, kLanes, out.data());
  return holds(out, [](int i) { return 2 * i; });
}

template <bool broken>
__global__ void votes_kernel(const int* x, int* out) {
  const int vote = x[thread()] > 0 ? 1 : 0;
  out[thread()] = broken ? __any_sync(kAllLanes, vote) : __all_sync(kAllLanes, vote);
}
template <bool broken>
bool any_for_all() {
  const Ints x(counted<int>(kLanes));
  const Ints out(kLanes);
  run<votes_kernel<broken>>(1, kLanes, x.data(), out.data());
  return holds(out, [](int) { return 0; });
}

/// Lanes hand each other values through shared memory; a shuffle does not order it.
template <bool broken>
__global__ void hand_over_kernel(int* out) {
  SALTUS_SHARED(int, cells, [kLanes]);
  cells[thread()] = thread();
  if constexpr (broken)
    static_cast<void>(__shfl_xor_sync(kAllLanes, 0, 1));
  else
    __syncwarp();
  out[thread()] = cells[thread() ^ 1];
}
template <bool broken>
bool shuffle_taken_for_a_barrier() {
  const Ints out(kLanes);
  run<hand_over_kernel<broken>>(1, kLanes, out.data());
  return holds(out, [](int i) { return i ^ 1; });
}

/// __syncwarp comes between write and read, and none before the next write.
template <bool broken>
__global__ void rounds_kernel(int* out) {
  SALTUS_SHARED(int, cells, [kLanes]);
  int sum = 0;
  for (int round = 0; round < 4; ++round) {
    cells[thread()] = round * thread();
    __syncwarp();
    sum += cells[kLanes - 1 - thread()];
    if constexpr (!broken) __syncwarp();
  }
  out[thread()] = sum;
}
template <bool broken>
bool cells_of_a_warp_overwritten_too_soon() {
  const Ints out(kLanes);
  run<rounds_kernel<broken>>(1, kLanes, out.data());
  return holds(out, [](int i) { return 6 * (kLanes - 1 - i); });
}

/// Two lanes that take turns by masks of their own meet in the same shuffle.
template <bool broken>
__global__ void own_masks_kernel(int* out) {
  const unsigned mask = broken ? 1U << thread() | 1U : kAllLanes;
  out[thread()] = __shfl_sync(mask, thread(), 0);
}
template <bool broken>
bool masks_differ_between_lanes() {
  const Ints out(kLanes);
  run<own_masks_kernel<broken>>(1, kLanes, out.data());
  return holds(out, [](int) { return 0; });
}

const BugClass warps("warps", {
                                  SALTUS_BUG(full_mask_with_exited_lanes),
                                  SALTUS_BUG(mask_leaves_out_a_lane),
                                  SALTUS_BUG(shuffle_in_one_branch),
                                  SALTUS_BUG(shuffle_from_a_lane_outside_the_mask),
                                  SALTUS_BUG(masks_differ_between_lanes),
                                  SALTUS_BUG(first_lanes_of_a_prefix_sum),
                                  SALTUS_BUG(sum_that_only_the_first_lane_has),
                                  SALTUS_BUG(last_step_of_a_butterfly_missing),
                                  SALTUS_BUG(width_of_half_a_warp),
                                  SALTUS_BUG(rank_counts_the_lane_itself),
                                  SALTUS_BUG(any_for_all),
                                  SALTUS_BUG(shuffle_taken_for_a_barrier),
                                  SALTUS_BUG(cells_of_a_warp_overwritten_too_soon),
                              });

}  // namespace
}  // namespace saltus::test
