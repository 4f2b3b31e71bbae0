#include <cmath>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/depth_grid.h>
#include <saltus/error.h>
#include <saltus/theory.h>

namespace saltus {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

DepthGrid grid_of(std::vector<double> expected, std::vector<double> accuracy) {
  DepthGrid grid;
  grid.depths = {2, 8, 32};
  grid.weight_variances.assign(expected.size(), 1.0);
  grid.expected_depth = std::move(expected);
  grid.accuracy = std::move(accuracy);
  return grid;
}

TEST(DepthGrid, SaysHowDeepNetworksWereTrained) {
  // Ten classes and a best of 0.9: the middle is 0.5.
  const DepthGrid grid = grid_of({1, 1, 1, 1, 1}, {0.9, 0.5, 0.5,    // to the end
                                                   0.4, 0.9, 0.9,    // not even the first
                                                   0.9, 0.7, 0.3,    // half-way between 8 and 32
                                                   0.9, kNan, 0.9,   // half-way between 2 and 8
                                                   0.6, 0.4, 0.1});  // likewise
  EXPECT_THAT(trained_depths(grid, 10),
              testing::Pointwise(testing::DoubleNear(1e-12), {32.0, 2.0, 16.0, 4.0, 4.0}));
}

TEST(DepthGrid, RanksBothDepths) {
  // Ranks of theory: 1, 2, 3.5, 3.5 (the last two are cut to 32); of what was trained: 1, 2, 4, 3.
  const DepthGrid grid = grid_of({1, 4, 100, INFINITY}, {0.1, 0.1, 0.1,    // 2
                                                         0.9, 0.1, 0.1,    // 4
                                                         0.9, 0.9, 0.9,    // 32
                                                         0.9, 0.9, 0.1});  // 16
  // Pearson of the ranks: covariance 4.5 (of deviations), variances 4.5 and 5.
  EXPECT_NEAR(depth_correlation(std::vector{grid}, 10), 4.5 / std::sqrt(4.5 * 5), 1e-12);
  const DepthGrid alike = grid_of({1, 1}, {0.9, 0.1, 0.1, 0.9, 0.9, 0.1});
  EXPECT_TRUE(std::isnan(depth_correlation(std::vector{alike}, 10)));
}

/// Two classes that one weight tells apart.
struct Data {
  std::vector<std::uint8_t> inputs;
  std::vector<std::int32_t> labels;

  Data() {
    for (int i = 0; i < 64; ++i) {
      labels.push_back(i % 2);
      for (int j = 0; j < 4; ++j)
        inputs.push_back(static_cast<std::uint8_t>(i % 2 == 1 ? 200 + j : 20 + i % 5));
    }
  }
  Samples samples() const {
    return {.count = 64,
            .inputs = std::span<const std::uint8_t>(inputs),
            .targets = std::span<const std::int32_t>(labels)};
  }
};

TEST(DepthGrid, TrainsEveryCell) {
  const Data data;
  std::vector<std::int64_t> done;
  DepthGridOptions options = {.depths = {1, 3},
                              .weight_variances = {1, 1e12},
                              .width = 8,
                              .epochs = 12,
                              .batch_size = 8,
                              .threads = 1,
                              .progress = [&](std::int64_t now, std::int64_t all) {
                                done.push_back(now);
                                EXPECT_EQ(all, 4);
                              }};
  const auto train = [&](std::string_view activation) {
    return train_depth_grid(Activation::parse(activation), data.samples(), data.samples(), {4}, 2,
                            options);
  };
  const DepthGrid grid = train("relu");
  ASSERT_EQ(grid.accuracy.size(), 4U);
  EXPECT_EQ(grid.at(0, 0), 1);
  EXPECT_EQ(grid.at(0, 1), 1);
  EXPECT_TRUE(std::isnan(grid.at(1, 1)));  // 1e6 to the power of 3
  EXPECT_THAT(done, testing::ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(grid.expected_depth.at(0), propagate_signals("relu", 1).depth);

  options.threads = 2;
  done.clear();
  const DepthGrid again = train("relu");
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(again.accuracy[i], grid.accuracy[i]);

  options.progress = [](auto, auto) { throw std::runtime_error("stop"); };
  EXPECT_THROW(train("relu"), std::runtime_error);
}

TEST(DepthGrid, RefusesWhatIsNoGrid) {
  const Data data;
  const auto train = [&](const DepthGridOptions& options) {
    return train_depth_grid("relu", data.samples(), data.samples(), {4}, 2, options);
  };
  EXPECT_THROW(train({.depths = {}}), InvalidArgument);
  EXPECT_THROW(train({.depths = {4, 2}}), InvalidArgument);
  EXPECT_THROW(train({.depths = {0}}), InvalidArgument);
  EXPECT_THROW(train({.weight_variances = {}}), InvalidArgument);
  EXPECT_THROW(train({.weight_variances = {-1}}), InvalidArgument);
  EXPECT_THROW(train({.epochs = 0}), InvalidArgument);
}

}  // namespace
}  // namespace saltus
