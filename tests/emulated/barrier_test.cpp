// Barriers, and threads that do not come to them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/emulated/support.h"

namespace saltus::test {
namespace {

using testing::HasSubstr;

// NOLINTBEGIN(bugprone-branch-clone)

__global__ void rotate(int rounds, int* out) {
  SALTUS_SHARED(int, cells, [96]);
  const int thread = static_cast<int>(threadIdx.x);
  int sum = 0;
  for (int round = 0; round < rounds; ++round) {
    cells[thread] = thread + round;
    __syncthreads();
    sum += cells[(thread + 1) % 96];
    __syncthreads();
  }
  out[blockIdx.x * 96 + threadIdx.x] = sum;
}

TEST(EmulatedBarrier, OrdersSharedMemoryInEveryOrder) {
  constexpr int kRounds = 5;
  for (const auto order : kOrders) {
    const WithOrder with(order);
    const DeviceArray<int> out(2 * 96);
    ASSERT_EQ(fault_of<rotate>(dim3(2), dim3(96), 0, kRounds, out.data()), "");
    const auto got = out.read();
    for (int i = 0; i < 2 * 96; ++i)
      EXPECT_EQ(got[static_cast<std::size_t>(i)], kRounds * ((i + 1) % 96) + 10);
  }
}

__global__ void votes(int* out) {
  const int even = threadIdx.x % 2 == 0 ? 1 : 0;
  const int count = __syncthreads_count(even);
  const int any = __syncthreads_or(threadIdx.x == 3 ? 1 : 0);
  const int none = __syncthreads_or(0);
  const int all = __syncthreads_and(1);
  const int most = __syncthreads_and(threadIdx.x == 3 ? 0 : 1);
  out[threadIdx.x] = count * 10000 + any * 1000 + none * 100 + all * 10 + most;
}

TEST(EmulatedBarrier, Votes) {
  const DeviceArray<int> out(40);
  ASSERT_EQ(fault_of<votes>(dim3(1), dim3(40), 0, out.data()), "");
  EXPECT_THAT(out.read(), testing::Each(20 * 10000 + 1000 + 10));
}

constexpr int kLineOfSome = __LINE__ + 2;
__global__ void some_wait() {
  if (threadIdx.x < 32) __syncthreads();
}

TEST(EmulatedBarrier, SaysWhoWaitsForThreadsThatExited) {
  for (const auto order : kOrders) {
    const WithOrder with(order);
    EXPECT_THAT(fault_of<some_wait>(dim3(1), dim3(64), 0),
                HasSubstr("32 thread(s) exited; 32 wait in __syncthreads at " +
                          line(__FILE__, kLineOfSome) + " (first: thread 0)"));
  }
}

constexpr int kLineOfBranches = __LINE__ + 3;
__global__ void two_barriers() {
  if (threadIdx.x % 2 == 0)
    __syncthreads();
  else
    __syncthreads();
}

TEST(EmulatedBarrier, TellsTwoBarriersApart) {
  const std::string fault = fault_of<two_barriers>(dim3(1), dim3(32), 0);
  EXPECT_THAT(fault, HasSubstr("kernel saltus::test::{anonymous}::two_barriers, block 0,0,0"));
  EXPECT_THAT(fault, HasSubstr("comes to __syncthreads at " + line(__FILE__, kLineOfBranches + 2)));
  EXPECT_THAT(fault,
              HasSubstr("1 thread(s) wait in __syncthreads at " + line(__FILE__, kLineOfBranches)));
}

__global__ void one_more_round() {
  const int rounds = threadIdx.x == 7 ? 2 : 1;
  for (int i = 0; i < rounds; ++i) __syncthreads();
}

TEST(EmulatedBarrier, ReportsUnequalTripCounts) {
  EXPECT_THAT(fault_of<one_more_round>(dim3(1), dim3(32), 0),
              HasSubstr("31 thread(s) exited; 1 wait in __syncthreads at"));
}

__global__ void barrier_and_warp() {
  if (threadIdx.x < 32)
    __syncwarp();
  else
    __syncthreads();
}

TEST(EmulatedBarrier, CountsExitedLanesApartFromWaitingOnes) {
  EXPECT_THAT(fault_of<barrier_and_warp>(dim3(1), dim3(64), 0),
              HasSubstr("32 thread(s) exited; 32 wait in __syncthreads at"));
}

__global__ void all_wait() {
  __syncthreads();
}

TEST(EmulatedBarrier, WorksAgainAfterAFault) {
  for (int i = 0; i < 40; ++i)  // 40 * 32 threads that stop: more than there are stacks
    EXPECT_NE(fault_of<some_wait>(dim3(1), dim3(64), 0), "");
  EXPECT_EQ(fault_of<all_wait>(dim3(1), dim3(1024), 0), "");
  const DeviceArray<int> out(96);
  EXPECT_EQ(fault_of<rotate>(dim3(1), dim3(96), 0, 1, out.data()), "");
}

// NOLINTEND(bugprone-branch-clone)

}  // namespace
}  // namespace saltus::test
