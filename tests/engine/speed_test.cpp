#include <cmath>
#include <stdexcept>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/error.h>
#include <saltus/speed.h>

namespace saltus {
namespace {

// What a time is belongs into no test; that there is one, does.
TEST(Speed, IsMeasuredOfEach) {
  const std::vector<Activation> activations = {"gelu", "x * sign(x)", "swish:beta=learned"};
  std::vector<std::int64_t> done;
  const std::vector<ActivationSpeed> speeds =
      measure_speed(activations, {.rounds = 3, .progress = [&](std::int64_t now, std::int64_t all) {
                                    done.push_back(now);
                                    EXPECT_EQ(all, 9);
                                  }});
  ASSERT_EQ(speeds.size(), 3U);
  for (std::size_t i = 0; i < speeds.size(); ++i) {
    EXPECT_EQ(speeds[i].activation, activations[i]);
    for (const Cost& cost : {speeds[i].forward, speeds[i].training}) {
      EXPECT_GT(cost.nanoseconds, 0);
      EXPECT_GT(cost.to_relu, 0);
      EXPECT_TRUE(std::isfinite(cost.nanoseconds * cost.to_relu));
    }
  }
  EXPECT_THAT(done, testing::ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9));
}

TEST(Speed, RefusesNoRoundsAndCanBeStopped) {
  const std::vector<Activation> activations = {"relu"};
  EXPECT_THROW(measure_speed(activations, {.rounds = 0}), InvalidArgument);
  EXPECT_THROW(measure_speed(activations, {.rounds = 1001}), InvalidArgument);
  EXPECT_THROW(measure_speed(activations,
                             {.progress = [](auto, auto) { throw std::runtime_error("stop"); }}),
               std::runtime_error);
}

}  // namespace
}  // namespace saltus
