#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include <saltus/kernels/elementwise/column_sums.h>

#include "tests/kernels/device/compare.h"
#include "tests/kernels/device/trial_table.h"

namespace saltus::test {
namespace {

template <class T>
class ColumnSumsTest : public testing::Test {};
using ElementTypes = testing::Types<float, kernels::Bf16>;
TYPED_TEST_SUITE(ColumnSumsTest, ElementTypes);

constexpr int kTrials = 3;

/// The sums of `rows` of `max_rows` rows of a batch; small integers, so that they are exact.
template <class T>
void expect_sums(int rows, int max_rows, int vectors, int columns) {
  SCOPED_TRACE(testing::Message() << rows << " x " << vectors << " x " << columns);
  const auto n = static_cast<std::size_t>(columns);
  const auto per_trial = static_cast<std::size_t>(max_rows * vectors) * n;
  const auto x = small_integers(kTrials * per_trial, 8, 1);
  const DeviceArray<T> device_x(elements<T>(x));
  const DeviceArray<float> sums(std::vector<float>(kTrials * n, 7.0F));
  const auto floats =
      static_cast<std::size_t>(kernels::column_sums_workspace(vectors, columns, max_rows));
  const DeviceArray<float> workspace(kTrials * floats);
  const TrialTable table({.rows = rows, .max_rows = max_rows, .states = {{}, {.active = 0}, {}}});
  kernels::column_sums({device_x.per_trial(kTrials), sums.per_trial(kTrials),
                        workspace.per_trial(kTrials), vectors, columns},
                       table.context());
  std::vector<double> want(kTrials * n, 0.0);
  const auto count = static_cast<std::size_t>(rows) * static_cast<std::size_t>(vectors);
  for (std::size_t trial = 0; trial < kTrials; ++trial) {
    for (std::size_t column = 0; column < n; ++column) {
      double& sum = want[trial * n + column];
      if (trial == 1) sum = 7;
      for (std::size_t i = 0; trial != 1 && i < count; ++i)
        sum += double{x[trial * per_trial + i * n + column]};
    }
  }
  expect_equal(values(sums.read()), want);
}

TYPED_TEST(ColumnSumsTest, AreExactOnIntegers) {
  expect_sums<TypeParam>(1, 1, 1, 1);
  expect_sums<TypeParam>(5, 7, 1, 10);
  expect_sums<TypeParam>(3, 4, 9, 33);
  expect_sums<TypeParam>(2, 4, 256, 32);   // one part, whole, of two
  expect_sums<TypeParam>(3, 3, 171, 65);   // a second part of one vector
  expect_sums<TypeParam>(11, 12, 400, 3);  // more parts than are added side by side
  expect_sums<TypeParam>(0, 2, 300, 5);
}

TEST(ColumnSumsOfAnything, CarryNanAndInfinity) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const DeviceArray<float> x({std::nanf(""), 1, kInfinity, 1, 2, 3, 1, 2, -kInfinity});
  const DeviceArray<float> sums(3);
  const DeviceArray<float> workspace(3);
  const TrialTable one({.rows = 3, .max_rows = 3});
  kernels::column_sums({x.per_trial(), sums.per_trial(), workspace.per_trial(), 1, 3},
                       one.context());
  const std::vector<float> got = sums.read();
  EXPECT_TRUE(std::isnan(got[0]));
  EXPECT_EQ(got[1], 5);
  EXPECT_TRUE(std::isnan(got[2]));
}

}  // namespace
}  // namespace saltus::test
