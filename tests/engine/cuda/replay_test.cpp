// A run of the CPU, or of the emulated device, trained again on the device.
#include <filesystem>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/replay.h>

#include "core/file.h"
#include "tests/engine/sweep_support.h"

namespace saltus {
namespace {

using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class Replay : public testing::Test {
 protected:
  /// Two epochs of two steps.
  static SweepPlan plan(Device device) {
    SweepConfig config = test::small_config();
    config.device = device;
    config.train_limit = 32;
    return plan_sweep(config, test::small_data());
  }
  void train(Device device) {
    run_sweep(plan(device), {.folder = scratch_.path(), .trace_every = 1});
  }
  std::vector<ReplayPoint> replay(int epoch) {
    const SweepPlan plan = this->plan(Device::cuda);
    return replay_trial(plan, scratch_.path(), plan.trials[1].id, {.epoch = epoch});
  }

 private:
  ScratchFolder scratch_{std::filesystem::temp_directory_path()};
};

TEST_F(Replay, GivesTheBitsOfTheDevice) {
  train(Device::cuda);
  const std::vector<ReplayPoint> points = replay(2);
  ASSERT_THAT(points, SizeIs(2));
  for (const ReplayPoint& point : points) EXPECT_THAT(point.different, IsEmpty());
}

TEST_F(Replay, FindsAnotherOrderOfSums) {
  train(Device::cpu);
  const std::vector<ReplayPoint> points = replay(1);
  ASSERT_THAT(points, SizeIs(1));
  EXPECT_THAT(points[0].different, Not(IsEmpty()));
}

}  // namespace
}  // namespace saltus
