#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/kernels/convolution/convolution.h>
#include <saltus/kernels/convolution/depthwise.h>
#include <saltus/kernels/device/extents.h>
#include <saltus/kernels/device/grid.h>
#include <saltus/kernels/elementwise/column_sums.h>
#include <saltus/kernels/normalization/normalize.h>
#include <saltus/kernels/pooling/pooling.h>

#include "tests/kernels/device/trial_table.h"
#include "tests/kernels/device/windows.h"

namespace saltus::test {
namespace {

using kernels::Grid;
using kernels::product_window;
using testing::HasSubstr;

/// What is said against something; "" where nothing is.
template <class Work>
std::string refusal(Work work) {
  try {
    work();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return {};
}

TEST(GridTest, HoldsWhatCudaCounts) {
  EXPECT_EQ(Grid(2147483647, 65535, 65535).extent().x, 2147483647U);
  EXPECT_EQ(Grid(1, 65535).extent().y, 65535U);
  EXPECT_THAT(refusal([] { Grid(2147483648); }), HasSubstr("needs 2147483648 x 1 x 1 blocks"));
  EXPECT_THAT(refusal([] { Grid(1, 65536); }), HasSubstr("use smaller layers or batches"));
  EXPECT_THAT(refusal([] { Grid(1, 1, 65536); }), HasSubstr("fewer trials side by side"));
  EXPECT_TRUE(Grid(0).empty());
  EXPECT_FALSE(Grid(1).empty());
}

TEST(GridTest, BlocksAreRoundedUpWithoutOverflow) {
  EXPECT_EQ(kernels::blocks_for(0, 4), 0);
  EXPECT_EQ(kernels::blocks_for(1, 4), 1);
  EXPECT_EQ(kernels::blocks_for(8, 4), 2);
  EXPECT_EQ(kernels::blocks_for(9, 4), 3);
  EXPECT_EQ(kernels::blocks_for(std::numeric_limits<std::int64_t>::max(), 2),
            std::int64_t{1} << 62);
}

TEST(ExtentsTest, ProductsAreWholeOrRefused) {
  EXPECT_EQ(kernels::product(1 << 30, 1 << 30, 4), std::int64_t{1} << 62);
  EXPECT_THAT(refusal([] { kernels::product(1 << 30, 1 << 30, 8); }), HasSubstr("2^63"));
}

/// Windows at the limits, and batches: a convolution, or what it is refused for.
struct Limit {
  kernels::Window window;
  int rows;
  std::string refusal = {};
};

class ExtentsLimit : public testing::TestWithParam<Limit> {};

TEST_P(ExtentsLimit, IsOneForAllThatCheckIt) {
  const auto& [window, rows, expected] = GetParam();
  const TrialTable table({.rows = 1, .max_rows = rows});
  kernels::LaunchContext context = table.context();
  const auto said = [&](auto work) { EXPECT_THAT(refusal(work), HasSubstr(expected)); };
  said([&] { kernels::check_convolution(window, rows); });
  if (expected.empty()) {
    EXPECT_EQ(refusal([&] { kernels::check_convolution(window, rows); }), "");
    return;
  }
  // Before anything is launched, and before memory is asked for.
  said([&] { kernels::convolution_forward_workspace(kernels::Engine::simt, window, rows); });
  said([&] { kernels::convolution_backward_filter_workspace(window, rows); });
  using kernels::Engine;
  said([&] {
    kernels::convolution_forward<float, float>(Engine::simt, {window, {}, {}, {}, {}}, context);
  });
  said([&] {
    kernels::convolution_backward_data<float, float>(Engine::simt, {window, {}, {}, {}}, context);
  });
  said([&] {
    kernels::convolution_backward_filter<float>(Engine::simt, {window, {}, {}, {}, {}, {}},
                                                context);
  });
}

const std::string kPixels = "more than 2^31 pixels at once";
const std::string kElements = "more than 2^31 elements of one image";
const std::string kWeights = "more than 2^31 weights, or elements under one window";

INSTANTIATE_TEST_SUITE_P(
    Convolutions, ExtentsLimit,
    testing::Values(
        // 511 images of 2048 x 2048 are 2^31 - 2^22 pixels.
        Limit{window_of({.image = {2048, 2048}, .size = {3, 3}, .same = true, .in = 4, .out = 4}),
              511},
        Limit{window_of({.image = {2048, 2048}, .size = {3, 3}, .same = true, .in = 4, .out = 4}),
              512, kPixels},
        Limit{window_of({.image = {4096, 4096}, .size = {3, 3}, .same = true, .in = 16, .out = 16}),
              256, kPixels},
        // 1023 x 2048 x 1024 elements are 2^31 - 2^21; a tile asks for the rows below, too.
        Limit{window_of({.image = {1020, 2048}, .size = {1, 1}, .in = 1024, .out = 8}), 1},
        Limit{window_of({.image = {1024, 2048}, .size = {1, 1}, .in = 1024, .out = 8}), 1,
              kElements},
        Limit{window_of({.image = {1024, 2048}, .size = {1, 1}, .in = 8, .out = 1024}), 1,
              kElements},
        // Where a window begins outside is told by 2^30.
        Limit{window_of({.image = {(1 << 30) - 2, 1}, .size = {1, 1}}), 1},
        Limit{window_of({.image = {(1 << 30) - 1, 1}, .size = {1, 1}}), 1, kElements},
        // The last tap and channel under a window, where a tile's last column lies below it.
        Limit{window_of({.image = {1, 1 << 20}, .size = {1, 3}, .in = 16, .out = 16}), 1},
        Limit{window_of({.image = {1, 1 << 27}, .size = {1, 3}, .in = 1, .out = 1}), 1, kWeights},
        Limit{window_of({.image = {4096, 4096}, .size = {4096, 4096}, .in = 128, .out = 1}), 1,
              kElements},
        // Weights.
        Limit{product_window(1, 46340, 46340), 128},
        Limit{product_window(1, 50000, 50000), 128, kWeights},
        Limit{window_of({.image = {3, 3}, .size = {3, 3}, .in = 15447, .out = 15447}), 1, kWeights},
        Limit{product_window(1, 1'000'000'000, 1), 2},
        Limit{product_window(1, 1'100'000'000, 1), 2, kWeights}));

TEST(ExtentsTest, PoolingsAndDepthwiseConvolutionsAreRefusedBeforeAnythingRuns) {
  const kernels::Window window =
      window_of({.image = {2048, 2048}, .size = {2, 2}, .strides = {2, 2}, .in = 4, .out = 4});
  const TrialTable table({.rows = 1, .max_rows = 512});
  const kernels::LaunchContext context = table.context();
  const auto refused = [&](auto pool, auto arguments) {
    arguments.window = window;
    EXPECT_THAT(refusal([&] { pool(arguments, context); }), HasSubstr(kPixels));
  };
  refused(kernels::max_pool, kernels::MaxPool{});
  refused(kernels::max_pool_backward, kernels::MaxPoolBackward{});
  refused(kernels::activate_pool, kernels::ActivatePool{});
  refused(kernels::average_pool, kernels::AveragePool{});
  refused(kernels::average_pool_backward, kernels::AveragePoolBackward{});
  refused(kernels::depthwise_forward, kernels::DepthwiseForward{});
  refused(kernels::depthwise_backward_data, kernels::DepthwiseBackwardData{});
  refused(kernels::depthwise_backward_filter, kernels::DepthwiseBackwardFilter{});
  EXPECT_THAT(refusal([&] { kernels::depthwise_backward_filter_workspace(window, 512); }),
              HasSubstr(kPixels));
}

TEST(ExtentsTest, OfOtherSumsToo) {
  EXPECT_EQ(kernels::column_sums_workspace(1 << 20, 3, 2047), std::int64_t{2047} * 2048 * 3);
  EXPECT_THAT(refusal([] { kernels::column_sums_workspace(1 << 20, 3, 2048); }),
              HasSubstr("more than 2^31"));
  EXPECT_EQ(kernels::normalize_workspace({1 << 30, 64}, 1024), std::int64_t{2} << 36);
  EXPECT_THAT(refusal([] {
                kernels::normalize_workspace({std::int64_t{1} << 50, 1 << 30}, 1024);
              }),
              HasSubstr("2^63"));
}

TEST(ExtentsTest, WorkspacesAreCountedIn64Bits) {
  // A part for every 512 of 1024 x 224 x 224 pixels.
  const kernels::Window w = window_of({.image = {226, 226}, .size = {3, 3}, .in = 16, .out = 16});
  EXPECT_EQ(kernels::convolution_backward_filter_workspace(w, 1024),
            std::int64_t{100'352} * (9 * 16 + 1) * 16);
  // A part is as long as a 128th of the weights, in whole 512s.
  EXPECT_EQ(kernels::convolution_backward_filter_workspace(product_window(1, 46340, 46340), 128),
            0);
}

}  // namespace
}  // namespace saltus::test
