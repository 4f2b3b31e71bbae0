// Calls that fail when a test wants them to, and machines without a device.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/emulated/work.h"

namespace saltus::test {
namespace {

/// Seven calls, two of which give back.
void some_calls() {
  const OwnStream own;
  const DeviceArray<int> device(1);
  SALTUS_CHECK(cudaMemsetAsync(device.data(), 0, sizeof(int), own));
  add(own, device.data(), 1);
  SALTUS_CHECK(cudaStreamSynchronize(own));
}

TEST(EmulatedFailure, CountsCalls) {
  emulation::reset_calls();
  some_calls();
  EXPECT_THAT(emulation::calls(),
              testing::UnorderedElementsAre(
                  testing::Pair("cudaStreamCreateWithFlags", 1), testing::Pair("cudaMalloc", 1),
                  testing::Pair("cudaMemsetAsync", 1), testing::Pair("cudaLaunchKernel", 1),
                  testing::Pair("cudaStreamSynchronize", 1), testing::Pair("cudaFree", 1),
                  testing::Pair("cudaStreamDestroy", 1)));
}

TEST(EmulatedFailure, FailsTheCallAskedFor) {
  for (std::uint64_t number = 1; number <= 8; ++number) {
    emulation::fail_call(number, cudaErrorMemoryAllocation);
    std::string message = "none";
    try {
      some_calls();
    } catch (const kernels::CudaError& error) {
      message = error.what();
      EXPECT_EQ(error.code(), cudaErrorMemoryAllocation);
    }
    const std::string names[] = {"cudaStreamCreateWithFlags", "cudaMalloc", "cudaMemsetAsync",
                                 "enqueue_kernel", "cudaStreamSynchronize"};
    if (number <= 5)
      EXPECT_THAT(message, testing::HasSubstr(names[number - 1]));
    else
      EXPECT_EQ(message, "none") << "destructors ignore errors; the eighth call is none";
    emulation::fail_call(0, cudaSuccess);
    EXPECT_TRUE(emulation::leaks().empty()) << "what is given back is given back";
    cudaGetLastError();
  }
}

TEST(EmulatedFailure, RunsOutOfMemory) {
  std::size_t free = 0;
  std::size_t total = 0;
  emulation::set_capacity(1024);
  int* most = nullptr;
  int* more = nullptr;
  EXPECT_EQ(cudaMalloc(&more, 1025), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaMalloc(&most, 513), cudaSuccess) << "768 with alignment";
  EXPECT_EQ(cudaMemGetInfo(&free, &total), cudaSuccess);
  EXPECT_EQ(free, 256U);
  EXPECT_EQ(total, 1024U);
  EXPECT_EQ(cudaMalloc(&more, 257), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaGetLastError(), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess) << "it does not stay";
  EXPECT_EQ(cudaMalloc(&more, 256), cudaSuccess);
  cudaFree(most);
  cudaFree(more);
  emulation::set_capacity(std::size_t{4} << 30);
}

TEST(EmulatedFailure, KnowsMachinesWithoutADevice) {
  int value = -1;
  void* memory = nullptr;
  emulation::set_platform({.driver_version = 0});
  EXPECT_EQ(cudaGetDeviceCount(&value), cudaErrorInsufficientDriver);
  EXPECT_EQ(cudaMalloc(&memory, 4), cudaErrorInsufficientDriver);
  EXPECT_EQ(cudaDriverGetVersion(&value), cudaSuccess);
  EXPECT_EQ(value, 0);
  emulation::set_platform({.driver_version = 12040});
  EXPECT_EQ(cudaGetDeviceCount(&value), cudaErrorInsufficientDriver);
  EXPECT_EQ(cudaDriverGetVersion(&value), cudaSuccess);
  EXPECT_EQ(value, 12040);
  emulation::set_platform({.devices = 0});
  EXPECT_EQ(cudaGetDeviceCount(&value), cudaErrorNoDevice);
  emulation::set_platform({});
  EXPECT_EQ(cudaGetDeviceCount(&value), cudaSuccess);
  EXPECT_EQ(value, 1);
  cudaGetLastError();
}

TEST(EmulatedFailure, DescribesTheDevice) {
  cudaDeviceProp properties{};
  int value = 0;
  EXPECT_EQ(cudaGetDeviceProperties(&properties, 0), cudaSuccess);
  EXPECT_EQ(cudaGetDeviceProperties(&properties, 1), cudaErrorInvalidDevice);
  EXPECT_EQ(cudaDeviceGetAttribute(&value, cudaDevAttrMaxSharedMemoryPerBlockOptin, 0),
            cudaSuccess);
  EXPECT_EQ(value, 99 * 1024);
  EXPECT_EQ(properties.sharedMemPerBlockOptin, 99U * 1024);
  EXPECT_EQ(cudaSetDevice(0), cudaSuccess);
  EXPECT_EQ(cudaSetDevice(1), cudaErrorInvalidDevice);
  EXPECT_EQ(cudaGetDevice(&value), cudaSuccess);
  EXPECT_EQ(value, 0);
  EXPECT_EQ(cudaRuntimeGetVersion(&value), cudaSuccess);
  EXPECT_EQ(value, 13000);
  cudaFuncAttributes attributes{};
  EXPECT_EQ(cudaFuncGetAttributes(&attributes, add_kernel), cudaSuccess);
  EXPECT_EQ(attributes.maxThreadsPerBlock, 1024);
  EXPECT_EQ(cudaFuncGetAttributes(&attributes, "no kernel"), cudaErrorInvalidDeviceFunction);
  EXPECT_STREQ(cudaGetErrorName(cudaErrorMisalignedAddress), "cudaErrorMisalignedAddress");
  EXPECT_STREQ(cudaGetErrorString(cudaErrorMisalignedAddress), "misaligned address");
  cudaGetLastError();
}

TEST(EmulatedFailure, ListsPinnedMemoryThatWasNotFreed) {
  int* memory = nullptr;
  ASSERT_EQ(cudaMallocHost(&memory, 12), cudaSuccess);
  EXPECT_THAT(emulation::leaks(), testing::ElementsAre("pinned memory of 12 bytes"));
  EXPECT_EQ(*memory, -1);
  EXPECT_EQ(cudaFreeHost(memory), cudaSuccess);
  EXPECT_EQ(cudaFreeHost(memory), cudaErrorInvalidValue);
  EXPECT_TRUE(emulation::leaks().empty());
  cudaGetLastError();
}

}  // namespace
}  // namespace saltus::test
