// Memory that is not there: outside of arrays and shared variables, freed, misaligned, the host's.
#include <saltus/kernels/device/vector.h>

#include "tests/emulated/bugs/bug.h"

namespace saltus::test {
namespace {

constexpr int kThreads = 64;

/// Adds an element that lies `shift` behind the thread's own and counts for nothing.
template <bool broken>
__global__ void read_kernel(const int* x, int shift, int* out) {
  const int other = x[thread() + (broken ? shift : 0)];
  out[thread()] = x[thread()] + (other == 12345 ? 1 : 0);
}
template <bool broken>
bool reads_behind_the_end() {
  const Ints x(counted<int>(kThreads));
  const Ints out(kThreads);
  run<read_kernel<broken>>(1, kThreads, x.data(), 1, out.data());
  return holds(out, [](int i) { return i; });
}
template <bool broken>
bool reads_before_the_start() {
  const Ints x(counted<int>(kThreads));
  const Ints out(kThreads);
  run<read_kernel<broken>>(1, kThreads, x.data(), -1, out.data());
  return holds(out, [](int i) { return i; });
}

template <bool broken>
__global__ void write_kernel(int count, int* out) {
  if (broken || thread() < count) out[thread()] = thread();
}
template <bool broken>
bool tail_without_a_check() {
  const Ints out(50);
  run<write_kernel<broken>>(1, kThreads, 50, out.data());
  return holds(out, [](int i) { return i; });
}

template <bool broken>
__global__ void off_by_one_kernel(int count, int* out) {
  if (thread() < count + (broken ? 1 : 0)) out[thread()] = thread();
}
template <bool broken>
bool tail_off_by_one() {
  const Ints out(50);
  run<off_by_one_kernel<broken>>(1, kThreads, 50, out.data());
  return holds(out, [](int i) { return i; });
}

/// The output has as many rows as the batch; the launch is sized for more.
template <bool broken>
__global__ void rows_kernel(const int* rows, int max_rows, int* out) {
  const int row = thread();
  if (row < (broken ? max_rows : *rows)) out[row] = row;
}
template <bool broken>
bool max_rows_for_rows() {
  const Ints rows(std::vector<int>{40});
  const Ints out(40);
  run<rows_kernel<broken>>(1, kThreads, rows.data(), kThreads, out.data());
  return holds(out, [](int i) { return i; });
}

template <bool broken>
__global__ void static_shared_kernel(int* out) {
  SALTUS_SHARED(int, cells, [kThreads]);
  SALTUS_SHARED(int, more, [kThreads]);
  more[thread()] = thread();
  cells[thread()] = 0;
  __syncthreads();
  int* place = &cells[0] + (broken ? thread() + 1 : thread());
  *place = thread();
  __syncthreads();
  out[thread()] = more[thread()];
}
template <bool broken>
bool behind_a_shared_variable() {
  const Ints out(kThreads);
  run<static_shared_kernel<broken>>(1, kThreads, out.data());
  return holds(out, [](int i) { return i; });
}

template <bool broken>
__global__ void dynamic_shared_kernel(int* out) {
  SALTUS_DYNAMIC_SHARED(int, cells);
  cells[thread()] = thread();
  __syncthreads();
  out[thread()] = cells[kThreads - 1 - thread()];
}
template <bool broken>
bool too_little_dynamic_shared_memory() {
  const Ints out(kThreads);
  const std::size_t bytes = (kThreads - (broken ? 1 : 0)) * sizeof(int);
  kernels::launch<dynamic_shared_kernel<broken>>(1, dim3(kThreads), bytes, stream(), out.data());
  return holds(out, [](int i) { return kThreads - 1 - i; });
}

/// A tile of 4 rows and 16 columns, and its indices in the wrong order.
template <bool broken>
__global__ void tile_kernel(int* out) {
  SALTUS_SHARED(int, tile, [4 * 16]);
  const int row = thread() / 16;
  const int column = thread() % 16;
  const int place = broken ? column * 16 + row : row * 16 + column;
  tile[place] = thread();
  __syncthreads();
  out[thread()] = tile[place];
}
template <bool broken>
bool tile_indices_swapped() {
  const Ints out(kThreads);
  run<tile_kernel<broken>>(1, kThreads, out.data());
  return holds(out, [](int i) { return i; });
}

template <bool broken>
__global__ void overflow_kernel(int rows, const int* x, int* out) {
  // The last row's place, halved, of so many rows that an int cannot count their elements.
  const std::int64_t elements = broken ? std::int64_t{rows * rows} : std::int64_t{rows} * rows;
  out[thread()] = x[elements > 0 ? thread() : 0];
}
template <bool broken>
bool index_overflows_an_int() {
  const Ints x(counted<int>(kThreads));
  const Ints out(kThreads);
  run<overflow_kernel<broken>>(1, kThreads, 65537, x.data(), out.data());
  return holds(out, [](int i) { return i; });
}

/// A window whose left edge is below zero, counted without a sign.
template <bool broken>
__global__ void window_kernel(const int* x, int padding, int* out) {
  const int left = thread() - padding;
  const bool inside = broken ? left < kThreads : left >= 0 && left < kThreads;
  out[thread()] = inside ? x[left] : 0;
}
template <bool broken>
bool padding_on_the_left_forgotten() {
  const Ints x(counted<int>(kThreads));
  const Ints out(kThreads);
  run<window_kernel<broken>>(1, kThreads, x.data(), 2, out.data());
  return holds(out, [](int i) { return i < 2 ? 0 : i - 2; });
}

template <bool broken>
__global__ void set_kernel(int* out) {
  out[thread()] = thread();
}
template <bool broken>
bool used_after_it_was_freed() {
  void* memory = nullptr;
  SALTUS_CHECK(cudaMalloc(&memory, kThreads * sizeof(int)));
  if (broken) SALTUS_CHECK(cudaFree(memory));
  run<set_kernel<broken>>(1, kThreads, static_cast<int*>(memory));
  if (!broken) SALTUS_CHECK(cudaFree(memory));
  return true;
}
template <bool broken>
bool freed_twice() {
  void* memory = nullptr;
  SALTUS_CHECK(cudaMalloc(&memory, kThreads * sizeof(int)));
  SALTUS_CHECK(cudaFree(memory));
  if (broken) SALTUS_CHECK(cudaFree(memory));
  return true;
}

template <bool broken>
__global__ void local_array_kernel(int bins, int* out) {
  int counts[8];
  for (int i = 0; i < 8; ++i) counts[i] = 0;
  for (int i = 0; i < 16; ++i) ++counts[i % bins];
  int sum = 0;
  for (const int count : counts) sum += count;
  out[thread()] = sum;
}
template <bool broken>
bool behind_a_local_array() {
  const Ints out(kThreads);
  run<local_array_kernel<broken>>(1, kThreads, broken ? 9 : 8, out.data());
  return holds(out, [](int) { return 16; });
}

template <bool broken>
bool host_memory_as_an_argument() {
  const std::vector<int> host = counted<int>(kThreads);
  const Ints x(host);
  const Ints out(kThreads);
  run<read_kernel<false>>(1, kThreads, broken ? host.data() : x.data(), 0, out.data());
  return holds(out, [](int i) { return i; });
}

/// A pointer to the host's table inside of a structure that is passed by value.
struct Table {
  const int* values;
};
template <bool broken>
__global__ void table_kernel(Table table, int* out) {
  out[thread()] = table.values[thread()];
}
template <bool broken>
bool host_table_in_an_argument() {
  const std::vector<int> host = counted<int>(kThreads);
  const Ints x(host);
  const Ints out(kThreads);
  run<table_kernel<broken>>(1, kThreads, Table{broken ? host.data() : x.data()}, out.data());
  return holds(out, [](int i) { return i; });
}

template <bool broken>
bool device_memory_read_by_the_host() {
  const Ints x(std::vector<int>(1, 7));
  return broken ? *x.data() == 7 : x.read()[0] == 7;
}

template <bool broken>
__global__ void vector_kernel(const float* x, float* out) {
  const auto* vectors = reinterpret_cast<const float4*>(x);
  out[thread()] = vectors[thread()].x + vectors[thread()].w;
}
template <bool broken>
bool misaligned_vector() {
  const Floats x(counted<float>(4 * kThreads + 4));
  const Floats out(kThreads);
  const int shift = broken ? 1 : 4;
  run<vector_kernel<broken>>(1, kThreads, x.data() + shift, out.data());
  return holds(out, [=](int i) { return static_cast<float>(8 * i + 2 * shift + 3); });
}

/// Rows of an odd length, loaded four elements at a time.
template <bool broken>
__global__ void quads_kernel(const float* x, int pitch, float* out) {
  const kernels::Quad quad = kernels::fetch_quad(x + thread() * pitch);
  out[thread()] = quad.values[3];
}
template <bool broken>
bool misaligned_rows() {
  const int pitch = broken ? 5 : 8;
  const Floats x(counted<float>(8 * kThreads));
  const Floats out(kThreads);
  run<quads_kernel<broken>>(1, kThreads, x.data(), pitch, out.data());
  return holds(out, [=](int i) { return static_cast<float>(i * pitch + 3); });
}

/// A word taken from the middle of another.
template <bool broken>
__global__ void words_kernel(const unsigned char* bytes, int* out) {
  out[thread()] = *reinterpret_cast<const int*>(bytes + 4 * thread() + (broken ? 2 : 4));
}
template <bool broken>
bool misaligned_word() {
  const DeviceArray<unsigned char> bytes(std::vector<unsigned char>(4 * kThreads + 4, 1));
  const Ints out(kThreads);
  run<words_kernel<broken>>(1, kThreads, bytes.data(), out.data());
  return holds(out, [](int) { return 0x01010101; });
}

template <bool broken>
bool block_of_too_many_threads() {
  const Ints out(2048);
  const unsigned threads = broken ? 2048 : 1024;
  run<set_kernel<broken>>(1, threads, out.data());
  return true;
}

const BugClass bounds("bounds", {
                                    SALTUS_BUG(reads_behind_the_end),
                                    SALTUS_BUG(reads_before_the_start),
                                    SALTUS_BUG(tail_without_a_check),
                                    SALTUS_BUG(tail_off_by_one),
                                    SALTUS_BUG(max_rows_for_rows),
                                    SALTUS_BUG(behind_a_shared_variable),
                                    SALTUS_BUG(too_little_dynamic_shared_memory),
                                    SALTUS_BUG(tile_indices_swapped),
                                    SALTUS_BUG(index_overflows_an_int),
                                    SALTUS_BUG(padding_on_the_left_forgotten),
                                    SALTUS_BUG(used_after_it_was_freed),
                                    SALTUS_BUG(freed_twice),
                                    SALTUS_BUG(behind_a_local_array),
                                    SALTUS_BUG(host_memory_as_an_argument),
                                    SALTUS_BUG(host_table_in_an_argument),
                                    SALTUS_BUG(device_memory_read_by_the_host),
                                    SALTUS_BUG(misaligned_vector),
                                    SALTUS_BUG(misaligned_rows),
                                    SALTUS_BUG(misaligned_word),
                                    SALTUS_BUG(block_of_too_many_threads),
                                });

}  // namespace
}  // namespace saltus::test
