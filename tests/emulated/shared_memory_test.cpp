// Shared memory of a block, and cp.async into it.
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/emulated/support.h"

namespace saltus::test {
namespace {

using testing::HasSubstr;

template <int size>
__global__ void fresh(float* out) {
  SALTUS_SHARED(float, cells, [size]);
  SALTUS_SHARED(float, others, [size]);
  if (threadIdx.x == 0) {
    out[blockIdx.x * 3 + 0] = cells[size - 1];
    cells[size - 1] = 1;
    others[size - 1] = 2;
    out[blockIdx.x * 3 + 1] = cells[size - 1];
    out[blockIdx.x * 3 + 2] = others[size - 1];
  }
}

TEST(EmulatedSharedMemory, IsNotANumberForEachBlockAndVariablesAreApart) {
  const DeviceArray<float> out(6);
  ASSERT_EQ(fault_of<fresh<33>>(dim3(2), dim3(32), 0, out.data()), "");
  const auto got = out.read();
  for (const std::size_t block : {0U, 1U}) {
    EXPECT_TRUE(std::isnan(got[block * 3]));
    EXPECT_EQ(got[block * 3 + 1], 1);
    EXPECT_EQ(got[block * 3 + 2], 2);
  }
}

__global__ void dynamic(int* out) {
  SALTUS_DYNAMIC_SHARED(int, cells);
  emulation::check_aligned(cells, 128);
  cells[threadIdx.x] = static_cast<int>(threadIdx.x);
  __syncthreads();
  out[threadIdx.x] = cells[63 - threadIdx.x];
}

TEST(EmulatedSharedMemory, DynamicIsAlignedAndShared) {
  const DeviceArray<int> out(64);
  ASSERT_EQ(fault_of<dynamic>(dim3(1), dim3(64), 64 * sizeof(int), out.data()), "");
  EXPECT_EQ(out.read()[0], 63);
}

TEST(EmulatedSharedMemory, MayBeAsLargeAsTheSmallestTarget) {
  const DeviceArray<int> out(64);
  EXPECT_EQ(fault_of<dynamic>(dim3(1), dim3(64), 99 * 1024, out.data()), "");
  EXPECT_THAT(fault_of<dynamic>(dim3(1), dim3(64), 99 * 1024 + 1, out.data()),
              HasSubstr("cudaErrorInvalidValue"));
}

TEST(EmulatedSharedMemory, MayBeLargerOnOtherArchitectures) {
  const DeviceArray<int> out(64);
  for (const auto& [architecture, kib] : {std::pair(80, 163), {89, 99}, {90, 227}}) {
    emulation::set_platform({.compute_capability = architecture});
    const auto bytes = static_cast<std::size_t>(kib) * 1024;
    EXPECT_EQ(fault_of<dynamic>(dim3(1), dim3(64), bytes, out.data()), "") << architecture;
    EXPECT_THAT(fault_of<dynamic>(dim3(1), dim3(64), bytes + 1, out.data()),
                HasSubstr("cudaErrorInvalidValue"))
        << architecture;
  }
  emulation::set_platform({});
}

__global__ void needs_opting_in() {}

TEST(EmulatedSharedMemory, NeedsOptingInAbove48KiB) {
  emulation::register_kernel<needs_opting_in>();
  const auto launch = [](std::size_t bytes) {
    return emulation::enqueue_kernel(reinterpret_cast<const void*>(&needs_opting_in), dim3(1),
                                     dim3(32), bytes, stream(), [] { needs_opting_in(); });
  };
  EXPECT_EQ(launch(48 * 1024), cudaSuccess);
  EXPECT_EQ(launch(48 * 1024 + 1), cudaErrorInvalidValue);
  EXPECT_EQ(
      cudaFuncSetAttribute(needs_opting_in, cudaFuncAttributeMaxDynamicSharedMemorySize, 60 * 1024),
      cudaSuccess);
  EXPECT_EQ(launch(60 * 1024), cudaSuccess);
  EXPECT_EQ(launch(60 * 1024 + 1), cudaErrorInvalidValue);
  cudaGetLastError();
}

__global__ void static_and_dynamic(int* out) {
  SALTUS_SHARED(int, cells, [1024]);
  SALTUS_DYNAMIC_SHARED(int, more);
  cells[threadIdx.x] = 1;
  more[threadIdx.x] = 1;
  out[threadIdx.x] = 1;
}

TEST(EmulatedSharedMemory, CountsStaticAndDynamicTogether) {
  const DeviceArray<int> out(32);
  EXPECT_EQ(fault_of<static_and_dynamic>(dim3(1), dim3(32), 44 * 1024, out.data()), "");
  EXPECT_THAT(
      fault_of<static_and_dynamic>(dim3(1), dim3(32), 44 * 1024 + 4, out.data()),
      HasSubstr("declares 4096 bytes of shared memory beyond 45060; the launch may use 49152"));
}

// cp.async

__global__ void staged(const float* x, int source_bytes, float* out) {
  SALTUS_SHARED(float4, cells, [64]);
  const unsigned thread = threadIdx.x;
  emulation::async_copy(&cells[thread], x + 4 * thread, 16, 16);
  emulation::async_commit();
  emulation::async_copy(&cells[thread + 32], x + 4 * (thread + 32), 16, source_bytes);
  emulation::async_commit();
  emulation::async_wait(1);
  __syncwarp();
  out[thread] = cells[31 - thread].w;
  emulation::async_wait(0);
  __syncwarp();
  out[thread + 32] = cells[63 - thread].w;
}

TEST(EmulatedAsyncCopy, ArrivesWhenWaitedFor) {
  std::vector<float> x(256);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i);
  const DeviceArray<float> device_x(x);
  const DeviceArray<float> out(64);
  ASSERT_EQ(fault_of<staged>(dim3(1), dim3(32), 0, device_x.data(), 16, out.data()), "");
  EXPECT_EQ(out.read()[0], 31 * 4 + 3);
  EXPECT_EQ(out.read()[32], 63 * 4 + 3);
  ASSERT_EQ(fault_of<staged>(dim3(1), dim3(32), 0, device_x.data(), 8, out.data()), "");
  EXPECT_EQ(out.read()[32], 0) << "the rest is zeros";
}

__global__ void copy_one(const float* x, int offset, int bytes, int source_bytes, bool wait) {
  SALTUS_SHARED(float4, cells, [2]);
  emulation::async_copy(reinterpret_cast<float*>(cells) + offset, x, bytes, source_bytes);
  emulation::async_commit();
  if (wait) emulation::async_wait(0);
}

TEST(EmulatedAsyncCopy, ReportsItsMisuse) {
  const DeviceArray<float> x(std::vector<float>(8, 1.0f));
  const auto fault = [](const float* source, int offset, int bytes, int source_bytes, bool wait) {
    return fault_of<copy_one>(dim3(1), dim3(1), 0, source, offset, bytes, source_bytes, wait);
  };
  EXPECT_EQ(fault(x.data(), 4, 16, 16, true), "");
  EXPECT_EQ(fault(nullptr, 4, 16, 0, true), "") << "nothing is read";
  EXPECT_THAT(fault(x.data(), 0, 16, 16, false), HasSubstr("exits with cp.async of"));
  EXPECT_THAT(fault(x.data() + 1, 0, 16, 16, true), HasSubstr("not aligned to 16 bytes"));
  EXPECT_THAT(fault(x.data(), 1, 8, 8, true), HasSubstr("not aligned to 8 bytes"));
  EXPECT_THAT(fault(x.data(), 8, 16, 16, true), HasSubstr("target is outside of shared memory"));
  EXPECT_THAT(fault(x.data() + 8, 0, 16, 16, true),
              HasSubstr("source is outside of device memory"));
  EXPECT_THAT(fault(x.data(), 0, 12, 12, true), HasSubstr("of 12 bytes"));
  EXPECT_THAT(fault(x.data(), 0, 8, 16, true), HasSubstr("16 from its source"));
}

__global__ void read_too_soon(const float* x, float* out) {
  SALTUS_SHARED(float4, cells, [32][2]);
  float4* mine = cells[threadIdx.x];
  mine[1].x = 5;
  for (int i = 0; i < 2; ++i) {
    emulation::async_copy(&mine[i], x, 16, 16);
    emulation::async_commit();
  }
  emulation::async_wait(1);
  out[threadIdx.x] = mine[1].x;
  emulation::async_wait(0);
}

#if defined(__SANITIZE_ADDRESS__)

TEST(EmulatedSharedMemoryDeathTest, TrapsAccessOutsideOfVariables) {
  const DeviceArray<int> out(64);
  EXPECT_DEATH(fault_of<dynamic>(dim3(1), dim3(64), 63 * sizeof(int), out.data()),
               "use-after-poison.*emulated CUDA: kernel .*dynamic, block 0,0,0, thread 63,0,0");
}

TEST(EmulatedAsyncCopyDeathTest, TrapsAccessBeforeTheWait) {
  const DeviceArray<float> x(std::vector<float>(4, 1.0f));
  const DeviceArray<float> out(32);
  EXPECT_DEATH(fault_of<read_too_soon>(dim3(1), dim3(32), 0, x.data(), out.data()),
               "use-after-poison");
}

#else

TEST(EmulatedAsyncCopy, IsNotANumberBeforeTheWait) {
  const DeviceArray<float> x(std::vector<float>(4, 1.0f));
  const DeviceArray<float> out(32);
  ASSERT_EQ(fault_of<read_too_soon>(dim3(1), dim3(32), 0, x.data(), out.data()), "");
  EXPECT_TRUE(std::isnan(out.read()[0]));
}

#endif

}  // namespace
}  // namespace saltus::test
