// Device memory and copies.
#include <cstdint>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/emulated/support.h"

namespace saltus::test {
namespace {

TEST(EmulatedMemory, IsAlignedAndNotANumber) {
  const DeviceArray<float> a(3);
  const DeviceArray<float> b(3);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(a.data()) % 256, 0);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(b.data()) % 256, 0);
  for (const float value : a.read()) EXPECT_NE(value, value);
}

TEST(EmulatedMemory, ChecksCopies) {
  const DeviceArray<int> device(4);
  std::vector<int> host(8, 1);
  const auto copy = [](void* target, const void* source, std::size_t bytes, cudaMemcpyKind kind) {
    const cudaError_t error = cudaMemcpyAsync(target, source, bytes, kind, stream());
    cudaGetLastError();
    return error;
  };
  EXPECT_EQ(copy(device.data(), host.data(), 16, cudaMemcpyHostToDevice), cudaSuccess);
  EXPECT_EQ(copy(device.data() + 2, device.data(), 8, cudaMemcpyDefault), cudaSuccess);
  EXPECT_EQ(copy(device.data(), host.data(), 20, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  EXPECT_EQ(copy(host.data(), device.data(), 16, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  EXPECT_EQ(copy(host.data(), device.data() + 1, 16, cudaMemcpyDeviceToHost),
            cudaErrorInvalidValue);
  EXPECT_EQ(copy(nullptr, host.data(), 4, cudaMemcpyDefault), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemcpyAsync(device.data(), host.data(), 4, cudaMemcpyHostToDevice, nullptr),
            cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaMemsetAsync(device.data(), 0, 17, stream()), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemsetAsync(device.data(), 0, 8, stream()), cudaSuccess);
  EXPECT_THAT(device.read(), testing::ElementsAre(0, 0, 1, 1));
  cudaGetLastError();
}

TEST(EmulatedMemory, KnowsWhatWasNotFreed) {
  const std::size_t before = emulation::leaks().size();
  int* leaked = nullptr;
  ASSERT_EQ(cudaMalloc(&leaked, 20), cudaSuccess);
  ASSERT_EQ(emulation::leaks().size(), before + 1);
  EXPECT_THAT(emulation::leaks(), testing::Contains(testing::HasSubstr("of 20 bytes")));
  EXPECT_EQ(cudaFree(leaked), cudaSuccess);
  EXPECT_EQ(emulation::leaks().size(), before);
  EXPECT_EQ(cudaFree(leaked), cudaErrorInvalidValue) << "freed already";
  EXPECT_EQ(cudaFree(nullptr), cudaSuccess);
  cudaGetLastError();
}

}  // namespace
}  // namespace saltus::test
