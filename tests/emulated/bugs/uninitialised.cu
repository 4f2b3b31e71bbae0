// What nobody has written. Memory starts as 0xFF, which is NaN: where that does not change the
// result, only the checker sees it.
#include "tests/emulated/bugs/bug.h"

namespace saltus::test {
namespace {

constexpr int kThreads = 64;

/// One cell that nobody fills, and a result that hides it.
template <bool broken>
__global__ void shared_hole_kernel(const int* x, int* out) {
  SALTUS_SHARED(int, cells, [kThreads]);
  if (!broken || thread() != 5) cells[thread()] = x[thread()];
  __syncthreads();
  out[thread()] = cells[thread()] > 0 ? 1 : 0;
}
template <bool broken>
bool shared_cell_that_nobody_writes() {
  const Ints x(std::vector<int>(kThreads, 0));
  const Ints out(kThreads);
  run<shared_hole_kernel<broken>>(1, kThreads, x.data(), out.data());
  return holds(out, [](int) { return 0; });
}

template <bool broken>
__global__ void sign_kernel(const int* x, int* out) {
  out[thread()] = x[thread()] > 0 ? 1 : 0;
}
template <bool broken>
bool input_that_nobody_writes() {
  Ints x(kThreads);
  if (!broken) x.write(std::vector<int>(kThreads, 0));
  const Ints out(kThreads);
  run<sign_kernel<broken>>(1, kThreads, x.data(), out.data());
  return holds(out, [](int) { return 0; });
}

/// The first kernel leaves its tail out; the second one reads it.
template <bool broken>
__global__ void produce_kernel(int count, int* y) {
  if (!broken || thread() < count) y[thread()] = 0;
}
template <bool broken>
bool tail_that_the_kernel_before_left_out() {
  const Ints y(kThreads);
  const Ints out(kThreads);
  run<produce_kernel<broken>>(1, kThreads, 60, y.data());
  run<sign_kernel<broken>>(1, kThreads, y.data(), out.data());
  return holds(out, [](int) { return 0; });
}

/// Shared memory is a block's own and is gone with it.
template <bool broken>
__global__ void previous_block_kernel(int* out) {
  SALTUS_SHARED(int, sum, [1]);
  if (thread() == 0 && (!broken || block() == 0)) sum[0] = 1;
  __syncthreads();
  out[everywhere()] = sum[0];
}
template <bool broken>
bool shared_memory_of_the_block_before() {
  const Ints out(2 * kThreads);
  run<previous_block_kernel<broken>>(2, kThreads, out.data());
  return holds(out, [](int) { return 1; });
}

template <bool broken>
__global__ void accumulate_kernel(const float* x, float* out) {
  SALTUS_SHARED(float, sums, [kThreads]);
  if constexpr (!broken) sums[thread()] = 0;
  for (int i = 0; i < 4; ++i) sums[thread()] += x[i * kThreads + thread()];
  out[thread()] = sums[thread()];
}
template <bool broken>
bool sum_that_starts_from_nothing() {
  const Floats x(std::vector<float>(4 * kThreads, 1.0f));
  const Floats out(kThreads);
  run<accumulate_kernel<broken>>(1, kThreads, x.data(), out.data());
  return holds(out, [](int) { return 4; });
}

/// The maximum of what is there and of NaN, which no comparison chooses.
template <bool broken>
__global__ void maximum_kernel(const float* x, int count, float* out) {
  SALTUS_SHARED(float, values, [kThreads]);
  if (thread() < count)
    values[thread()] = x[thread()];
  else if (!broken)
    values[thread()] = 0;
  __syncthreads();
  float most = 0;
  for (int i = 0; i < kThreads; ++i) most = values[i] > most ? values[i] : most;
  out[thread()] = most;
}
template <bool broken>
bool maximum_over_an_unwritten_tail() {
  const Floats x(counted<float>(kThreads));
  const Floats out(kThreads);
  run<maximum_kernel<broken>>(1, kThreads, x.data(), 50, out.data());
  return holds(out, [](int) { return 49; });
}

/// The tile's columns beyond the matrix take part in the product.
template <bool broken>
__global__ void product_kernel(const float* a, int k, float* out) {
  SALTUS_SHARED(float, tile, [kThreads]);
  if (thread() < k) tile[thread()] = a[thread()];
  if (!broken && thread() >= k) tile[thread()] = 0;
  __syncthreads();
  float sum = 0;
  for (int i = 0; i < kThreads; ++i) sum += tile[i];
  out[thread()] = sum;
}
template <bool broken>
bool tail_of_a_tile_not_zeroed() {
  const Floats a(std::vector<float>(50, 1.0f));
  const Floats out(kThreads);
  run<product_kernel<broken>>(1, kThreads, a.data(), 50, out.data());
  return holds(out, [](int) { return 50; });
}

template <bool broken>
__global__ void count_kernel(int* counts) {
  atomicAdd(&counts[thread() % 4], 1);
}
template <bool broken>
bool counts_that_nobody_zeroes() {
  const Ints counts(4);
  if (!broken) SALTUS_CHECK(cudaMemsetAsync(counts.data(), 0, 16, stream()));
  run<count_kernel<broken>>(1, kThreads, counts.data());
  return holds(counts, [](int) { return kThreads / 4; });
}

/// A set counts bytes, not elements.
template <bool broken>
bool bytes_and_elements_confused() {
  const Ints x(kThreads);
  const Ints out(kThreads);
  SALTUS_CHECK(cudaMemsetAsync(x.data(), 0, kThreads * (broken ? 1 : sizeof(int)), stream()));
  run<sign_kernel<broken>>(1, kThreads, x.data(), out.data());
  return holds(out, [](int) { return 0; });
}

/// What is left out of a trial that is not active is read nevertheless.
template <bool broken>
__global__ void trial_sums_kernel(const float* of_trial, const int* active, float* out) {
  float sum = 0;
  for (int trial = 0; trial < 3; ++trial) {
    const float value = broken || active[trial] != 0 ? of_trial[trial] : 0.0f;
    if (active[trial] != 0) sum += value;
  }
  *out = sum;
}
template <bool broken>
__global__ void trial_values_kernel(const int* active, float* of_trial) {
  if (active[block()] != 0) of_trial[block()] = 1;
}
template <bool broken>
bool values_of_an_inactive_trial() {
  const Ints active(std::vector<int>{1, 0, 1});
  const Floats of_trial(3);
  const Floats out(1);
  run<trial_values_kernel<broken>>(3, 1, active.data(), of_trial.data());
  run<trial_sums_kernel<broken>>(1, 1, of_trial.data(), active.data(), out.data());
  return holds(out, [](int) { return 2; });
}

/// Copied with what nobody has written in it.
template <bool broken>
bool copy_of_what_nobody_writes() {
  const Ints x(kThreads);
  const Ints copy(kThreads);
  const Ints out(kThreads);
  SALTUS_CHECK(cudaMemsetAsync(x.data(), 0, (kThreads - (broken ? 1 : 0)) * sizeof(int), stream()));
  SALTUS_CHECK(cudaMemcpyAsync(copy.data(), x.data(), kThreads * sizeof(int),
                               cudaMemcpyDeviceToDevice, stream()));
  run<sign_kernel<broken>>(1, kThreads, copy.data(), out.data());
  return holds(out, [](int) { return 0; });
}

const BugClass uninitialised("uninitialised", {
                                                  SALTUS_BUG(shared_cell_that_nobody_writes),
                                                  SALTUS_BUG(input_that_nobody_writes),
                                                  SALTUS_BUG(tail_that_the_kernel_before_left_out),
                                                  SALTUS_BUG(shared_memory_of_the_block_before),
                                                  SALTUS_BUG(sum_that_starts_from_nothing),
                                                  SALTUS_BUG(maximum_over_an_unwritten_tail),
                                                  SALTUS_BUG(tail_of_a_tile_not_zeroed),
                                                  SALTUS_BUG(counts_that_nobody_zeroes),
                                                  SALTUS_BUG(bytes_and_elements_confused),
                                                  SALTUS_BUG(values_of_an_inactive_trial),
                                                  SALTUS_BUG(copy_of_what_nobody_writes),
                                              });

}  // namespace
}  // namespace saltus::test
