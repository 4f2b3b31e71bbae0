#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/accuracy.h>
#include <saltus/error.h>

namespace saltus {
namespace {

constexpr std::uint32_t kStride = 100003;
constexpr std::uint64_t kInputs = ((std::uint64_t{1} << 32) + kStride - 1) / kStride;

TEST(Accuracy, ExactFunctionsHaveNoError) {
  const auto result = measure_accuracy(Activation::parse("relu"), {.stride = kStride});
  EXPECT_EQ(result.inputs, kInputs);
  EXPECT_EQ(result.f.ulp.size, 0);
  EXPECT_EQ(result.df.ulp.size, 0);
  EXPECT_EQ(result.nan_disagreements, 0u);
}

TEST(Accuracy, ARoundedResultIsOffByHalfAUnitAtMost) {
  // alpha x is one multiplication.
  const auto result = measure_accuracy(Activation::parse("leaky_relu"), {.stride = kStride});
  EXPECT_GT(result.f.ulp.size, 0.4);
  EXPECT_LE(result.f.ulp.size, 0.5);
  EXPECT_LT(result.f.ulp.at, 0);
}

TEST(Accuracy, TheWorstErrorIsWhereItSaysWhateverTheThreads) {
  const Activation tanh = Activation::parse("tanh");
  const auto a = measure_accuracy(tanh, {.stride = kStride, .threads = 1});
  const auto b = measure_accuracy(tanh, {.stride = kStride, .threads = 3});
  EXPECT_EQ(a.f.ulp.at, b.f.ulp.at);
  EXPECT_EQ(a.df.ulp.at, b.df.ulp.at);
  const double truth = std::tanh(double{a.f.ulp.at});
  const double ulp = std::ldexp(1.0, std::ilogb(truth) - 23);
  EXPECT_DOUBLE_EQ(std::abs(double{tanh.f(a.f.ulp.at)} - truth) / ulp, a.f.ulp.size);
}

TEST(Accuracy, ZerosOfTheSlopeAreSetApart) {
  const auto result = measure_accuracy(Activation::parse("gelu"), {.stride = 1009});
  EXPECT_GT(result.df.near_zero.size, 0);
  EXPECT_NEAR(result.df.near_zero.at, -0.7518, 0.1);
  EXPECT_LT(result.df.ulp.size, 20);
}

TEST(Accuracy, MoreInputsFindNoSmallerErrors) {
  // Every 7063rd input is among every 1009th; the worst in ulp hides no worse one beside a zero.
  const Activation gelu = Activation::parse("gelu");
  const auto some = measure_accuracy(gelu, {.stride = 7063, .threads = 1});
  const auto more = measure_accuracy(gelu, {.stride = 1009, .threads = 1});
  EXPECT_GE(more.df.near_zero.size, some.df.near_zero.size);
  EXPECT_GE(more.df.ulp.size, some.df.ulp.size);
}

TEST(Accuracy, ReportsItsProgressToTheEnd) {
  std::vector<std::uint64_t> reports;
  AccuracyOptions options{.stride = 331};
  options.progress = [&](std::uint64_t done, std::uint64_t all) {
    EXPECT_LE(done, all);
    reports.push_back(done);
  };
  const auto result = measure_accuracy(Activation::parse("relu"), options);
  EXPECT_GE(reports.size(), 3u);
  EXPECT_THAT(reports, testing::Contains(result.inputs));
}

TEST(Accuracy, WhatProgressThrowsEndsTheWalk) {
  const AccuracyOptions options{.stride = 331, .progress = [](std::uint64_t, std::uint64_t) {
                                  throw std::runtime_error("x");
                                }};
  EXPECT_THROW((void)measure_accuracy(Activation::parse("relu"), options), std::runtime_error);
}

TEST(Accuracy, RefusesAStrideOfZeroAndLessThanNoThreads) {
  EXPECT_THROW((void)measure_accuracy(Activation(), {.stride = 0}), InvalidArgument);
  EXPECT_THROW((void)measure_accuracy(Activation(), {.threads = -1}), InvalidArgument);
}

TEST(Accuracy, TableHasARowForEachResult) {
  const std::vector results = {
      measure_accuracy(Activation::parse("elu:alpha=0.5"), {.stride = kStride}),
      measure_accuracy(Activation::parse("relu"), {.stride = kStride})};
  const std::string table = accuracy_table(results);
  EXPECT_THAT(table, testing::HasSubstr("| `elu:alpha=0.5` |"));
  EXPECT_THAT(table, testing::HasSubstr("| `relu` | 0.00 |"));
}

}  // namespace
}  // namespace saltus
