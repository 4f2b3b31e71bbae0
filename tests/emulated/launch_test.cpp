// Limits of launches, orders, and the list of kernels.
#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/emulated/support.h"

namespace saltus::test {
namespace {

using testing::HasSubstr;

__global__ void nothing() {}

TEST(EmulatedLaunch, KnowsTheLimits) {
  const auto fault = [](dim3 grid, dim3 block) { return fault_of<nothing>(grid, block, 0); };
  EXPECT_EQ(fault(dim3(1), dim3(1024)), "");
  EXPECT_EQ(fault(dim3(1), dim3(4, 4, 64)), "");
  EXPECT_EQ(fault(dim3(70000, 1, 1), dim3(1)), "");
  EXPECT_EQ(fault(dim3(1, 65535, 1), dim3(1)), "");
  EXPECT_EQ(fault(dim3(1, 1, 65535), dim3(1)), "");
  for (const auto& [grid, block] :
       {std::pair(dim3(1), dim3(1025)), std::pair(dim3(1), dim3(32, 33)),
        std::pair(dim3(1), dim3(1, 1, 65)), std::pair(dim3(1), dim3(0)),
        std::pair(dim3(1, 65536), dim3(1)), std::pair(dim3(1, 1, 65536), dim3(1))})
    EXPECT_THAT(fault(grid, block), HasSubstr("cudaErrorInvalidConfiguration"));
}

TEST(EmulatedLaunch, RefusesTheDefaultStream) {
  EXPECT_THROW(kernels::launch<nothing>(1, dim3(1), 0, nullptr), kernels::CudaError);
  cudaGetLastError();
}

__global__ void note_order(unsigned* next, unsigned* order) {
  order[atomicAdd(next, 1u)] = blockIdx.x * 32 + threadIdx.x;
}

std::vector<unsigned> order_with(emulation::Order order) {
  const WithOrder with(order);
  const DeviceArray<unsigned> next(std::vector<unsigned>(1, 0));
  const DeviceArray<unsigned> noted(4 * 32);
  EXPECT_EQ(fault_of<note_order>(dim3(4), dim3(32), 0, next.data(), noted.data()), "");
  return noted.read();
}

TEST(EmulatedLaunch, RunsBlocksAndThreadsInTheOrderAskedFor) {
  using Kind = emulation::Order::Kind;
  std::vector<unsigned> forward(4 * 32);
  for (unsigned i = 0; i < forward.size(); ++i) forward[i] = i;
  EXPECT_EQ(order_with({Kind::forward, 0}), forward);
  EXPECT_EQ(order_with({Kind::reverse, 0}), std::vector(forward.rbegin(), forward.rend()));
  auto shuffled = order_with({Kind::shuffle, 1});
  EXPECT_NE(shuffled, forward);
  EXPECT_NE(shuffled, order_with({Kind::shuffle, 2}));
  std::sort(shuffled.begin(), shuffled.end());
  EXPECT_EQ(shuffled, forward);
}

template <int number>
__global__ void registered() {}

void never_called() {
  kernels::launch<registered<1>>(1, dim3(1), 0, stream());
}

TEST(EmulatedLaunch, KnowsKernelsThatAreNeverLaunched) {
  static_cast<void>(&never_called);
  ASSERT_EQ(fault_of<registered<2>>(dim3(1), dim3(1), 0), "");
  const auto launches_of = [](const std::string& name) {
    for (const emulation::Kernel& kernel : emulation::kernels())
      if (kernel.name == name) return static_cast<int>(kernel.launches);
    return -1;
  };
  EXPECT_EQ(launches_of("saltus::test::{anonymous}::registered<1>"), 0);
  EXPECT_EQ(launches_of("saltus::test::{anonymous}::registered<2>"), 1);
  EXPECT_EQ(launches_of("saltus::test::{anonymous}::registered<3>"), -1);
}

__global__ void indices(unsigned* out) {
  const unsigned block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
  const unsigned thread = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
  out[block * blockDim.x * blockDim.y * blockDim.z + thread] += 1;
}

TEST(EmulatedLaunch, GivesEveryThreadItsIndex) {
  for (const auto order : kOrders) {
    const WithOrder with(order);
    const DeviceArray<unsigned> out(std::vector<unsigned>(2 * 3 * 4 * 5 * 6 * 7, 0));
    ASSERT_EQ(fault_of<indices>(dim3(2, 3, 4), dim3(5, 6, 7), 0, out.data()), "");
    EXPECT_THAT(out.read(), testing::Each(1));
  }
}

}  // namespace
}  // namespace saltus::test
