// Kernels whose requests are known by hand.
#include <emulation/code_place.h>
#include <emulation/traffic.h>
#include <gtest/gtest.h>

#include <saltus/kernels/device/async_copy.h>
#include <saltus/kernels/device/mma.h>

#include "tests/emulated/support.h"

namespace saltus::test {
namespace {

using emulation::LaunchTraffic;
using emulation::Requests;
using kernels::Bf16;

void expect(const Requests& got, const Requests& want) {
  EXPECT_EQ(got.count, want.count);
  EXPECT_EQ(got.parts, want.parts);
  EXPECT_EQ(got.least_parts, want.least_parts);
  EXPECT_EQ(got.bytes, want.bytes);
}

/// What a launch of one block asks for, the same in every order of threads.
template <auto kernel, class... A>
LaunchTraffic traffic_of(unsigned threads, const A&... arguments) {
  LaunchTraffic first;
  for (const emulation::Order order : kOrders) {
    const WithOrder with(order);
    emulation::take_traffic();
    EXPECT_EQ(fault_of<kernel>(dim3(1), dim3(threads), 2048, arguments...), "");
    const std::vector<LaunchTraffic> launches = emulation::take_traffic();
    EXPECT_EQ(launches.size(), 1U);
    if (first.kernel.empty()) first = launches.front();
    expect(launches.front().total.loads, first.total.loads);
    expect(launches.front().total.stores, first.total.stores);
    expect(launches.front().total.shared, first.total.shared);
  }
  return first;
}

__global__ void copy(const float* from, int stride, int offset, float* to) {
  const auto i = static_cast<int>(threadIdx.x);
  to[i] = from[i * stride + offset];
}

class GlobalTraffic : public testing::Test {
 protected:
  /// Of loads by a warp.
  [[nodiscard]] Requests loads(int stride, int offset) const {
    return traffic_of<copy>(32, from_.data(), stride, offset, to_.data()).total.loads;
  }

  const DeviceArray<float> from_{std::vector<float>(1024, 1.0f)};
  const DeviceArray<float> to_{1024};
};

TEST_F(GlobalTraffic, Coalesced) {
  const LaunchTraffic traffic = traffic_of<copy>(64, from_.data(), 1, 0, to_.data());
  expect(traffic.total.loads, {2, 8, 8, 256});
  expect(traffic.total.stores, {2, 8, 8, 256});
  expect(traffic.total.shared, {});
  EXPECT_EQ(traffic.bytes_loaded, 256U);
  EXPECT_EQ(traffic.bytes_stored, 256U);
  const LaunchTraffic half = traffic_of<copy>(32, from_.data(), 1, 0, to_.data());
  EXPECT_EQ(half.bytes_loaded, 128U);
  EXPECT_EQ(half.bytes_stored, 128U);
}

TEST_F(GlobalTraffic, Strides) {
  expect(loads(2, 0), {1, 8, 4, 128});
  expect(loads(8, 0), {1, 32, 4, 128});
  expect(loads(32, 0), {1, 32, 4, 128});
}

TEST_F(GlobalTraffic, Misaligned) {
  expect(loads(1, 1), {1, 5, 4, 128});
  expect(loads(1, 8), {1, 4, 4, 128});
}

TEST_F(GlobalTraffic, Broadcast) {
  const LaunchTraffic traffic = traffic_of<copy>(32, from_.data(), 0, 9, to_.data());
  expect(traffic.total.loads, {1, 1, 1, 128});
  EXPECT_EQ(traffic.bytes_loaded, 4U);
}

TEST_F(GlobalTraffic, PartOfAWarp) {
  expect(traffic_of<copy>(9, from_.data(), 1, 0, to_.data()).total.loads, {1, 2, 2, 36});
  expect(traffic_of<copy>(41, from_.data(), 1, 0, to_.data()).total.loads, {2, 6, 6, 164});
}

__global__ void copy_quads(const float* from, float* to) {
  const unsigned i = threadIdx.x * 4;
  kernels::store_quad(kernels::fetch_quad(from + i), to + i);
}

TEST_F(GlobalTraffic, QuadsAreOneAccess) {
  const LaunchTraffic traffic = traffic_of<copy_quads>(32, from_.data(), to_.data());
  expect(traffic.total.loads, {1, 16, 16, 512});
  expect(traffic.total.stores, {1, 16, 16, 512});
  EXPECT_EQ(traffic.bytes_loaded, 512U);
}

__global__ void round_quads(const std::uint8_t* from, Bf16* to) {
  const unsigned i = threadIdx.x * 4;
  kernels::store_quad(kernels::fetch_quad(from + i), to + i);
}

TEST_F(GlobalTraffic, QuadsOfSmallElements) {
  const DeviceArray<std::uint8_t> from(std::vector<std::uint8_t>(128, 1));
  const DeviceArray<Bf16> to(128);
  const LaunchTraffic traffic = traffic_of<round_quads>(32, from.data(), to.data());
  expect(traffic.total.loads, {1, 4, 4, 128});
  expect(traffic.total.stores, {1, 8, 8, 256});
}

/// Reads and writes the same element again and again.
__global__ void accumulate(float* sums, int rounds) {
  for (int i = 0; i < rounds; ++i) sums[threadIdx.x] += 1;
}

TEST_F(GlobalTraffic, CountsEveryRoundAndEveryByteOnce) {
  const DeviceArray<float> sums(std::vector<float>(32, 0.0f));
  const LaunchTraffic traffic = traffic_of<accumulate>(32, sums.data(), 5);
  expect(traffic.total.loads, {5, 20, 20, 640});
  expect(traffic.total.stores, {5, 20, 20, 640});
  EXPECT_EQ(traffic.bytes_loaded, 128U);
  EXPECT_EQ(traffic.bytes_stored, 128U);
}

/// Lanes from 15 on load in each round, the others not in the first.
__global__ void load_in_rounds(const float* from, int rounds, bool barriers, float* to) {
  const auto lane = static_cast<int>(threadIdx.x);
  float sum = 0;
  for (int i = 0; i < rounds; ++i) {
    if (i != 0 || lane >= 15) sum += from[i * 32 + lane];
    if (barriers) __syncthreads();
  }
  to[lane] = sum;
}

TEST_F(GlobalTraffic, BarriersBringLanesTogether) {
  const auto loads = [&](bool barriers) {
    return traffic_of<load_in_rounds>(32, from_.data(), 2, barriers, to_.data()).total.loads;
  };
  expect(loads(true), {2, 3 + 4, 3 + 4, 196});
  // Without them, the first lanes' second round is taken for their first.
  expect(loads(false), {2, 5 + 3, 4 + 3, 196});
}

struct Wide {
  float values[9];
};

__global__ void copy_wide(const Wide* from, Wide* to) {
  to[threadIdx.x] = from[threadIdx.x];
}

TEST_F(GlobalTraffic, LongAccessesAreSeveral) {
  const DeviceArray<Wide> from(std::vector<Wide>(32));
  const DeviceArray<Wide> to(32);
  const LaunchTraffic traffic = traffic_of<copy_wide>(32, from.data(), to.data());
  EXPECT_EQ(traffic.total.loads.bytes, 36U * 32);
  EXPECT_EQ(traffic.total.loads.count, 3U);
  EXPECT_EQ(traffic.bytes_stored, 36U * 32);
}

__global__ void count_up(unsigned* counters) {
  atomicAdd(&counters[threadIdx.x % 2 * 8], 1U);
}

TEST_F(GlobalTraffic, AtomicsAreStores) {
  const DeviceArray<unsigned> counters(std::vector<unsigned>(16, 0));
  const LaunchTraffic traffic = traffic_of<count_up>(32, counters.data());
  expect(traffic.total.loads, {});
  expect(traffic.total.stores, {1, 2, 1, 128});
}

__global__ void use_shared(int stride, int offset) {
  SALTUS_DYNAMIC_SHARED(volatile float, cells);
  cells[static_cast<int>(threadIdx.x) * stride % 512 + offset] = 1;
}

Requests shared(int stride, int offset = 0) {
  return traffic_of<use_shared>(32, stride, offset).total.shared;
}

TEST(SharedTraffic, ConflictsOfWords) {
  expect(shared(1), {1, 1, 1, 128});
  expect(shared(1, 5), {1, 1, 1, 128});
  expect(shared(0), {1, 1, 1, 128});  // broadcast
  expect(shared(2), {1, 2, 1, 128});
  expect(shared(4), {1, 4, 1, 128});
  expect(shared(33), {1, 1, 1, 128});
}

__global__ void use_column(int rows) {
  SALTUS_SHARED(volatile float, cells, [32][32]);
  cells[static_cast<int>(threadIdx.x) % rows][3] = 1;
}

TEST(SharedTraffic, ConflictsOfAColumn) {
  expect(traffic_of<use_column>(32, 32).total.shared, {1, 32, 1, 128});
  expect(traffic_of<use_column>(32, 5).total.shared, {1, 5, 1, 128});
  expect(traffic_of<use_column>(7, 32).total.shared, {1, 7, 1, 28});
}

__global__ void use_bytes(int stride) {
  SALTUS_DYNAMIC_SHARED(volatile std::uint8_t, cells);
  cells[static_cast<int>(threadIdx.x) * stride] = 1;
}

TEST(SharedTraffic, LanesShareAWord) {
  expect(traffic_of<use_bytes>(32, 1).total.shared, {1, 1, 1, 32});
  expect(traffic_of<use_bytes>(32, 8).total.shared, {1, 2, 1, 32});
}

template <class Element>
__global__ void use_wide(int stride) {
  SALTUS_DYNAMIC_SHARED(volatile Element, cells);
  cells[static_cast<int>(threadIdx.x) * stride] = 1;
}

TEST(SharedTraffic, EightBytesByHalfAWarp) {
  expect(traffic_of<use_wide<double>>(32, 1).total.shared, {1, 2, 2, 256});
  expect(traffic_of<use_wide<double>>(32, 2).total.shared, {1, 4, 2, 256});
  expect(traffic_of<use_wide<double>>(7, 1).total.shared, {1, 1, 1, 56});
}

/// Quads `stride` floats apart.
__global__ void use_quads(int stride) {
  SALTUS_DYNAMIC_SHARED(float, cells);
  const kernels::Quad quad = {};
  kernels::store_quad(quad, cells + static_cast<int>(threadIdx.x) * stride % 512);
}

TEST(SharedTraffic, QuadsByAQuarterOfAWarp) {
  expect(traffic_of<use_quads>(32, 4).total.shared, {1, 4, 4, 512});
  expect(traffic_of<use_quads>(32, 0).total.shared, {1, 4, 4, 512});
  expect(traffic_of<use_quads>(32, 8).total.shared, {1, 8, 4, 512});
  expect(traffic_of<use_quads>(32, 32).total.shared, {1, 32, 4, 512});
  expect(traffic_of<use_quads>(32, 36).total.shared, {1, 4, 4, 512});
  expect(traffic_of<use_quads>(9, 4).total.shared, {1, 2, 2, 144});
}

/// Rows of 8 numbers of 16 bits, `pitch` bytes apart, by copies and back as matrices. The first
/// `missing` rows have no source.
__global__ void load_rows(const unsigned char* from, int pitch, int missing, std::uint32_t* to) {
  SALTUS_DYNAMIC_SHARED(unsigned char, tile);
  const auto lane = static_cast<int>(threadIdx.x);
  kernels::copy_async(tile + lane * pitch, from + lane * pitch, lane >= missing);
  kernels::close_copies();
  kernels::wait_for_copies<0>();
  __syncthreads();
  to[lane] = kernels::load_matrices(tile + lane * pitch).registers[0];
}

TEST(SharedTraffic, CopiesAndMatrices) {
  const DeviceArray<unsigned char> from(std::vector<unsigned char>(2048, 1));
  const DeviceArray<std::uint32_t> to(32);
  const auto traffic = [&](int pitch, int missing) {
    return traffic_of<load_rows>(32, from.data(), pitch, missing, to.data());
  };
  const LaunchTraffic dense = traffic(16, 0);
  expect(dense.total.loads, {1, 16, 16, 512});
  expect(dense.total.shared, {2, 8, 8, 1024});  // the copy's store and the load
  EXPECT_EQ(dense.bytes_loaded, 512U);
  const LaunchTraffic apart = traffic(64, 8);
  expect(apart.total.loads, {1, 24, 12, 384});
  expect(apart.total.shared, {2, 32, 8, 1024});  // every second row at the same banks
}

constexpr int kFirstLine = __LINE__;
__global__ void two_places(const float* from, float* to) {
  const float first = from[threadIdx.x];             // kFirstLine + 2
  to[threadIdx.x] = first + from[threadIdx.x * 2U];  // kFirstLine + 3
}

TEST_F(GlobalTraffic, SaysWhere) {
  const LaunchTraffic traffic = traffic_of<two_places>(32, from_.data(), to_.data());
  std::map<std::string, std::uint64_t> loads;
  for (const emulation::PlaceTraffic& place : traffic.places)
    loads[emulation::place_of_code(place.code).data()] += place.traffic.loads.parts;
  EXPECT_EQ(loads[line(__FILE__, kFirstLine + 2)], 4U);
  EXPECT_EQ(loads[line(__FILE__, kFirstLine + 3)], 8U);
}

/// Stops in the middle of a vector access.
__global__ void fail_in_the_middle(float* cells) {
  const emulation::VectorAccess access(cells, 16);
  cells[0] = 1;
  __trap();
}

TEST_F(GlobalTraffic, ForgetsAFailedLaunch) {
  EXPECT_NE(fault_of<fail_in_the_middle>(dim3(1), dim3(32), 0, to_.data()), "");
  expect(traffic_of<copy>(32, from_.data(), 1, 0, to_.data()).total.stores, {1, 4, 4, 128});
}

const char kAdditions = 0;

/// Adds a number of each block.
__global__ void add_of_blocks(const float* from, float* to) {
  const unsigned block = blockIdx.x + gridDim.x * blockIdx.z;
  to[threadIdx.x] += from[block];
  emulation::tally(&kAdditions, block + 1);
}

TEST_F(GlobalTraffic, CountsASampleOfTheFirstPlane) {
  emulation::take_traffic();
  emulation::set_sample(2);
  EXPECT_EQ(fault_of<add_of_blocks>(dim3(8, 1, 3), dim3(32), 64, from_.data(), to_.data()), "");
  emulation::set_sample(0);
  EXPECT_EQ(fault_of<add_of_blocks>(dim3(8, 1, 3), dim3(32), 64, from_.data(), to_.data()), "");
  const std::vector<LaunchTraffic> launches = emulation::take_traffic();
  ASSERT_EQ(launches.size(), 2U);
  EXPECT_EQ(launches[0].grid.z, 3U);
  EXPECT_EQ(launches[0].block.x, 32U);
  EXPECT_EQ(launches[0].dynamic_bytes, 64U);
  EXPECT_EQ(launches[0].total.stores.count, 2U);
  EXPECT_EQ(launches[0].tallies.at(&kAdditions), 32U * (3 + 7));  // blocks 2 and 6
  EXPECT_EQ(launches[1].total.stores.count, 24U);
  EXPECT_EQ(launches[1].tallies.at(&kAdditions), 32U * 24 * 25 / 2);
}

}  // namespace
}  // namespace saltus::test
