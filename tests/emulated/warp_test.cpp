// Collectives of a warp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/emulated/support.h"

namespace saltus::test {
namespace {

using testing::HasSubstr;

constexpr unsigned kAll = 0xFFFFFFFFu;

__global__ void shuffles(int* out) {
  const int lane = static_cast<int>(threadIdx.x);
  int* mine = out + lane * 6;
  mine[0] = __shfl_sync(kAll, lane, 5);
  mine[1] = __shfl_up_sync(kAll, lane, 3);
  mine[2] = __shfl_down_sync(kAll, lane, 3);
  mine[3] = __shfl_xor_sync(kAll, lane, 9);
  mine[4] = __shfl_down_sync(kAll, lane, 1, 8);
  mine[5] = __shfl_sync(kAll, lane, 3, 16);
}

TEST(EmulatedWarp, ShufflesAsPtxSays) {
  for (const auto order : kOrders) {
    const WithOrder with(order);
    const DeviceArray<int> out(32 * 6);
    ASSERT_EQ(fault_of<shuffles>(dim3(1), dim3(32), 0, out.data()), "");
    const auto got = out.read();
    for (int lane = 0; lane < 32; ++lane) {
      const int* mine = got.data() + lane * 6;
      EXPECT_EQ(mine[0], 5);
      EXPECT_EQ(mine[1], lane < 3 ? lane : lane - 3);
      EXPECT_EQ(mine[2], lane + 3 > 31 ? lane : lane + 3);
      EXPECT_EQ(mine[3], lane ^ 9);
      EXPECT_EQ(mine[4], lane % 8 == 7 ? lane : lane + 1);
      EXPECT_EQ(mine[5], lane / 16 * 16 + 3);
    }
  }
}

__global__ void types(double* doubles, float* floats, unsigned long long* longs) {
  const unsigned lane = threadIdx.x;
  doubles[lane] = __shfl_xor_sync(kAll, 1.0 / (1 + lane), 1);
  floats[lane] = __shfl_xor_sync(kAll, 1.0f / static_cast<float>(1 + lane), 1);
  longs[lane] = __shfl_xor_sync(kAll, (1ull << 40) + lane, 1);
}

TEST(EmulatedWarp, ShufflesEveryType) {
  const DeviceArray<double> doubles(32);
  const DeviceArray<float> floats(32);
  const DeviceArray<unsigned long long> longs(32);
  ASSERT_EQ(fault_of<types>(dim3(1), dim3(32), 0, doubles.data(), floats.data(), longs.data()), "");
  for (std::size_t lane = 0; lane < 32; ++lane) {
    EXPECT_EQ(doubles.read()[lane], 1.0 / static_cast<double>(1 + (lane ^ 1)));
    EXPECT_EQ(floats.read()[lane], 1.0f / static_cast<float>(1 + (lane ^ 1)));
    EXPECT_EQ(longs.read()[lane], (1ull << 40) + (lane ^ 1));
  }
}

__global__ void ballots(unsigned* out) {
  const int odd = threadIdx.x % 2 == 1 ? 1 : 0;
  out[0] = __ballot_sync(kAll, odd);
  out[1] = static_cast<unsigned>(__any_sync(kAll, threadIdx.x == 31 ? 1 : 0));
  out[2] = static_cast<unsigned>(__all_sync(kAll, 1));
  out[3] = static_cast<unsigned>(__all_sync(kAll, odd));
}

TEST(EmulatedWarp, Ballots) {
  const DeviceArray<unsigned> out(4);
  ASSERT_EQ(fault_of<ballots>(dim3(1), dim3(32), 0, out.data()), "");
  EXPECT_THAT(out.read(), testing::ElementsAre(0xAAAAAAAAu, 1, 1, 0));
}

__global__ void halves(int* out) {
  const int lane = static_cast<int>(threadIdx.x);
  if (lane < 16)
    out[lane] = __shfl_xor_sync(0x0000FFFFu, lane, 1);
  else
    out[lane] = __shfl_xor_sync(0xFFFF0000u, lane, 2);
}

TEST(EmulatedWarp, LanesOfDisjointMasksMeetApart) {
  for (const auto order : kOrders) {
    const WithOrder with(order);
    const DeviceArray<int> out(32);
    ASSERT_EQ(fault_of<halves>(dim3(1), dim3(32), 0, out.data()), "");
    const auto got = out.read();
    for (int lane = 0; lane < 32; ++lane)
      EXPECT_EQ(got[static_cast<std::size_t>(lane)], lane ^ (lane < 16 ? 1 : 2));
  }
}

__global__ void own_collective(int* out) {
  struct Argument {
    int brought;
    int sum;
  };
  Argument argument{static_cast<int>(threadIdx.x), 0};
  emulation::warp_collective(&argument, [](void* const* arguments, std::uint32_t mask) {
    EXPECT_EQ(mask, kAll);
    int sum = 0;
    for (int lane = 0; lane < 32; ++lane) sum += static_cast<Argument*>(arguments[lane])->brought;
    for (int lane = 0; lane < 32; ++lane) static_cast<Argument*>(arguments[lane])->sum = sum;
  });
  out[threadIdx.x] = argument.sum;
}

TEST(EmulatedWarp, OffersCollectivesToWrappersOfInstructions) {
  const DeviceArray<int> out(64);
  ASSERT_EQ(fault_of<own_collective>(dim3(1), dim3(64), 0, out.data()), "");
  const auto got = out.read();
  EXPECT_EQ(got[0], 31 * 32 / 2);
  EXPECT_EQ(got[63], 31 * 32 / 2 + 32 * 32);
}

__global__ void early_exit() {
  if (threadIdx.x >= 20) return;
  __syncwarp();
}

TEST(EmulatedWarp, RefusesLanesThatExited) {
  {
    const WithOrder with({emulation::Order::Kind::reverse, 0});
    EXPECT_THAT(fault_of<early_exit>(dim3(1), dim3(32), 0),
                HasSubstr("lanes 0xfff00000 of the mask have exited or do not exist"));
  }
  EXPECT_THAT(fault_of<early_exit>(dim3(1), dim3(32), 0),
              HasSubstr("12 thread(s) exited; 20 wait in __syncwarp at"));
}

__global__ void full_warp() {
  __syncwarp();
}

TEST(EmulatedWarp, RefusesLanesThatDoNotExist) {
  EXPECT_THAT(fault_of<full_warp>(dim3(1), dim3(48), 0),
              HasSubstr("lanes 0xffff0000 of the mask have exited or do not exist"));
}

__global__ void outside_mask() {
  if (threadIdx.x < 16) __shfl_sync(0x0000FFFFu, 1, 20);
}

TEST(EmulatedWarp, RefusesToReadALaneOutsideTheMask) {
  EXPECT_THAT(fault_of<outside_mask>(dim3(1), dim3(32), 0),
              HasSubstr("lane 0 shuffles from lane 20, which the mask 0x0000ffff leaves out"));
}

__global__ void not_in_mask() {
  __syncwarp(0x0000FFFFu);
}

TEST(EmulatedWarp, RefusesAMaskWithoutTheCaller) {
  const WithOrder with({emulation::Order::Kind::reverse, 0});
  EXPECT_THAT(fault_of<not_in_mask>(dim3(1), dim3(32), 0),
              HasSubstr("the mask 0x0000ffff leaves out the lane that calls"));
}

__global__ void overlapping() {
  if (threadIdx.x < 16)
    __syncwarp(0x0001FFFFu);
  else
    __syncwarp(0xFFFF0000u);
}

__global__ void overlapping_in_one_place() {
  __syncwarp(threadIdx.x < 16 ? 0x0001FFFFu : 0xFFFF0000u);
}

TEST(EmulatedWarp, RefusesOverlappingMasks) {
  EXPECT_THAT(fault_of<overlapping_in_one_place>(dim3(1), dim3(32), 0),
              HasSubstr("with mask 0xffff0000 while other lanes wait in __syncwarp at"));
  EXPECT_THAT(fault_of<overlapping>(dim3(1), dim3(32), 0),
              HasSubstr("with mask 0xffff0000 while other lanes wait in __syncwarp at"));
}

__global__ void different_operations(int* out) {
  if (threadIdx.x < 16)
    out[threadIdx.x] = __shfl_sync(kAll, 1, 0);
  else
    out[threadIdx.x] = __shfl_sync(kAll, 2, 0);
}

TEST(EmulatedWarp, RefusesOneMaskInTwoPlaces) {
  const DeviceArray<int> out(32);
  EXPECT_THAT(fault_of<different_operations>(dim3(1), dim3(32), 0, out.data()),
              HasSubstr("while other lanes wait in __shfl_sync at"));
}

__global__ void odd_width(int* out) {
  out[threadIdx.x] = __shfl_down_sync(kAll, 1, 1, 12);
}

TEST(EmulatedWarp, RefusesAWidthThatIsNoPowerOfTwo) {
  const DeviceArray<int> out(32);
  EXPECT_THAT(fault_of<odd_width>(dim3(1), dim3(32), 0, out.data()),
              HasSubstr("a width of 12 is no power of two"));
}

__global__ void count(int* counts, unsigned* bits, unsigned long long* sum) {
  atomicAdd(&counts[threadIdx.x % 4], 1);
  atomicMax(&counts[4], static_cast<int>(threadIdx.x));
  atomicMin(&counts[5], -static_cast<int>(blockIdx.x));
  atomicOr(bits, 1u << (threadIdx.x % 32));
  atomicAdd(sum, 1ull << 33);
  if (atomicCAS(&counts[6], 0, 1) == 0) atomicExch(&counts[7], 5);
}

TEST(EmulatedWarp, AtomicsAddUp) {
  for (const auto order : kOrders) {
    const WithOrder with(order);
    const DeviceArray<int> counts(std::vector<int>(8, 0));
    const DeviceArray<unsigned> bits(std::vector<unsigned>(1, 0));
    const DeviceArray<unsigned long long> sum(std::vector<unsigned long long>(1, 0));
    ASSERT_EQ(fault_of<count>(dim3(3), dim3(40), 0, counts.data(), bits.data(), sum.data()), "");
    EXPECT_THAT(counts.read(), testing::ElementsAre(30, 30, 30, 30, 39, -2, 1, 5));
    EXPECT_EQ(bits.read()[0], kAll);
    EXPECT_EQ(sum.read()[0], 120ull << 33);
  }
}

}  // namespace
}  // namespace saltus::test
