// cp.async: copies that are not waited for, not seen by others, or land where somebody reads.
#include "tests/emulated/bugs/bug.h"

namespace saltus::test {
namespace {

constexpr int kThreads = 64;
constexpr int kTiles = 6;

using emulation::async_commit;
using emulation::async_copy;
using emulation::async_wait;

/// Each thread copies four floats and reads the last of them.
template <bool broken>
__global__ void one_copy_kernel(const float* x, float* out) {
  SALTUS_SHARED(float4, tile, [kThreads]);
  async_copy(&tile[thread()], x + 4 * thread(), 16, 16);
  async_commit();
  if constexpr (!broken) async_wait(0);
  __syncthreads();
  out[thread()] = tile[thread()].w;
  async_wait(0);
}
template <bool broken>
bool no_wait() {
  const Floats x(counted<float>(4 * kThreads));
  const Floats out(kThreads);
  run<one_copy_kernel<broken>>(1, kThreads, x.data(), out.data());
  return holds(out, [](int i) { return 4 * i + 3; });
}

template <bool broken>
__global__ void no_commit_kernel(const float* x, float* out) {
  SALTUS_SHARED(float4, tile, [kThreads]);
  async_copy(&tile[thread()], x + 4 * thread(), 16, 16);
  if constexpr (!broken) async_commit();
  async_wait(0);
  out[thread()] = tile[thread()].w;
}
template <bool broken>
bool no_commit() {
  const Floats x(counted<float>(4 * kThreads));
  const Floats out(kThreads);
  run<no_commit_kernel<broken>>(1, kThreads, x.data(), out.data());
  return holds(out, [](int i) { return 4 * i + 3; });
}

/// The wait leaves the thread's copies to itself: others need a barrier after it.
template <bool barrier_before_wait>
__global__ void other_copy_kernel(const float* x, float* out) {
  SALTUS_SHARED(float4, tile, [kThreads]);
  async_copy(&tile[thread()], x + 4 * thread(), 16, 16);
  async_commit();
  if constexpr (barrier_before_wait) __syncthreads();
  async_wait(0);
  if constexpr (!barrier_before_wait) __syncthreads();
  out[thread()] = tile[(thread() + kThreads - 1) % kThreads].w;
}
template <bool broken>
bool barrier_before_the_wait() {
  const Floats x(counted<float>(4 * kThreads));
  const Floats out(kThreads);
  run<other_copy_kernel<broken>>(1, kThreads, x.data(), out.data());
  return holds(out, [](int i) { return 4 * ((i + kThreads - 1) % kThreads) + 3; });
}

template <bool broken>
__global__ void no_barrier_kernel(const float* x, float* out) {
  SALTUS_SHARED(float4, tile, [kThreads]);
  async_copy(&tile[thread()], x + 4 * thread(), 16, 16);
  async_commit();
  async_wait(0);
  if constexpr (!broken) __syncthreads();
  out[thread()] = tile[thread() == 0 ? 0 : thread() - 1].w;
}
template <bool broken>
bool no_barrier_after_the_wait() {
  const Floats x(counted<float>(4 * kThreads));
  const Floats out(kThreads);
  run<no_barrier_kernel<broken>>(1, kThreads, x.data(), out.data());
  return holds(out, [](int i) { return 4 * (i == 0 ? 0 : i - 1) + 3; });
}

/// A ring of tiles, two of them under way while the third is used: the barrier that lets others see
/// a tile also says that all have used the one before, which the next copy overwrites.
enum class Mistake { none, wait_for_too_few, stage_off_by_one, no_empty_groups };

template <Mistake mistake>
__global__ void pipeline_kernel(const float* x, float* out) {
  constexpr int kStages = 3;
  SALTUS_SHARED(float, stages, [kStages][kThreads]);
  const auto fetch = [&](int tile) {
    if (tile < kTiles)
      async_copy(&stages[tile % kStages][thread()], x + tile * kThreads + thread(), 4, 4);
    if (mistake != Mistake::no_empty_groups || tile < kTiles) async_commit();
  };
  for (int tile = 0; tile < kStages - 1; ++tile) fetch(tile);
  float sum = 0;
  for (int tile = 0; tile < kTiles; ++tile) {
    async_wait(mistake == Mistake::wait_for_too_few ? kStages - 1 : kStages - 2);
    __syncthreads();
    const int context = mistake == Mistake::stage_off_by_one ? tile + 1 : tile;
    for (int i = 0; i < kThreads; ++i) sum += stages[context % kStages][i];
    fetch(tile + kStages - 1);
  }
  async_wait(0);
  out[thread()] = sum;
}
template <bool broken, Mistake mistake>
bool pipeline() {
  const Floats x(counted<float>(kTiles * kThreads));
  const Floats out(kThreads);
  run<pipeline_kernel<broken ? mistake : Mistake::none>>(1, kThreads, x.data(), out.data());
  constexpr int kAll = kTiles * kThreads;
  return holds(out, [](int) { return kAll * (kAll - 1) / 2; });
}
template <bool broken>
bool wait_for_too_few_groups() {
  return pipeline<broken, Mistake::wait_for_too_few>();
}
template <bool broken>
bool ring_off_by_one_stage() {
  return pipeline<broken, Mistake::stage_off_by_one>();
}
/// Without its empty groups at the end, the ring waits for fewer tiles than it counts.
template <bool broken>
bool no_empty_groups_at_the_end() {
  return pipeline<broken, Mistake::no_empty_groups>();
}

/// The ring's next tile lands where others still read the last one.
template <bool broken>
__global__ void ring_kernel(const float* x, float* out) {
  SALTUS_SHARED(float, stages, [2][kThreads]);
  const auto fetch = [&](int tile) {
    if (tile < kTiles)
      async_copy(&stages[tile % 2][thread()], x + tile * kThreads + thread(), 4, 4);
    async_commit();
  };
  fetch(0);
  float sum = 0;
  for (int tile = 0; tile < kTiles; ++tile) {
    fetch(tile + 1);
    async_wait(1);
    __syncthreads();
    for (int i = 0; i < kThreads; ++i) sum += stages[tile % 2][i];
    if constexpr (!broken) __syncthreads();
  }
  out[thread()] = sum;
}
template <bool broken>
bool ring_refilled_while_others_read() {
  const Floats x(counted<float>(kTiles * kThreads));
  const Floats out(kThreads);
  run<ring_kernel<broken>>(1, kThreads, x.data(), out.data());
  constexpr int kAll = kTiles * kThreads;
  return holds(out, [](int) { return kAll * (kAll - 1) / 2; });
}

template <bool broken>
__global__ void aligned_kernel(const float* x, float* out) {
  SALTUS_SHARED(float4, tile, [kThreads]);
  async_copy(&tile[thread()], x + (broken ? 1 : 0) + 4 * thread(), 16, 16);
  async_commit();
  async_wait(0);
  out[thread()] = tile[thread()].x;
}
template <bool broken>
bool misaligned_source() {
  const Floats x(counted<float>(4 * kThreads + 4));
  const Floats out(kThreads);
  run<aligned_kernel<broken>>(1, kThreads, x.data(), out.data());
  return holds(out, [](int i) { return 4 * i; });
}

/// Fetches a tile more than there is, and never uses it.
template <bool broken>
__global__ void prefetch_kernel(const float* x, int tiles, float* out) {
  SALTUS_SHARED(float, stages, [2][kThreads]);
  float sum = 0;
  for (int tile = 0; tile <= tiles; ++tile) {
    if (broken || tile < tiles)
      async_copy(&stages[tile % 2][thread()], x + tile * kThreads + thread(), 4, 4);
    async_commit();
    async_wait(1);
    if (tile > 0) sum += stages[(tile - 1) % 2][thread()];
  }
  async_wait(0);
  out[thread()] = sum;
}
template <bool broken>
bool prefetch_behind_the_end() {
  const Floats x(std::vector<float>(kTiles * kThreads, 1.0f));
  const Floats out(kThreads);
  run<prefetch_kernel<broken>>(1, kThreads, x.data(), kTiles, out.data());
  return holds(out, [](int) { return kTiles; });
}

template <bool broken>
__global__ void exit_kernel(const float* x, float* out) {
  SALTUS_SHARED(float, tile, [kThreads]);
  out[thread()] = x[thread()];
  async_copy(&tile[thread()], x + thread(), 4, 4);
  async_commit();
  if constexpr (!broken) async_wait(0);
}
template <bool broken>
bool exit_with_a_copy_under_way() {
  const Floats x(counted<float>(kThreads));
  const Floats out(kThreads);
  run<exit_kernel<broken>>(1, kThreads, x.data(), out.data());
  return holds(out, [](int i) { return i; });
}

/// Zeroes its cell for the tail, and lets a copy arrive on top of it.
template <bool broken>
__global__ void store_kernel(const float* x, int count, float* out) {
  SALTUS_SHARED(float, tile, [kThreads]);
  if (broken || thread() < count) async_copy(&tile[thread()], x + thread(), 4, 4);
  if (thread() >= count) tile[thread()] = 0;
  async_commit();
  async_wait(0);
  out[thread()] = tile[thread()];
}
template <bool broken>
bool store_under_a_copy() {
  const Floats x(counted<float>(kThreads));
  const Floats out(kThreads);
  run<store_kernel<broken>>(1, kThreads, x.data(), 50, out.data());
  return holds(out, [](int i) { return i < 50 ? i : 0; });
}

/// Rows beyond the batch are to be zeros; they hold another batch's numbers.
template <bool broken>
__global__ void zero_fill_kernel(const float* x, int count, float* out) {
  SALTUS_SHARED(float, tile, [kThreads]);
  const int bytes = broken || thread() < count ? 4 : 0;
  async_copy(&tile[thread()], x + thread(), 4, bytes);
  async_commit();
  async_wait(0);
  __syncthreads();
  float sum = 0;
  for (int i = 0; i < kThreads; ++i) sum += tile[i];
  out[thread()] = sum;
}
template <bool broken>
bool zero_fill_forgotten() {
  const Floats x(std::vector<float>(kThreads, 1.0f));
  const Floats out(kThreads);
  run<zero_fill_kernel<broken>>(1, kThreads, x.data(), 50, out.data());
  return holds(out, [](int) { return 50; });
}

template <bool broken>
__global__ void target_kernel(const float* x, float* out) {
  SALTUS_SHARED(float4, tile, [kThreads]);
  const int place = thread() + (broken ? 1 : 0);
  async_copy(&tile[0] + place, x + 4 * thread(), 16, 16);
  async_commit();
  async_wait(0);
  out[thread()] = (&tile[0] + place)->x;
}
template <bool broken>
bool target_behind_the_tile() {
  const Floats x(counted<float>(4 * kThreads));
  const Floats out(kThreads);
  run<target_kernel<broken>>(1, kThreads, x.data(), out.data());
  return holds(out, [](int i) { return 4 * i; });
}

const BugClass async("async copies", {
                                         SALTUS_BUG(no_wait),
                                         SALTUS_BUG(no_commit),
                                         SALTUS_BUG(barrier_before_the_wait),
                                         SALTUS_BUG(no_barrier_after_the_wait),
                                         SALTUS_BUG(wait_for_too_few_groups),
                                         SALTUS_BUG(ring_off_by_one_stage),
                                         SALTUS_BUG(no_empty_groups_at_the_end),
                                         SALTUS_BUG(ring_refilled_while_others_read),
                                         SALTUS_BUG(misaligned_source),
                                         SALTUS_BUG(prefetch_behind_the_end),
                                         SALTUS_BUG(exit_with_a_copy_under_way),
                                         SALTUS_BUG(store_under_a_copy),
                                         SALTUS_BUG(zero_fill_forgotten),
                                         SALTUS_BUG(target_behind_the_tile),
                                     });

}  // namespace
}  // namespace saltus::test
