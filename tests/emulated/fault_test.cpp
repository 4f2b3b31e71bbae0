// What a kernel does wrong on its own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/emulated/support.h"

namespace saltus::test {
namespace {

using testing::HasSubstr;

__global__ void trap_in_one(int block, int thread) {
  if (static_cast<int>(blockIdx.x) == block && static_cast<int>(threadIdx.y) == thread) __trap();
}

TEST(EmulatedFault, NamesKernelBlockThreadAndPlace) {
  EXPECT_THAT(fault_of<trap_in_one>(dim3(3), dim3(1, 8), 0, 1, 5),
              HasSubstr("kernel saltus::test::{anonymous}::trap_in_one, block 1,0,0, thread 0,5,0: "
                        "__trap at fault_test.cpp:"));
}

TEST(EmulatedFault, StaysUntilReset) {
  emulation::reset_errors();
  EXPECT_THROW(kernels::launch<trap_in_one>(1, dim3(1), 0, stream(), 0, 0), kernels::CudaError);
  void* pointer = nullptr;
  EXPECT_EQ(cudaMalloc(&pointer, 4), cudaErrorLaunchFailure);
  EXPECT_EQ(cudaGetLastError(), cudaErrorLaunchFailure);
  EXPECT_EQ(cudaGetLastError(), cudaErrorLaunchFailure);
  EXPECT_EQ(cudaStreamSynchronize(stream()), cudaErrorLaunchFailure);
  emulation::reset_errors();
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  EXPECT_EQ(emulation::last_fault(), "");
}

__global__ void write_behind(int* data, int place) {
  data[place] = 1;
}

__global__ void spin(volatile int* data) {
  while (*data == 0) {
  }
}

__global__ void barriers_for_ever(const int* data) {
  while (data[0] == 0) __syncthreads();
}

TEST(EmulatedFault, EndsLoopsThatDoNotEnd) {
  const DeviceArray<int> zero(std::vector<int>(1, 0));
  emulation::set_time_limit(std::chrono::milliseconds(30));
  EXPECT_THAT(fault_of<spin>(dim3(1), dim3(32), 0, zero.data()),
              HasSubstr("the launch takes too long, and the thread waits nowhere"));
  EXPECT_THAT(fault_of<barriers_for_ever>(dim3(1), dim3(32), 0, zero.data()),
              HasSubstr("the launch takes too long"));
  emulation::set_time_limit(std::chrono::minutes(1));
}

__global__ void check_alignment(const float* x) {
  emulation::check_aligned(x, 16);
}

TEST(EmulatedFault, ChecksAlignmentForWrappers) {
  const DeviceArray<float> x(8);
  EXPECT_EQ(fault_of<check_alignment>(dim3(1), dim3(1), 0, x.data() + 4), "");
  EXPECT_THAT(fault_of<check_alignment>(dim3(1), dim3(1), 0, x.data() + 1),
              HasSubstr("is not aligned to 16 bytes"));
}

#if defined(__SANITIZE_ADDRESS__)

TEST(EmulatedFaultDeathTest, TrapsAccessBehindDeviceMemory) {
  const DeviceArray<int> data(3);
  EXPECT_EQ(fault_of<write_behind>(dim3(1), dim3(1), 0, data.data(), 2), "");
  EXPECT_DEATH(fault_of<write_behind>(dim3(1), dim3(1), 0, data.data(), 3), "use-after-poison");
  EXPECT_DEATH(fault_of<write_behind>(dim3(1), dim3(1), 0, data.data(), 65), "use-after-poison");
}

TEST(EmulatedFaultDeathTest, TrapsTheHostOnDeviceMemory) {
  const DeviceArray<int> data(std::vector<int>{7});
  EXPECT_DEATH(std::printf("%d", *data.data()), "use-after-poison");
}

TEST(EmulatedFaultDeathTest, TrapsAccessToFreedMemory) {
  void* freed = nullptr;
  ASSERT_EQ(cudaMalloc(&freed, 64), cudaSuccess);
  ASSERT_EQ(cudaFree(freed), cudaSuccess);
  EXPECT_DEATH(fault_of<write_behind>(dim3(1), dim3(1), 0, static_cast<int*>(freed), 0),
               "heap-use-after-free");
}

__global__ void local_array(int place, int* out) {
  int cells[8] = {};
  cells[place] = 1;
  int sum = 0;
  for (const int cell : cells) sum += cell;
  *out = sum;
}

TEST(EmulatedFaultDeathTest, TrapsALocalArraysBounds) {
  const DeviceArray<int> out(1);
  EXPECT_DEATH(fault_of<local_array>(dim3(1), dim3(1), 0, 8, out.data()),
               "out of bounds|stack-buffer-overflow");
}

__global__ void vector_load(const float* x, float* out) {
  *out = reinterpret_cast<const float4*>(x)->w;
}

TEST(EmulatedFaultDeathTest, TrapsAMisalignedVectorAndAnOverflow) {
  const DeviceArray<float> x(std::vector<float>(8, 1.0f));
  const DeviceArray<float> out(1);
  EXPECT_EQ(fault_of<vector_load>(dim3(1), dim3(1), 0, x.data(), out.data()), "");
  EXPECT_DEATH(fault_of<vector_load>(dim3(1), dim3(1), 0, x.data() + 1, out.data()),
               "misaligned address");
}

__global__ void barriers_and_large_frames(int* out) {
  volatile int cells[1000];
  for (int i = 0; i < 1000; ++i) cells[i] = i;
  __syncthreads();
  out[threadIdx.x] = cells[threadIdx.x];
}

TEST(EmulatedFault, LeavesNoPoisonOnStacks) {
  const DeviceArray<int> out(64);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(fault_of<barriers_and_large_frames>(dim3(2), dim3(64), 0, out.data()), "");
    EXPECT_NE(fault_of<trap_in_one>(dim3(1), dim3(64), 0, 0, 0), "");
  }
}

#else

TEST(EmulatedFault, FindsWritesBehindDeviceMemory) {
  const DeviceArray<int> data(3);
  EXPECT_EQ(fault_of<write_behind>(dim3(1), dim3(1), 0, data.data(), 2), "");
  EXPECT_THAT(fault_of<write_behind>(dim3(1), dim3(1), 0, data.data(), 3),
              HasSubstr("wrote behind the end of allocation"));
  EXPECT_EQ(fault_of<write_behind>(dim3(1), dim3(1), 0, data.data(), 2), "") << "it was mended";
}

__global__ void divide(int* data) {
  data[0] = 7 / data[1];
}

TEST(EmulatedFault, SurvivesBadAddressesAndDivisions) {
  EXPECT_THAT(fault_of<write_behind>(dim3(1), dim3(1), 0, static_cast<int*>(nullptr), 4),
              HasSubstr("accesses address 0x10"));
  const DeviceArray<int> zeros(std::vector<int>(2, 0));
  EXPECT_THAT(fault_of<divide>(dim3(1), dim3(1), 0, zeros.data()),
              HasSubstr("divides an integer by zero"));
}

int deep(const int* data, int depth) {  // NOLINT(misc-no-recursion)
  volatile char frame[4096] = {};
  frame[depth % 4096] = 1;
  return depth > data[0] ? deep(data, depth - 1) + frame[depth % 4096] : 0;
}

__global__ void recurse(int* data) {
  data[1] = deep(data, 1000);
}

TEST(EmulatedFault, NamesStackOverflow) {
  const DeviceArray<int> zeros(std::vector<int>(2, 0));
  EXPECT_THAT(fault_of<recurse>(dim3(1), dim3(1), 0, zeros.data()),
              HasSubstr("uses up its stack of 262144 bytes"));
}

#endif

}  // namespace
}  // namespace saltus::test
