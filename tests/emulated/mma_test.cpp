// kernels/device/mma.h and async_copy.h, each by itself: what a warp computes and loads.
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/kernels/device/async_copy.h>
#include <saltus/kernels/device/mma.h>

#include "tests/emulated/support.h"

namespace saltus::test {
namespace {

using kernels::Place;

/// Integers from -8 to 7, all sums of which are exact.
float number(int i) {
  return static_cast<float>((i * 37 + 11) % 16 - 8);
}

std::vector<float> numbers(int count) {
  std::vector<float> all;
  for (int i = 0; i < count; ++i) all.push_back(number(i));
  return all;
}

__global__ void multiply_tf32_kernel(const float* a, const float* b, float* c) {
  const auto lane = static_cast<int>(threadIdx.x);
  std::uint32_t a_registers[4];
  std::uint32_t b_registers[2];
  float sums[4];
  for (int i = 0; i < 4; ++i) {
    const Place place = kernels::place_in_tf32_a(lane, i);
    a_registers[i] = kernels::bits_of(a[place.row * 8 + place.column]);
    const Place sum = kernels::place_in_c(lane, i);
    sums[i] = c[sum.row * 8 + sum.column];
  }
  for (int i = 0; i < 2; ++i) {
    const Place place = kernels::place_in_tf32_b(lane, i);
    b_registers[i] = kernels::bits_of(b[place.row * 8 + place.column]);
  }
  kernels::multiply_tf32(sums, a_registers, b_registers);
  for (int i = 0; i < 4; ++i) {
    const Place place = kernels::place_in_c(lane, i);
    c[place.row * 8 + place.column] = sums[i];
  }
}

__global__ void multiply_bf16_kernel(const float* a, const float* b, float* c) {
  const auto lane = static_cast<int>(threadIdx.x);
  std::uint32_t a_registers[4] = {};
  std::uint32_t b_registers[2] = {};
  float sums[4];
  const auto bits = [](float x, int half) {
    return std::uint32_t{kernels::to_bf16(x).bits} << (half * 16);
  };
  for (int i = 0; i < 8; ++i) {
    const Place place = kernels::place_in_bf16_a(lane, i);
    a_registers[i / 2] |= bits(a[place.row * 16 + place.column], i % 2);
  }
  for (int i = 0; i < 4; ++i) {
    const Place place = kernels::place_in_bf16_b(lane, i);
    b_registers[i / 2] |= bits(b[place.row * 8 + place.column], i % 2);
    const Place sum = kernels::place_in_c(lane, i);
    sums[i] = c[sum.row * 8 + sum.column];
  }
  kernels::multiply_bf16(sums, a_registers, b_registers);
  for (int i = 0; i < 4; ++i) {
    const Place place = kernels::place_in_c(lane, i);
    c[place.row * 8 + place.column] = sums[i];
  }
}

/// c + a b, of 16 x depth and depth x 8.
std::vector<float> product(const std::vector<float>& a, const std::vector<float>& b,
                           std::vector<float> c, std::size_t depth) {
  for (std::size_t m = 0; m < 16; ++m)
    for (std::size_t n = 0; n < 8; ++n)
      for (std::size_t k = 0; k < depth; ++k) c[m * 8 + n] += a[m * depth + k] * b[k * 8 + n];
  return c;
}

template <auto kernel>
void expect_product(int depth) {
  const std::vector<float> a = numbers(16 * depth);
  const std::vector<float> b = numbers(8 * depth + 5);
  const std::vector<float> c = numbers(16 * 8 + 9);
  for (const emulation::Order order : kOrders) {
    const WithOrder with(order);
    const DeviceArray<float> device_a(a);
    const DeviceArray<float> device_b(b);
    const DeviceArray<float> device_c(c);
    ASSERT_EQ(
        fault_of<kernel>(dim3(1), dim3(32), 0, device_a.data(), device_b.data(), device_c.data()),
        "");
    EXPECT_EQ(device_c.read(), product(a, b, c, static_cast<std::size_t>(depth)));
  }
}

TEST(Mma, MultipliesTf32) {
  expect_product<multiply_tf32_kernel>(8);
}

TEST(Mma, MultipliesBf16) {
  expect_product<multiply_bf16_kernel>(16);
}

/// Products of 2^-25 beside a one: what remains of each depends on the device.
TEST(Mma, AddsAsTheArchitectureDoes) {
  const std::vector<float> a(16 * 8, 0x1p-25f);
  const std::vector<float> b(8 * 8, 1.0f);
  for (const auto& [capability, sum] :
       {std::pair(80, 1.0f), std::pair(89, 1.0f), std::pair(90, 1 + 0x1p-22f),
        std::pair(100, 1 + 0x1p-22f)}) {
    emulation::set_platform({.compute_capability = capability});
    const DeviceArray<float> device_a(a);
    const DeviceArray<float> device_b(b);
    const DeviceArray<float> c(std::vector<float>(16 * 8, 1.0f));
    EXPECT_EQ(fault_of<multiply_tf32_kernel>(dim3(1), dim3(32), 0, device_a.data(), device_b.data(),
                                             c.data()),
              "");
    EXPECT_EQ(c.read(), std::vector<float>(16 * 8, sum)) << capability;
  }
  emulation::set_platform({});
}

TEST(Mma, RoundsToTf32WithTiesAwayFromZero) {
  constexpr std::uint32_t kIgnored = 0x1fffu;  // by a product
  const auto rounded = [](float x) {
    return kernels::float_of(kernels::round_to_tf32(kernels::bits_of(x)) & ~kIgnored);
  };
  EXPECT_EQ(rounded(1 + 0x1p-10f), 1 + 0x1p-10f);
  EXPECT_EQ(rounded(1 + 0x1p-11f), 1 + 0x1p-10f);
  EXPECT_EQ(rounded(-1 - 0x1p-11f), -1 - 0x1p-10f);
  EXPECT_EQ(rounded(1 + 0x1p-11f - 0x1p-23f), 1.0f);
  EXPECT_EQ(rounded(2 - 0x1p-23f), 2.0f);
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(rounded(-infinity), -infinity);
  EXPECT_EQ(kernels::round_to_tf32(0x7fffffffu), 0x7fffffffu);
  EXPECT_EQ(kernels::round_to_tf32(0xffc00000u), 0xffc00000u);
}

/// Copies 32 rows of 8 numbers of 16 bits to shared memory and loads them as four matrices.
template <bool transposed>
__global__ void load_kernel(const std::uint32_t* rows, std::uint32_t* loaded) {
  SALTUS_DYNAMIC_SHARED(std::uint32_t, tile);
  const std::uint32_t lane = threadIdx.x;
  kernels::copy_async(tile + lane * 4, rows + lane * 4);
  kernels::close_copies();
  kernels::wait_for_copies<0>();
  __syncthreads();
  const kernels::Fragment fragment = transposed ? kernels::load_matrices_transposed(tile + lane * 4)
                                                : kernels::load_matrices(tile + lane * 4);
  for (std::uint32_t i = 0; i < 4; ++i) loaded[lane * 4 + i] = fragment.registers[i];
}

/// Row * 8 + column of every number of every matrix.
std::uint32_t pair(Place first, Place second) {
  const auto value = [](Place place) {
    return static_cast<std::uint32_t>(place.row * 8 + place.column);
  };
  return value(first) | value(second) << 16;
}

template <bool transposed>
void expect_loaded() {
  std::vector<std::uint32_t> rows;
  for (int row = 0; row < 32; ++row)
    for (int column = 0; column < 8; column += 2)
      rows.push_back(pair({row, column}, {row, column + 1}));
  const auto place = transposed ? kernels::place_in_transposed_rows : kernels::place_in_rows;
  std::vector<std::uint32_t> want;
  for (int lane = 0; lane < 32; ++lane)
    for (int i = 0; i < 8; i += 2) want.push_back(pair(place(lane, i), place(lane, i + 1)));
  for (const emulation::Order order : kOrders) {
    const WithOrder with(order);
    const DeviceArray<std::uint32_t> device_rows(rows);
    const DeviceArray<std::uint32_t> loaded(want.size());
    ASSERT_EQ(fault_of<load_kernel<transposed>>(dim3(1), dim3(32), 512, device_rows.data(),
                                                loaded.data()),
              "");
    EXPECT_EQ(loaded.read(), want);
  }
}

TEST(Mma, LoadsMatrices) {
  expect_loaded<false>();
}

TEST(Mma, LoadsMatricesTransposed) {
  expect_loaded<true>();
}

__global__ void misaligned_kernel(float* out) {
  SALTUS_DYNAMIC_SHARED(float, tile);
  out[threadIdx.x] = kernels::float_of(kernels::load_matrices(tile + 2).registers[0]);
}

TEST(Mma, RefusesRowsThatAreNotAligned) {
  const DeviceArray<float> out(32);
  EXPECT_THAT(fault_of<misaligned_kernel>(dim3(1), dim3(32), 512, out.data()),
              testing::HasSubstr("is not aligned to 16 bytes"));
}

__global__ void copy_nothing_kernel(float* out) {
  SALTUS_DYNAMIC_SHARED(float, tile);
  kernels::copy_async(tile + threadIdx.x * 4, out, false);
  kernels::close_copies();
  kernels::wait_for_copies<0>();
  for (std::uint32_t i = 0; i < 4; ++i) out[threadIdx.x * 4 + i] = tile[threadIdx.x * 4 + i];
}

TEST(AsyncCopy, OfNothingIsZero) {
  const DeviceArray<float> out(128);
  ASSERT_EQ(fault_of<copy_nothing_kernel>(dim3(1), dim3(32), 512, out.data()), "");
  EXPECT_EQ(out.read(), std::vector<float>(128, 0.0f));
}

}  // namespace
}  // namespace saltus::test
