#include "train/save_clock.h"

#include <gtest/gtest.h>

namespace saltus::train {
namespace {

TEST(SaveClock, IsDueSoManySecondsAfterItWasLast) {
  SaveClock::Clock::time_point now;
  SaveClock clock({.seconds = 10}, "test", [&] { return now; });
  const auto due_at = [&](int seconds) {
    now = SaveClock::Clock::time_point(std::chrono::seconds(seconds));
    return clock.is_due_now();
  };
  EXPECT_FALSE(due_at(9));
  EXPECT_TRUE(due_at(12));
  EXPECT_FALSE(due_at(13));
  EXPECT_FALSE(due_at(21));
  EXPECT_TRUE(due_at(22));
  now = SaveClock::Clock::time_point(std::chrono::seconds(30));
  clock.begin();
  EXPECT_FALSE(due_at(39));
  EXPECT_TRUE(due_at(40));
}

}  // namespace
}  // namespace saltus::train
