// Barriers of a block that are missing, or that not every thread reaches.
#include "tests/emulated/bugs/bug.h"

namespace saltus::test {
namespace {

constexpr int kThreads = 64;

/// A thread reads what the one behind it has written: wrong at once.
template <bool broken>
__global__ void next_cell_kernel(int* out) {
  SALTUS_SHARED(int, cells, [kThreads]);
  cells[thread()] = thread();
  if constexpr (!broken) __syncthreads();
  out[thread()] = cells[(thread() + 1) % kThreads];
}
template <bool broken>
bool no_barrier_before_read() {
  const Ints out(kThreads);
  run<next_cell_kernel<broken>>(1, kThreads, out.data());
  return holds(out, [](int i) { return (i + 1) % kThreads; });
}

/// A thread reads what the one before it has written: right where threads run one after another.
template <bool broken>
__global__ void cell_before_kernel(int* out) {
  SALTUS_SHARED(int, cells, [kThreads + 1]);
  cells[thread() + 1] = thread();
  if (thread() == 0) cells[0] = -1;
  if constexpr (!broken) __syncthreads();
  out[thread()] = cells[thread()];
}
template <bool broken>
bool no_barrier_hidden_by_order() {
  const Ints out(kThreads);
  run<cell_before_kernel<broken>>(1, kThreads, out.data());
  return holds(out, [](int i) { return i - 1; });
}

/// The next tile overwrites the one that others still read.
template <bool broken>
__global__ void tiles_kernel(const int* x, int tiles, int* out) {
  SALTUS_SHARED(int, tile, [kThreads]);
  int sum = 0;
  for (int i = 0; i < tiles; ++i) {
    tile[thread()] = x[i * kThreads + thread()];
    __syncthreads();
    for (int k = 0; k < kThreads; ++k) sum += tile[k];
    if constexpr (!broken) __syncthreads();
  }
  out[thread()] = sum;
}
template <bool broken>
bool no_second_barrier_at_tile_reuse() {
  const Ints x(counted<int>(4 * kThreads));
  const Ints out(kThreads);
  run<tiles_kernel<broken>>(1, kThreads, x.data(), 4, out.data());
  return holds(out, [](int) { return 4 * kThreads * (4 * kThreads - 1) / 2; });
}

template <bool broken>
__global__ void one_branch_kernel(int* out) {
  SALTUS_SHARED(int, cells, [kThreads]);
  cells[thread()] = thread();
  if constexpr (broken) {
    if (thread() < 32) __syncthreads();
  } else {
    __syncthreads();
  }
  out[thread()] = cells[thread()];
}
template <bool broken>
bool barrier_in_one_branch() {
  const Ints out(kThreads);
  run<one_branch_kernel<broken>>(1, kThreads, out.data());
  return holds(out, [](int i) { return i; });
}

template <bool broken>
__global__ void two_branches_kernel(int* out) {
  out[thread()] = 0;
  if constexpr (broken) {
    if (thread() % 2 == 0) {
      out[thread()] = thread();
      __syncthreads();
    } else {
      __syncthreads();
      out[thread()] = thread();
    }
  } else {
    __syncthreads();
    out[thread()] = thread();
  }
}
template <bool broken>
bool different_barriers_in_branches() {
  const Ints out(kThreads);
  run<two_branches_kernel<broken>>(1, kThreads, out.data());
  return holds(out, [](int i) { return i; });
}

template <bool broken>
__global__ void early_return_kernel(int count, int* out) {
  SALTUS_SHARED(int, cells, [kThreads]);
  if (broken && thread() >= count) return;
  cells[thread()] = thread();
  __syncthreads();
  if (thread() < count) out[thread()] = cells[count - 1 - thread()];
}
template <bool broken>
bool return_before_barrier() {
  const Ints out(50);
  run<early_return_kernel<broken>>(1, kThreads, 50, out.data());
  return holds(out, [](int i) { return 49 - i; });
}

/// How often a thread comes to the barrier depends on its row's length.
template <bool broken>
__global__ void trip_count_kernel(int* out) {
  const int own = 1 + thread() / 60;
  const int turns = broken ? own : 2;
  int sum = 0;
  for (int i = 0; i < turns; ++i) {
    if (i < own) ++sum;
    __syncthreads();
  }
  out[thread()] = sum;
}
template <bool broken>
bool trip_count_of_barrier_differs() {
  const Ints out(kThreads);
  run<trip_count_kernel<broken>>(1, kThreads, out.data());
  return holds(out, [](int i) { return 1 + i / 60; });
}

/// A thread that has found what it looks for leaves the loop, and with it the barrier.
template <bool broken>
__global__ void break_kernel(const int* x, int* out) {
  SALTUS_SHARED(int, tile, [kThreads]);
  int found = -1;
  for (int i = 0; i < 4; ++i) {
    __syncthreads();
    tile[thread()] = x[i * kThreads + thread()];
    __syncthreads();
    for (int k = 0; k < kThreads; ++k)
      if (found < 0 && tile[k] == 2 * thread()) found = i;
    if (broken && found >= 0) break;
  }
  out[thread()] = found;
}
template <bool broken>
bool break_out_of_a_loop_of_barriers() {
  const Ints x(counted<int>(4 * kThreads));
  const Ints out(kThreads);
  run<break_kernel<broken>>(1, kThreads, x.data(), out.data());
  return holds(out, [](int i) { return 2 * i / kThreads; });
}

/// Two sums over the block one after another, in the same cells.
template <bool broken>
__device__ int sum_of_block(int value) {
  SALTUS_SHARED(int, cells, [kThreads]);
  if constexpr (!broken) __syncthreads();
  cells[thread()] = value;
  __syncthreads();
  int sum = 0;
  for (int i = 0; i < kThreads; ++i) sum += cells[i];
  return sum;
}
template <bool broken>
__global__ void two_sums_kernel(int* out) {
  const int first = sum_of_block<broken>(thread());
  out[thread()] = first - sum_of_block<broken>(1);
}
template <bool broken>
bool no_barrier_between_two_sums() {
  const Ints out(kThreads);
  run<two_sums_kernel<broken>>(1, kThreads, out.data());
  return holds(out, [](int) { return kThreads * (kThreads - 1) / 2 - kThreads; });
}

/// Two warps exchange what only a barrier of the block orders.
template <bool broken>
__global__ void two_warps_kernel(int* out) {
  SALTUS_SHARED(int, cells, [kThreads]);
  cells[thread()] = thread();
  if constexpr (broken)
    __syncwarp();
  else
    __syncthreads();
  out[thread()] = cells[thread() ^ 32];
}
template <bool broken>
bool barrier_of_a_warp_for_a_block() {
  const Ints out(kThreads);
  run<two_warps_kernel<broken>>(1, kThreads, out.data());
  return holds(out, [](int i) { return i ^ 32; });
}

/// A tree of sums that counts on a warp going in step.
template <bool broken>
__global__ void tree_kernel(int* out) {
  SALTUS_SHARED(int, cells, [32]);
  cells[thread()] = thread();
  __syncwarp();
  for (int distance = 16; distance > 0; distance /= 2) {
    const int other = thread() + distance < 32 ? cells[thread() + distance] : 0;
    if constexpr (!broken) __syncwarp();
    cells[thread()] += other;
    if constexpr (!broken) __syncwarp();
  }
  out[thread()] = cells[0];
}
template <bool broken>
bool warp_taken_to_go_in_step() {
  const Ints out(32);
  run<tree_kernel<broken>>(1, 32, out.data());
  return holds(out, [](int) { return 31 * 32 / 2; });
}

/// The counter is set to zero while others count.
template <bool broken>
__global__ void counter_kernel(int* out) {
  SALTUS_SHARED(int, counter, [1]);
  if (thread() == 0) counter[0] = 0;
  if constexpr (!broken) __syncthreads();
  atomicAdd(&counter[0], 1);
  __syncthreads();
  out[thread()] = counter[0];
}
template <bool broken>
bool no_barrier_after_zeroing_a_counter() {
  const Ints out(kThreads);
  run<counter_kernel<broken>>(1, kThreads, out.data());
  return holds(out, [](int) { return kThreads; });
}

/// One thread decides, all read its decision, and the next round may overwrite it.
template <bool broken>
__global__ void decisions_kernel(int* out) {
  SALTUS_SHARED(int, decision, [1]);
  int sum = 0;
  for (int i = 0; i < 4; ++i) {
    if (thread() == i) decision[0] = 10 * i;
    __syncthreads();
    sum += decision[0];
    if constexpr (!broken) __syncthreads();
  }
  out[thread()] = sum;
}
template <bool broken>
bool no_barrier_before_the_next_decision() {
  const Ints out(kThreads);
  run<decisions_kernel<broken>>(1, kThreads, out.data());
  return holds(out, [](int) { return 60; });
}

/// Two buffers by turns save a barrier; one buffer twice does not.
template <bool broken>
__global__ void two_buffers_kernel(const int* x, int* out) {
  SALTUS_SHARED(int, tiles, [2][kThreads]);
  int sum = 0;
  for (int i = 0; i < 4; ++i) {
    int* tile = tiles[broken ? i / 2 % 2 : i % 2];
    tile[thread()] = x[i * kThreads + thread()];
    __syncthreads();
    for (int k = 0; k < kThreads; ++k) sum += tile[k];
  }
  out[thread()] = sum;
}
template <bool broken>
bool buffers_swapped_too_late() {
  const Ints x(counted<int>(4 * kThreads));
  const Ints out(kThreads);
  run<two_buffers_kernel<broken>>(1, kThreads, x.data(), out.data());
  return holds(out, [](int) { return 4 * kThreads * (4 * kThreads - 1) / 2; });
}

/// A stencil whose halo two other threads load.
template <bool broken>
__global__ void stencil_kernel(const int* x, int* out) {
  SALTUS_SHARED(int, tile, [kThreads + 2]);
  tile[thread() + 1] = x[thread()];
  if constexpr (!broken) {
    if (thread() < 2) tile[thread() * (kThreads + 1)] = 0;
    __syncthreads();
  } else {
    __syncthreads();
    if (thread() < 2) tile[thread() * (kThreads + 1)] = 0;
  }
  out[thread()] = tile[thread()] + tile[thread() + 1] + tile[thread() + 2];
}
template <bool broken>
bool halo_loaded_after_the_barrier() {
  const Ints x(counted<int>(kThreads));
  const Ints out(kThreads);
  run<stencil_kernel<broken>>(1, kThreads, x.data(), out.data());
  return holds(out,
               [](int i) { return 3 * i + (i == 0 ? 1 : 0) - (i == kThreads - 1 ? kThreads : 0); });
}

const BugClass barriers("barriers", {
                                        SALTUS_BUG(no_barrier_before_read),
                                        SALTUS_BUG(no_barrier_hidden_by_order),
                                        SALTUS_BUG(no_second_barrier_at_tile_reuse),
                                        SALTUS_BUG(barrier_in_one_branch),
                                        SALTUS_BUG(different_barriers_in_branches),
                                        SALTUS_BUG(return_before_barrier),
                                        SALTUS_BUG(trip_count_of_barrier_differs),
                                        SALTUS_BUG(break_out_of_a_loop_of_barriers),
                                        SALTUS_BUG(no_barrier_between_two_sums),
                                        SALTUS_BUG(barrier_of_a_warp_for_a_block),
                                        SALTUS_BUG(warp_taken_to_go_in_step),
                                        SALTUS_BUG(no_barrier_after_zeroing_a_counter),
                                        SALTUS_BUG(no_barrier_before_the_next_decision),
                                        SALTUS_BUG(buffers_swapped_too_late),
                                        SALTUS_BUG(halo_loaded_after_the_barrier),
                                    });

}  // namespace
}  // namespace saltus::test
