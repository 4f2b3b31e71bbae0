// kernels/device/reduce.h, in every order of threads. Its kernels are its users; here is what none
// of them does.
#include <gtest/gtest.h>

#include <saltus/kernels/device/reduce.h>

#include "tests/emulated/support.h"

namespace saltus::test {
namespace {

constexpr int kThreads = 96;

struct Larger {
  int operator()(int a, int b) const { return a < b ? b : a; }
};

__global__ void reduce_twice(int* sums, int* differences) {
  const auto i = static_cast<int>(threadIdx.x);
  const int sum = kernels::reduce_block<kThreads>(i);
  const int other = kernels::reduce_block<kThreads>(2 * i);
  sums[i] = sum;
  differences[i] = other - sum;
}

TEST(Reduce, CallsMayFollowEachOther) {
  for (const emulation::Order order : kOrders) {
    const WithOrder with(order);
    const DeviceArray<int> sums(kThreads);
    const DeviceArray<int> differences(kThreads);
    ASSERT_EQ(fault_of<reduce_twice>(dim3(1), dim3(kThreads), 0, sums.data(), differences.data()),
              "");
    const std::vector<int> want(kThreads, kThreads * (kThreads - 1) / 2);
    EXPECT_EQ(sums.read(), want);
    EXPECT_EQ(differences.read(), want);
  }
}

__global__ void largest_of_block(const int* x, int* out) {
  out[threadIdx.x] = kernels::reduce_block<kThreads>(x[threadIdx.x], Larger{});
}

TEST(Reduce, FindsItsThreadWhereverItIs) {
  for (const std::size_t place : {0U, 31U, 32U, 95U}) {
    std::vector<int> values(kThreads, -5);
    values[place] = -2;
    const DeviceArray<int> x(values);
    const DeviceArray<int> out(kThreads);
    ASSERT_EQ(fault_of<largest_of_block>(dim3(1), dim3(kThreads), 0, x.data(), out.data()), "");
    EXPECT_EQ(out.read(), std::vector<int>(kThreads, -2));
  }
}

}  // namespace
}  // namespace saltus::test
