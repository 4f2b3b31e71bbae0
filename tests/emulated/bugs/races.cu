// Blocks of one launch that count on an order between them, and threads that share a word.
#include <bit>

#include "tests/emulated/bugs/bug.h"

namespace saltus::test {
namespace {

constexpr int kThreads = 32;
constexpr int kBlocks = 4;
constexpr int kAll = kBlocks * kThreads;

/// Every block writes the same row.
template <bool broken>
__global__ void same_row_kernel(int* out) {
  const int value = broken ? block() : kBlocks - 1;
  if (broken || block() == kBlocks - 1) out[thread()] = value;
}
template <bool broken>
bool blocks_write_the_same_elements() {
  const Ints out(kThreads);
  run<same_row_kernel<broken>>(kBlocks, kThreads, out.data());
  return holds(out, [](int) { return kBlocks - 1; });
}

/// All blocks write the same value, which is a race nevertheless.
template <bool broken>
__global__ void same_value_kernel(int* out) {
  if (broken || (block() == 0 && thread() == 0)) *out = 7;
}
template <bool broken>
bool every_thread_writes_the_same_value() {
  const Ints out(1);
  run<same_value_kernel<broken>>(kBlocks, kThreads, out.data());
  return holds(out, [](int) { return 7; });
}

/// A stencil in place: the neighbour's block may have written its element.
template <bool broken>
__global__ void in_place_kernel(const int* x, int* out) {
  const int i = everywhere();
  const int* from = broken ? out : x;
  const int before = i == 0 ? 0 : from[i - 1];
  __syncthreads();
  out[i] = before + 2;
}
template <bool broken>
bool stencil_in_place() {
  const Ints x(counted<int>(kAll));
  const Ints out(counted<int>(kAll));
  run<in_place_kernel<broken>>(kBlocks, kThreads, x.data(), out.data());
  return holds(out, [](int i) { return i == 0 ? 2 : i + 1; });
}

/// Increments without an atomic: some are lost where threads run at once.
template <bool broken>
__global__ void increments_kernel(int* counter) {
  if constexpr (broken)
    ++*counter;
  else
    atomicAdd(counter, 1);
}
template <bool broken>
bool increments_without_atomics() {
  const Ints counter(std::vector<int>{0});
  run<increments_kernel<broken>>(kBlocks, kThreads, counter.data());
  return holds(counter, [](int) { return kAll; });
}

/// Each thread sets its bit of a word.
template <bool broken>
__global__ void bits_kernel(unsigned* words) {
  unsigned* word = &words[everywhere() / 32];
  const unsigned bit = 1U << (thread() % 32);
  if constexpr (broken)
    *word |= bit;
  else
    atomicOr(word, bit);
}
template <bool broken>
bool bits_of_a_word_set_by_many() {
  const DeviceArray<unsigned> words(std::vector<unsigned>(kBlocks, 0));
  run<bits_kernel<broken>>(kBlocks, kThreads, words.data());
  return holds(words, [](int) { return ~0U; });
}

/// A matrix transposed in place by blocks that each own a row.
template <bool broken>
__global__ void transpose_kernel(const int* x, int* out) {
  const int from = everywhere();
  const int to = thread() * static_cast<int>(gridDim.x) + block();
  out[to] = broken ? out[from] : x[from];
}
template <bool broken>
bool transposed_in_place() {
  const Ints x(counted<int>(kThreads * kThreads));
  const Ints out(counted<int>(kThreads * kThreads));
  run<transpose_kernel<broken>>(kThreads, kThreads, x.data(), out.data());
  return holds(out, [](int i) { return i % kThreads * kThreads + i / kThreads; });
}

/// The last block adds up what the others have left.
template <bool broken>
__global__ void partial_sums_kernel(int* partial, int* out) {
  partial[block()] = block() + 1;
  if (broken && block() == kBlocks - 1) {
    int sum = 0;
    for (int i = 0; i < kBlocks; ++i) sum += partial[i];
    *out = sum;
  }
}
__global__ void final_sum_kernel(const int* partial, int* out) {
  int sum = 0;
  for (int i = 0; i < kBlocks; ++i) sum += partial[i];
  *out = sum;
}
template <bool broken>
bool block_reads_the_others_sums() {
  const Ints partial(std::vector<int>(kBlocks, 0));
  const Ints out(std::vector<int>{0});
  run<partial_sums_kernel<broken>>(kBlocks, 1, partial.data(), out.data());
  if (!broken) run<final_sum_kernel>(1, 1, partial.data(), out.data());
  return holds(out, [](int) { return kBlocks * (kBlocks + 1) / 2; });
}

/// Blocks that wait for each other need not be there at the same time.
template <bool broken>
__global__ void grid_barrier_kernel(int* arrived, int* out) {
  if (thread() == 0) {
    atomicAdd(arrived, 1);
    while (broken && atomicAdd(arrived, 0) < kBlocks) {
    }
  }
  __syncthreads();
  out[everywhere()] = 1;
}
template <bool broken>
bool blocks_wait_for_each_other() {
  const Ints arrived(std::vector<int>{0});
  const Ints out(kAll);
  run<grid_barrier_kernel<broken>>(kBlocks, kThreads, arrived.data(), out.data());
  return holds(out, [](int) { return 1; });
}

/// A ticket says where a block's result goes: in the order in which blocks happen to run.
template <bool broken>
__global__ void tickets_kernel(int* tickets, int* out) {
  const int ticket = atomicAdd(tickets, 1);
  out[broken ? ticket : block()] = block();
}
template <bool broken>
bool results_in_the_order_of_blocks() {
  const Ints tickets(std::vector<int>{0});
  const Ints out(kBlocks);
  run<tickets_kernel<broken>>(kBlocks, 1, tickets.data(), out.data());
  return holds(out, [](int i) { return i; });
}

/// The first block to come decides.
template <bool broken>
__global__ void first_wins_kernel(int* winner) {
  if (broken)
    atomicCAS(winner, -1, block());
  else
    atomicMin(reinterpret_cast<unsigned*>(winner), static_cast<unsigned>(block()));
}
template <bool broken>
bool first_block_to_come_wins() {
  const Ints winner(std::vector<int>{-1});
  run<first_wins_kernel<broken>>(kBlocks, 1, winner.data());
  return holds(winner, [](int) { return 0; });
}

/// A sum of floats in the order in which blocks come.
__device__ void add_float(unsigned* sum, float value) {
  unsigned seen = atomicAdd(sum, 0);
  for (;;) {
    const unsigned next = __float_as_uint(__uint_as_float(seen) + value);
    const unsigned before = atomicCAS(sum, seen, next);
    if (before == seen) return;
    seen = before;
  }
}
template <bool broken>
__global__ void float_sum_kernel(unsigned* sum) {
  if constexpr (broken) {
    add_float(sum, 1.0f / static_cast<float>(1 + everywhere()));
  } else if (everywhere() == 0) {
    float all = 0;
    for (int i = 0; i < kAll; ++i) all += 1.0f / static_cast<float>(1 + i);
    *sum = __float_as_uint(all);
  }
}
template <bool broken>
bool sum_of_floats_by_atomics() {
  const DeviceArray<unsigned> sum(std::vector<unsigned>{0});
  run<float_sum_kernel<broken>>(kBlocks, kThreads, sum.data());
  float want = 0;
  for (int i = 0; i < kAll; ++i) want += 1.0f / static_cast<float>(1 + i);
  return std::bit_cast<float>(sum.read()[0]) == want;
}

/// Tiles whose step is shorter than they are long.
template <bool broken>
__global__ void tiles_kernel(int* out) {
  constexpr int kStep = broken ? kThreads - 2 : kThreads;
  out[block() * kStep + thread()] = block() * kStep + thread();
}
template <bool broken>
bool tiles_of_blocks_overlap() {
  const Ints out(std::vector<int>(kAll, 0));
  run<tiles_kernel<broken>>(kBlocks, kThreads, out.data());
  return holds(out, [](int i) { return i; });
}

/// Trials that forget to move on by their stride.
template <bool broken>
__global__ void trials_kernel(int stride, int* y) {
  y[block() * (broken ? 0 : stride) + thread()] = thread();
}
template <bool broken>
bool trials_share_an_array() {
  const Ints y(std::vector<int>(kAll, -1));
  run<trials_kernel<broken>>(kBlocks, kThreads, kThreads, y.data());
  return holds(y, [](int i) { return i % kThreads; });
}

/// Rows are divided by their sum, which one block of the row changes while others read.
template <bool broken>
__global__ void normalise_kernel(float* sum, const float* x, float* y) {
  const float scale = *sum;
  __syncthreads();
  y[everywhere()] = x[everywhere()] / scale;
  if (broken && block() == kBlocks - 1 && thread() == 0) *sum = 0;
}
template <bool broken>
bool scale_cleared_while_others_read() {
  const Floats sum(std::vector<float>{2});
  const Floats x(counted<float>(kAll));
  const Floats y(kAll);
  run<normalise_kernel<broken>>(kBlocks, kThreads, sum.data(), x.data(), y.data());
  return holds(y, [](int i) { return static_cast<float>(i) / 2; });
}

/// An atomic to count, a plain read of the count in the same launch.
template <bool broken>
__global__ void count_and_read_kernel(int* count, int* out) {
  atomicAdd(count, 1);
  if (broken && everywhere() == kAll - 1) *out = *count;
}
__global__ void read_kernel(const int* count, int* out) {
  *out = *count;
}
template <bool broken>
bool count_read_while_others_count() {
  const Ints count(std::vector<int>{0});
  const Ints out(1);
  run<count_and_read_kernel<broken>>(kBlocks, kThreads, count.data(), out.data());
  if (!broken) run<read_kernel>(1, 1, count.data(), out.data());
  return holds(out, [](int) { return kAll; });
}

const BugClass races("races", {
                                  SALTUS_BUG(blocks_write_the_same_elements),
                                  SALTUS_BUG(every_thread_writes_the_same_value),
                                  SALTUS_BUG(stencil_in_place),
                                  SALTUS_BUG(increments_without_atomics),
                                  SALTUS_BUG(bits_of_a_word_set_by_many),
                                  SALTUS_BUG(transposed_in_place),
                                  SALTUS_BUG(block_reads_the_others_sums),
                                  SALTUS_BUG(blocks_wait_for_each_other),
                                  SALTUS_BUG(results_in_the_order_of_blocks),
                                  SALTUS_BUG(first_block_to_come_wins),
                                  SALTUS_BUG(sum_of_floats_by_atomics),
                                  SALTUS_BUG(tiles_of_blocks_overlap),
                                  SALTUS_BUG(trials_share_an_array),
                                  SALTUS_BUG(scale_cleared_while_others_read),
                                  SALTUS_BUG(count_read_while_others_count),
                              });

}  // namespace
}  // namespace saltus::test
