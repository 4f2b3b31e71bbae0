// What the checker says, and what it lets pass. The planted bugs in tests/emulated/bugs show what
// it finds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/emulated/support.h"

namespace saltus::test {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

constexpr int kFirstLine = __LINE__;
__global__ void neighbours(int* out, bool barrier) {
  SALTUS_SHARED(int, cells, [64]);
  cells[threadIdx.x] = 1;  // kFirstLine + 3
  if (barrier) __syncthreads();
  out[threadIdx.x] = cells[threadIdx.x == 0 ? 0 : threadIdx.x - 1];  // kFirstLine + 5
}

TEST(Checker, NamesBothSidesOfARace) {
  const DeviceArray<int> out(64);
  EXPECT_THAT(
      fault_of<neighbours>(dim3(1), dim3(64), 0, out.data(), false),
      EndsWith("neighbours, block 0,0,0, thread 1,0,0: reads 4 byte(s) of shared memory at " +
               line(__FILE__, kFirstLine + 5) +
               ": a race with thread 0,0,0 of block 0,0,0, which wrote it at " +
               line(__FILE__, kFirstLine + 3) + ", no barrier between"));
  const WithOrder reverse({emulation::Order::Kind::reverse, 0});
  EXPECT_THAT(fault_of<neighbours>(dim3(1), dim3(64), 0, out.data(), false),
              HasSubstr("nothing has written it"));
}

TEST(Checker, LetsThroughWhatABarrierOrders) {
  const DeviceArray<int> out(64);
  for (const emulation::Order order : kOrders) {
    const WithOrder with(order);
    EXPECT_EQ(fault_of<neighbours>(dim3(1), dim3(64), 0, out.data(), true), "");
  }
}

template <class T>
__global__ void exchange_in_warp(T* values, bool barrier) {
  const T mine = values[threadIdx.x];
  if (barrier) __syncwarp();
  values[threadIdx.x ^ 1] = mine;
}

TEST(Checker, KnowsTheOrderOfAWarpAndSmallCells) {
  const DeviceArray<int> ints(std::vector<int>(64, 1));
  const DeviceArray<unsigned char> bytes(std::vector<unsigned char>(64, 1));
  for (const emulation::Order order : kOrders) {
    const WithOrder with(order);
    EXPECT_EQ(fault_of<exchange_in_warp<int>>(dim3(1), dim3(64), 0, ints.data(), true), "");
    EXPECT_EQ(fault_of<exchange_in_warp<unsigned char>>(dim3(1), dim3(64), 0, bytes.data(), true),
              "");
    EXPECT_THAT(fault_of<exchange_in_warp<int>>(dim3(1), dim3(64), 0, ints.data(), false),
                HasSubstr("a race with thread"));
    EXPECT_THAT(
        fault_of<exchange_in_warp<unsigned char>>(dim3(1), dim3(64), 0, bytes.data(), false),
        HasSubstr("a race with thread"));
  }
}

__global__ void count(unsigned* counter, bool plain) {
  atomicAdd(counter, 1);
  if (plain && blockIdx.x == 1) *counter = 0;
}

TEST(Checker, LetsAtomicsMeetOnlyEachOther) {
  const DeviceArray<unsigned> counter(std::vector<unsigned>{0});
  EXPECT_EQ(fault_of<count>(dim3(4), dim3(64), 0, counter.data(), false), "");
  EXPECT_EQ(counter.read()[0], 256U);
  EXPECT_THAT(fault_of<count>(dim3(4), dim3(64), 0, counter.data(), true),
              HasSubstr("writes 4 byte(s) of global memory"));
}

__global__ void read_only(const int* data, int* out) {
  if (data[0] == 12345) *out = 1;
}

__global__ void read_and_write(int* data, int reader, int writer) {
  const auto i = static_cast<int>(threadIdx.x);
  if (i == reader || i == writer) data[1 + i] = data[0];
  if (i == writer) data[0] = 1;
}

TEST(Checker, RemembersReadersBeforeTheLastOne) {
  const DeviceArray<int> data(std::vector<int>(65, 0));
  const auto fault = [&](int reader, int writer) {
    return fault_of<read_and_write>(dim3(1), dim3(64), 0, data.data(), reader, writer);
  };
  EXPECT_EQ(fault(1, 1), "");
  EXPECT_THAT(fault(0, 1), HasSubstr("a race")) << "of the same warp";
  EXPECT_THAT(fault(0, 32), HasSubstr("a race")) << "of another warp";
}

__global__ void all_read_then_one(int* data) {
  data[1 + threadIdx.x] = data[0];
  __syncthreads();
  if (threadIdx.x == 1) data[0] += 1;
}

TEST(Checker, ForgetsReadersBehindABarrierAndALaunch) {
  const DeviceArray<int> data(std::vector<int>(65, 0));
  EXPECT_EQ(fault_of<all_read_then_one>(dim3(1), dim3(64), 0, data.data()), "");
  const DeviceArray<int> out(1);
  EXPECT_EQ(fault_of<read_only>(dim3(2), dim3(1), 0, data.data(), out.data()), "");
  EXPECT_EQ(fault_of<read_and_write>(dim3(1), dim3(1), 0, data.data(), 0, 0), "");
}

__global__ void write_then_count(int* counter) {
  if (threadIdx.x == 0) *counter = 0;
  atomicAdd(counter, 1);
}

TEST(Checker, RemembersAPlainWriteUnderAtomics) {
  const DeviceArray<int> counter(1);
  EXPECT_EQ(fault_of<write_then_count>(dim3(1), dim3(1), 0, counter.data()), "");
  EXPECT_THAT(fault_of<write_then_count>(dim3(1), dim3(2), 0, counter.data()), HasSubstr("a race"));
}

__global__ void read_after_others_wait(const float* x, float* out) {
  SALTUS_SHARED(float, cells, [32]);
  const unsigned i = threadIdx.x;
  emulation::async_copy(&cells[i], x + i, 4, 4);
  emulation::async_commit();
  __syncthreads();
  emulation::async_wait(0);
  out[i] = cells[i == 0 ? 0 : i - 1];
}

TEST(Checker, TakesACopyForWrittenWhereItIsWaitedFor) {
  const DeviceArray<float> x(std::vector<float>(32, 1.0f));
  const DeviceArray<float> out(32);
  EXPECT_THAT(fault_of<read_after_others_wait>(dim3(1), dim3(32), 0, x.data(), out.data()),
              HasSubstr("a race with thread 0,0,0"));
}

__global__ void read_at(const int* data, int place, int* out) {
  *out = data[place];
}

TEST(Checker, SaysWhatAPlaceIs) {
  const DeviceArray<int> out(1);
  const DeviceArray<int> unwritten(3);
  const DeviceArray<int> data(std::vector<int>(3, 1));
  const auto fault = [&](const int* values, int place) {
    return fault_of<read_at>(dim3(1), dim3(1), 0, values, place, out.data());
  };
  EXPECT_EQ(fault(data.data(), 2), "");
  EXPECT_THAT(fault(data.data(), 3), HasSubstr("12 bytes behind the start of device memory of 12"));
  EXPECT_THAT(fault(data.data(), -1), HasSubstr("4 bytes before device memory of 12 bytes"));
  EXPECT_THAT(fault(unwritten.data(), 0), HasSubstr("nothing has written it"));
  const int host = 1;
  EXPECT_THAT(fault(&host, 0), HasSubstr("which is the host's memory or none"));
  void* freed = nullptr;
  ASSERT_EQ(cudaMalloc(&freed, 64), cudaSuccess);
  ASSERT_EQ(cudaFree(freed), cudaSuccess);
  EXPECT_THAT(fault(static_cast<const int*>(freed), 1),
              HasSubstr("4 bytes behind the start of freed device memory of 64 bytes"));
}

TEST(Checker, FollowsCopies) {
  const DeviceArray<int> out(1);
  const DeviceArray<int> half(4);
  const DeviceArray<int> target(4);
  SALTUS_CHECK(cudaMemsetAsync(half.data(), 0, 8, stream()));
  SALTUS_CHECK(cudaMemcpyAsync(target.data(), half.data(), 16, cudaMemcpyDeviceToDevice, stream()));
  EXPECT_EQ(fault_of<read_at>(dim3(1), dim3(1), 0, target.data(), 1, out.data()), "");
  EXPECT_THAT(fault_of<read_at>(dim3(1), dim3(1), 0, target.data(), 2, out.data()),
              HasSubstr("nothing has written it"));
}

__global__ void read_of_other_stack(int* out) {
  SALTUS_SHARED(int*, lent, [1]);
  int own = 1;
  if (threadIdx.x == 0) lent[0] = &own;
  __syncthreads();
  out[threadIdx.x] = *lent[0];
  __syncthreads();
}

TEST(Checker, KeepsStacksApart) {
  const DeviceArray<int> out(32);
  EXPECT_THAT(fault_of<read_of_other_stack>(dim3(1), dim3(32), 0, out.data()),
              HasSubstr("another thread's stack"));
}

}  // namespace
}  // namespace saltus::test
