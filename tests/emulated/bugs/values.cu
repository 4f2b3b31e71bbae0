// Kernels that touch only what they may and compute the wrong thing, and hosts that do not wait.
#include <cmath>

#include <saltus/kernels/bfloat16.h>

#include "tests/emulated/bugs/bug.h"

namespace saltus::test {
namespace {

constexpr int kThreads = 64;

/// The derivative of 1 / (1 + x x), whose sign is easily lost.
template <bool broken>
__global__ void derivative_kernel(const float* x, float* slope) {
  const float s = 1 / (1 + x[thread()] * x[thread()]);
  slope[thread()] = broken ? 2 * x[thread()] * s * s : -2 * x[thread()] * s * s;
}
template <bool broken>
bool sign_of_a_derivative() {
  const Floats x(counted<float>(kThreads));
  const Floats slope(kThreads);
  run<derivative_kernel<broken>>(1, kThreads, x.data(), slope.data());
  return holds(slope, [](int i) {
    const auto value = static_cast<float>(i);
    const float s = 1 / (1 + value * value);
    return -2 * value * s * s;
  });
}

/// A matrix of 8 x 6 inside of rows of 8.
template <bool broken>
__global__ void pitch_kernel(const int* x, int* y) {
  const int row = thread() / 6;
  const int column = thread() % 6;
  y[thread()] = x[row * (broken ? 6 : 8) + column];
}
template <bool broken>
bool width_for_pitch() {
  const Ints x(counted<int>(64));
  const Ints y(48);
  run<pitch_kernel<broken>>(1, 48, x.data(), y.data());
  return holds(y, [](int i) { return i / 6 * 8 + i % 6; });
}

template <bool broken>
__global__ void layout_kernel(const int* x, int channels, int pixels, int* y) {
  const int pixel = thread() / channels;
  const int channel = thread() % channels;
  y[thread()] = x[broken ? channel * pixels + pixel : pixel * channels + channel];
}
template <bool broken>
bool channels_last_taken_for_first() {
  const Ints x(counted<int>(kThreads));
  const Ints y(kThreads);
  run<layout_kernel<broken>>(1, kThreads, x.data(), 4, 16, y.data());
  return holds(y, [](int i) { return i; });
}

/// A filter that is not turned round in the backward pass.
template <bool broken>
__global__ void filter_kernel(const int* x, const int* filter, int* y) {
  int sum = 0;
  for (int i = 0; i < 3; ++i) {
    const int from = thread() + i - 1;
    if (from >= 0 && from < kThreads) sum += x[from] * filter[broken ? i : 2 - i];
  }
  y[thread()] = sum;
}
template <bool broken>
bool filter_not_turned_round() {
  const Ints x(counted<int>(kThreads));
  const Ints filter(std::vector<int>{1, 0, 0});
  const Ints y(kThreads);
  run<filter_kernel<broken>>(1, kThreads, x.data(), filter.data(), y.data());
  return holds(y, [](int i) { return i + 1 < kThreads ? i + 1 : 0; });
}

/// Sums a long row in chunks and loses what does not fill one.
template <bool broken>
__global__ void chunks_kernel(const int* x, int count, int* out) {
  constexpr int kChunk = 8;
  const int chunks = broken ? count / kChunk : (count + kChunk - 1) / kChunk;
  int sum = 0;
  for (int i = 0; i < chunks * kChunk && i < count; ++i) sum += x[i];
  *out = sum;
}
template <bool broken>
bool last_chunk_lost() {
  const Ints x(std::vector<int>(61, 1));
  const Ints out(1);
  run<chunks_kernel<broken>>(1, 1, x.data(), 61, out.data());
  return holds(out, [](int) { return 61; });
}

/// A grid that is rounded down.
template <bool broken>
__global__ void cover_kernel(int count, int* out) {
  if (everywhere() < count) out[everywhere()] = 1;
}
template <bool broken>
bool grid_rounded_down() {
  const Ints out(std::vector<int>(100, 0));
  run<cover_kernel<broken>>(broken ? 100 / 32 : (100 + 31) / 32, 32, 100, out.data());
  return holds(out, [](int) { return 1; });
}

/// The mean over the rows that a buffer has room for.
template <bool broken>
__global__ void mean_kernel(const float* x, int rows, int max_rows, float* out) {
  float sum = 0;
  for (int row = 0; row < rows; ++row) sum += x[row];
  *out = sum / static_cast<float>(broken ? max_rows : rows);
}
template <bool broken>
bool mean_over_max_rows() {
  const Floats x(std::vector<float>(kThreads, 3.0f));
  const Floats out(1);
  run<mean_kernel<broken>>(1, 1, x.data(), 40, kThreads, out.data());
  return holds(out, [](int) { return 3; });
}

/// A sum that is rounded to bf16 after every step: it stays at 256.
template <bool broken>
__global__ void bf16_sum_kernel(float* out) {
  float sum = 0;
  for (int i = 0; i < 1000; ++i) {
    sum += 1;
    if (broken) sum = kernels::to_float(kernels::to_bf16(sum));
  }
  *out = sum;
}
template <bool broken>
bool sum_kept_in_bf16() {
  const Floats out(1);
  run<bf16_sum_kernel<broken>>(1, 1, out.data());
  return holds(out, [](int) { return 1000; });
}

/// Two parts of a sum, each of which adds the bias.
template <bool broken>
__global__ void bias_kernel(const float* bias, float* out) {
  float sum = 0;
  for (int part = 0; part < 2; ++part) sum += 1 + (broken || part == 0 ? bias[0] : 0);
  *out = sum;
}
template <bool broken>
bool bias_added_by_every_part() {
  const Floats bias(std::vector<float>{5});
  const Floats out(1);
  run<bias_kernel<broken>>(1, 1, bias.data(), out.data());
  return holds(out, [](int) { return 7; });
}

/// Powers of large logits overflow where the largest is not taken off first.
template <bool broken>
__global__ void shares_kernel(const float* x, float* out) {
  float most = x[0];
  for (int i = 1; i < 4; ++i) most = x[i] > most ? x[i] : most;
  const float shift = broken ? 0 : most;
  float sum = 0;
  for (int i = 0; i < 4; ++i) sum += __builtin_ldexpf(1, static_cast<int>(x[i] - shift));
  out[thread()] = __builtin_ldexpf(1, static_cast<int>(x[thread()] - shift)) / sum;
}
template <bool broken>
bool shares_without_taking_off_the_largest() {
  const Floats x(std::vector<float>(4, 200.0f));
  const Floats out(4);
  run<shares_kernel<broken>>(1, 4, x.data(), out.data());
  return holds(out, [](int) { return 0.25f; });
}

/// A maximum that starts from zero, where all values are below.
template <bool broken>
__global__ void maximum_kernel(const float* x, float* out) {
  float most = broken ? 0 : x[0];
  for (int i = 0; i < kThreads; ++i) most = x[i] > most ? x[i] : most;
  *out = most;
}
template <bool broken>
bool maximum_that_starts_from_zero() {
  const Floats x(std::vector<float>(kThreads, -2.0f));
  const Floats out(1);
  run<maximum_kernel<broken>>(1, 1, x.data(), out.data());
  return holds(out, [](int) { return -2; });
}

/// NaN must stay visible: a comparison drops it.
template <bool broken>
__global__ void relu_kernel(const float* x, float* y) {
  const float value = x[thread()];
  y[thread()] = broken ? (value > 0 ? value : 0) : (value <= 0 ? 0 : value);
}
template <bool broken>
bool relu_that_swallows_nan() {
  const Floats x(std::vector<float>(kThreads, NAN));
  const Floats y(kThreads);
  run<relu_kernel<broken>>(1, kThreads, x.data(), y.data());
  return std::isnan(y.read()[0]);
}

/// A ring of the last four losses.
template <bool broken>
__global__ void ring_kernel(const int* losses, int* ring) {
  for (int step = 0; step < 6; ++step) ring[(step + (broken ? 1 : 0)) % 4] = losses[step];
}
template <bool broken>
bool ring_off_by_one() {
  const Ints losses(counted<int>(6));
  const Ints ring(std::vector<int>(4, -1));
  run<ring_kernel<broken>>(1, 1, losses.data(), ring.data());
  return holds(ring, [](int i) { return i < 2 ? i + 4 : i; });
}

/// The number of rows belongs to the batch; read after the next batch was set up, it is another's.
__global__ void next_batch_kernel(int* rows) {
  *rows = 16;
}
__global__ void clear_behind_kernel(const int* rows, int* y) {
  if (thread() >= *rows) y[thread()] = 0;
}
template <bool broken>
bool number_of_rows_read_too_late() {
  const Ints rows(std::vector<int>{40});
  const Ints y(std::vector<int>(kThreads, 1));
  if (broken) run<next_batch_kernel>(1, 1, rows.data());
  run<clear_behind_kernel>(1, kThreads, rows.data(), y.data());
  if (!broken) run<next_batch_kernel>(1, 1, rows.data());
  return holds(y, [](int i) { return i < 40 ? 1 : 0; });
}

template <bool broken>
__global__ void fill_kernel(int value, int* out) {
  out[thread()] = value;
}
template <bool broken>
bool host_reads_before_the_stream_is_done() {
  const Ints out(std::vector<int>(kThreads, 0));
  std::vector<int> got(kThreads, 0);
  kernels::launch<fill_kernel<broken>>(1, dim3(kThreads), 0, stream(), 7, out.data());
  SALTUS_CHECK(cudaMemcpyAsync(got.data(), out.data(), kThreads * sizeof(int),
                               cudaMemcpyDeviceToHost, stream()));
  if (!broken) SALTUS_CHECK(cudaStreamSynchronize(stream()));
  const bool right = holds(got, [](int) { return 7; });
  SALTUS_CHECK(cudaStreamSynchronize(stream()));
  return right;
}

template <bool broken>
bool host_reuses_a_buffer_under_a_copy() {
  const Ints x(kThreads);
  std::vector<int> buffer(kThreads, 7);
  SALTUS_CHECK(cudaMemcpyAsync(x.data(), buffer.data(), kThreads * sizeof(int),
                               cudaMemcpyHostToDevice, stream()));
  if (!broken) SALTUS_CHECK(cudaStreamSynchronize(stream()));
  buffer.assign(kThreads, 8);
  return holds(x, [](int) { return 7; });
}

/// Work of one stream that uses what another one makes, and no event between them.
__global__ void double_kernel(const int* x, int* y) {
  y[thread()] = 2 * x[thread()];
}
template <bool broken>
bool no_event_between_streams() {
  const Ints x(std::vector<int>(kThreads, 0));
  const Ints y(std::vector<int>(kThreads, 0));
  cudaStream_t other = nullptr;
  cudaEvent_t made = nullptr;
  SALTUS_CHECK(cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking));
  SALTUS_CHECK(cudaEventCreateWithFlags(&made, cudaEventDisableTiming));
  kernels::launch<fill_kernel<broken>>(1, dim3(kThreads), 0, other, 7, x.data());
  SALTUS_CHECK(cudaEventRecord(made, other));
  if (!broken) SALTUS_CHECK(cudaStreamWaitEvent(stream(), made, 0));
  run<double_kernel>(1, kThreads, x.data(), y.data());
  const bool right = holds(y, [](int) { return 14; });
  SALTUS_CHECK(cudaEventDestroy(made));
  SALTUS_CHECK(cudaStreamDestroy(other));
  return right;
}

/// A product of ints that no longer fits.
template <bool broken>
__global__ void product_kernel(int value, float* out) {
  *out = broken ? static_cast<float>(value * value)
                : static_cast<float>(value) * static_cast<float>(value);
}
template <bool broken>
bool product_of_ints_overflows() {
  const Floats out(1);
  run<product_kernel<broken>>(1, 1, 1 << 16, out.data());
  return holds(out, [](int) { return 4294967296.0f; });
}

const BugClass values("values", {
                                    SALTUS_BUG(sign_of_a_derivative),
                                    SALTUS_BUG(width_for_pitch),
                                    SALTUS_BUG(channels_last_taken_for_first),
                                    SALTUS_BUG(filter_not_turned_round),
                                    SALTUS_BUG(last_chunk_lost),
                                    SALTUS_BUG(grid_rounded_down),
                                    SALTUS_BUG(mean_over_max_rows),
                                    SALTUS_BUG(sum_kept_in_bf16),
                                    SALTUS_BUG(bias_added_by_every_part),
                                    SALTUS_BUG(shares_without_taking_off_the_largest),
                                    SALTUS_BUG(maximum_that_starts_from_zero),
                                    SALTUS_BUG(relu_that_swallows_nan),
                                    SALTUS_BUG(ring_off_by_one),
                                    SALTUS_BUG(product_of_ints_overflows),
                                    SALTUS_BUG(number_of_rows_read_too_late),
                                    SALTUS_BUG(host_reads_before_the_stream_is_done),
                                    SALTUS_BUG(host_reuses_a_buffer_under_a_copy),
                                    SALTUS_BUG(no_event_between_streams),
                                });

}  // namespace
}  // namespace saltus::test
