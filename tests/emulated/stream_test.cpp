// Streams, events, and when work is done.
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/emulated/work.h"

namespace saltus::test {
namespace {

using emulation::Streams;

constexpr Streams kLazy{Streams::Kind::lazy, 0};

TEST(EmulatedStream, DoesWorkWhenItsModeSays) {
  const PinnedInt result;
  const DeviceArray<int> device(std::vector<int>{1});
  const OwnStream own;
  const auto three_steps = [&] {
    *result = -1;
    add(own, device.data(), 1);
    add(own, device.data(), 1);
    copy_out(own, device.data(), result);
  };
  three_steps();
  EXPECT_EQ(*result, 3) << "eager";
  {
    const WithStreams with(kLazy);
    three_steps();
    EXPECT_EQ(*result, -1) << "nothing waited";
    SALTUS_CHECK(cudaStreamSynchronize(own));
    EXPECT_EQ(*result, 5);
    three_steps();
    EXPECT_EQ(*result, -1);
    SALTUS_CHECK(cudaDeviceSynchronize());
    EXPECT_EQ(*result, 7);
  }
}

TEST(EmulatedStream, LazyWorkIsDoneForNobodyElse) {
  const WithStreams with(kLazy);
  const PinnedInt one;
  const PinnedInt other;
  const DeviceArray<int> device(std::vector<int>{1, 2});
  const OwnStream first;
  const OwnStream second;
  copy_out(first, device.data(), one);
  copy_out(second, device.data() + 1, other);
  SALTUS_CHECK(cudaStreamSynchronize(second));
  EXPECT_EQ(*one, -1);
  EXPECT_EQ(*other, 2);
}

TEST(EmulatedStream, ShuffledWorkOfTwoStreamsIsDoneInManyOrders) {
  std::set<int> results;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const WithStreams with({Streams::Kind::shuffle, seed});
    const DeviceArray<int> device(std::vector<int>{1});
    const OwnStream first;
    const OwnStream second;
    add(first, device.data(), 10);
    multiply(second, device.data(), 2);
    add(first, device.data(), 10);
    SALTUS_CHECK(cudaDeviceSynchronize());
    results.insert(device.read()[0]);
  }
  EXPECT_THAT(results, testing::ElementsAre(22, 32, 42)) << "2+10+10, (1+10)*2+10, (1+10+10)*2";
}

TEST(EmulatedStream, WaitsForEventsOfOthers) {
  for (std::uint64_t seed = 0; seed <= 10; ++seed) {
    const WithStreams with(seed == 0 ? kLazy : Streams{Streams::Kind::shuffle, seed});
    const DeviceArray<int> device(std::vector<int>{1});
    const OwnStream first;
    const OwnStream second;
    const OwnEvent event;
    add(first, device.data(), 10);
    SALTUS_CHECK(cudaEventRecord(event, first));
    SALTUS_CHECK(cudaStreamWaitEvent(second, event));
    multiply(second, device.data(), 2);
    SALTUS_CHECK(cudaStreamSynchronize(second));
    EXPECT_EQ(device.read()[0], 22);
  }
}

TEST(EmulatedStream, AsksAboutEventsUntilTheyHappen) {
  const WithStreams with(kLazy);
  const DeviceArray<int> device(std::vector<int>{1});
  const OwnStream own;
  const OwnEvent before;
  const OwnEvent after;
  float milliseconds = -1;
  EXPECT_EQ(cudaEventQuery(before), cudaSuccess) << "never recorded";
  EXPECT_EQ(cudaEventElapsedTime(&milliseconds, before, after), cudaErrorInvalidResourceHandle);
  SALTUS_CHECK(cudaEventRecord(before, own));
  add(own, device.data(), 10);
  SALTUS_CHECK(cudaEventRecord(after, own));
  EXPECT_EQ(cudaEventElapsedTime(&milliseconds, before, after), cudaErrorNotReady);
  EXPECT_EQ(cudaStreamQuery(own), cudaErrorNotReady);
  int questions = 1;
  while (cudaEventQuery(after) == cudaErrorNotReady) ++questions;
  EXPECT_EQ(questions, 3) << "one a piece of work, and the stream's";
  EXPECT_EQ(cudaStreamQuery(own), cudaSuccess);
  EXPECT_EQ(cudaEventElapsedTime(&milliseconds, before, after), cudaSuccess);
  EXPECT_GE(milliseconds, 0);
  cudaGetLastError();
}

TEST(EmulatedStream, ValidatesLaunchesAtOnce) {
  const WithStreams with(kLazy);
  const DeviceArray<int> device(1);
  const OwnStream own;
  EXPECT_THROW(kernels::launch<add_kernel>(1, dim3(2000), 0, own, device.data(), 1),
               kernels::CudaError);
  cudaGetLastError();
}

TEST(EmulatedStream, ReportsFaultsToWhoeverWaits) {
  const WithStreams with(kLazy);
  const DeviceArray<int> device(std::vector<int>{1});
  {
    const OwnStream own;
    kernels::launch<trap_kernel>(1, dim3(1), 0, own);
    add(own, device.data(), 1);
    EXPECT_EQ(cudaStreamSynchronize(own), cudaErrorLaunchFailure);
  }
  emulation::reset_errors();
  EXPECT_EQ(device.read()[0], 1) << "nothing runs after a fault";
}

TEST(EmulatedStream, FreesMemoryOnlyAfterItsUse) {
  const WithStreams with(kLazy);
  const PinnedInt result;
  const OwnStream own;
  {
    const DeviceArray<int> device(std::vector<int>{5});
    add(own, device.data(), 1);
    copy_out(own, device.data(), result);
  }
  EXPECT_EQ(*result, 6);
}

TEST(EmulatedStream, RefusesWhatIsNoStreamOrEvent) {
  const OwnEvent event;
  EXPECT_EQ(cudaStreamSynchronize(nullptr), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaEventRecord(event, nullptr), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaEventRecord(nullptr, stream()), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaStreamWaitEvent(nullptr, event), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaStreamDestroy(nullptr), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaEventDestroy(nullptr), cudaErrorInvalidResourceHandle);
  cudaEvent_t bad = nullptr;
  EXPECT_EQ(cudaEventCreateWithFlags(&bad, 64), cudaErrorInvalidValue);
  cudaGetLastError();
}

}  // namespace
}  // namespace saltus::test
