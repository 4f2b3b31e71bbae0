// Traces of a sweep, and epochs of it that are trained again.
#include <atomic>
#include <bit>
#include <filesystem>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/callbacks.h>
#include <saltus/error.h>
#include <saltus/replay.h>

#include "core/file.h"
#include "sweep/trial_traces.h"
#include "tests/engine/sweep_support.h"
#include "train/model_file.h"
#include "train/weight_digest.h"

namespace saltus {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// The places of points: 10 times the epoch, and the step.
std::vector<int> places(const std::vector<TracePoint>& points) {
  std::vector<int> places;
  for (const TracePoint& point : points)
    places.push_back(10 * point.epoch + static_cast<int>(point.step));
  return places;
}

class Replay : public testing::Test {
 protected:
  /// Epochs of four steps.
  static SweepPlan plan() { return plan_sweep(test::small_config(), test::small_data()); }
  SweepResult train(const SweepPlan& plan, std::int64_t every = 3, SweepOptions options = {}) {
    options.folder = folder();
    options.trace_every = every;
    return run_sweep(plan, options);
  }
  std::string trace(const std::string& id) const {
    return read_file(trace_file(folder(), id), 1 << 20);
  }
  const fs::path& folder() const { return scratch_.path(); }

 private:
  ScratchFolder scratch_{fs::temp_directory_path()};
};

TEST(WeightDigest, IsThatOfTheFormat) {
  // By Python's integers.
  EXPECT_EQ(train::weight_digest(std::vector{1.0F, -0.0F, 0.25F}), 0xb6dff929152d02bdU);
}

TEST(WeightDigest, ChangesWithEachBitAndPlace) {
  const std::vector<float> values = {1.0F, -0.5F, 0.0F, 3e-40F};
  const std::uint64_t digest = train::weight_digest(values);
  for (std::size_t place = 0; place < values.size(); ++place) {
    for (int bit = 0; bit < 32; ++bit) {
      std::vector<float> changed = values;
      changed[place] =
          std::bit_cast<float>(std::bit_cast<std::uint32_t>(values[place]) ^ (1U << bit));
      EXPECT_NE(train::weight_digest(changed), digest) << place << ", bit " << bit;
    }
  }
  EXPECT_NE(train::weight_digest(std::vector{-0.5F, 1.0F, 0.0F, 3e-40F}), digest);
  EXPECT_NE(train::weight_digest(std::vector{1.0F, -0.5F, 0.0F, 3e-40F, 0.0F}), digest);
}

TEST_F(Replay, GivesTheSameBits) {
  const SweepPlan plan = this->plan();
  train(plan);
  EXPECT_THAT(traced_trials(plan, folder()), ElementsAre(plan.trials[0].id, plan.trials[1].id));
  for (const TrialSpec& trial : plan.trials) {
    EXPECT_THAT(places(read_trace(trace_file(folder(), trial.id))), ElementsAre(13, 14, 23, 24));
    for (const int epoch : {1, 2}) {
      std::vector<std::int64_t> steps;
      const auto points = replay_trial(
          plan, folder(), trial.id,
          {.epoch = epoch, .on_point = [&](const ReplayPoint& p) { steps.push_back(p.step); }});
      EXPECT_THAT(steps, ElementsAre(3, 4));
      ASSERT_THAT(points, SizeIs(2));
      for (const ReplayPoint& point : points) {
        EXPECT_EQ(point.epoch, epoch);
        EXPECT_THAT(point.different, IsEmpty());
      }
    }
  }
  EXPECT_THAT(replay_trial(plan, folder(), plan.trials[0].id, {.epoch = 2, .points = 1}),
              SizeIs(1));
}

TEST_F(Replay, KeepsTheSameTraceBesideOthersAndWithoutTraces) {
  const SweepPlan plan = this->plan();
  const SweepResult traced = train(plan);
  const std::string alone = trace(plan.trials[1].id);
  SweepOptions options;
  options.side_by_side = 2;
  train(plan, 3, options);
  EXPECT_EQ(trace(plan.trials[1].id), alone);
  EXPECT_EQ(results_digest(run_sweep(plan)), results_digest(traced));
}

TEST_F(Replay, FindsABitOfTheStateAndOfADigest) {
  const SweepPlan plan = this->plan();
  train(plan, 1);
  const std::string& id = plan.trials[0].id;
  const fs::path state = trace_state_file(folder(), id, 1);
  const train::ModelFile before = train::read_model(state);
  train::ModelFile changed = before;
  float& weight = changed.state.weights[2][7];
  weight = std::bit_cast<float>(std::bit_cast<std::uint32_t>(weight) ^ 1U);
  train::write_model(state, changed);
  const auto points = replay_trial(plan, folder(), id, {.epoch = 2});
  ASSERT_THAT(points, SizeIs(1));
  EXPECT_THAT(points[0].different, testing::Contains("conv2d_1/kernel"));
  EXPECT_THAT(replay_trial(plan, folder(), id, {.epoch = 1}), SizeIs(4));

  train::write_model(state, before);
  std::vector<TracePoint> trace = read_trace(trace_file(folder(), id));
  std::string text = this->trace(id);
  const std::string digest = fmt::format("{:016x}", trace[6].weights[1]);
  const std::size_t at = text.rfind(digest);
  ASSERT_NE(at, std::string::npos);
  text[at] = text[at] == '0' ? '1' : '0';
  write_file_atomic(trace_file(folder(), id), text);
  const auto now = replay_trial(plan, folder(), id, {.epoch = 2});
  ASSERT_THAT(now, SizeIs(3));
  EXPECT_THAT(now[1].different, IsEmpty());
  EXPECT_THAT(now[2].different, ElementsAre("conv2d/bias"));
}

TEST_F(Replay, GoesOnWithTheTraceOfASweepThatWasStopped) {
  const SweepPlan plan = this->plan();
  train(plan, 1);
  const std::string whole = trace(plan.trials[1].id);

  std::atomic<bool> stop = false;
  SweepOptions options;
  options.interrupt = &stop;
  options.callbacks = [&](const TrialSpec& trial) -> std::vector<CallbackPtr> {
    if (trial.id != plan.trials[1].id) return {};
    return {
        LambdaCallback{.on_epoch_end = [&](int, const Logs&, TrainingControl&) { stop = true; }}};
  };
  std::vector<TrialResult> done;
  options.on_trial_end = [&](const TrialSpec&, const TrialResult& result, auto) {
    done.push_back(result);
  };
  EXPECT_FALSE(train(plan, 1, options).complete);
  EXPECT_THAT(places(read_trace(trace_file(folder(), plan.trials[1].id))),
              ElementsAre(11, 12, 13, 14));
  // A line that was not finished, as of a program that was killed.
  write_file_atomic(trace_file(folder(), plan.trials[1].id),
                    trace(plan.trials[1].id) + "{\"epoch\": 2, \"st");
  stop = false;
  SweepOptions again;
  again.resume = true;
  again.done = done;
  EXPECT_TRUE(train(plan, 1, again).complete);
  EXPECT_EQ(trace(plan.trials[1].id), whole);

  // A sweep from the beginning leaves nothing of another.
  write_file_atomic(folder() / "traces" / "other.jsonl", "");
  train(plan, 1);
  EXPECT_FALSE(fs::exists(folder() / "traces" / "other.jsonl"));
}

TEST_F(Replay, SaysWhatIsMissing) {
  const SweepPlan plan = this->plan();
  const std::string& id = plan.trials[0].id;
  const auto said = [&](const std::string& trial, int epoch) -> std::string {
    try {
      replay_trial(plan, folder(), trial, {.epoch = epoch});
    } catch (const InvalidArgument& error) {
      return error.what();
    }
    return "nothing";
  };
  EXPECT_THAT(said(id, 1), HasSubstr("has no trace of trial " + id));
  train(plan);
  EXPECT_THAT(said("0123456789abcdef", 1), HasSubstr("no trial 0123456789abcdef"));
  EXPECT_THAT(said(id, 3), HasSubstr("has no epoch 3"));
  EXPECT_THAT(said(id, 0), HasSubstr("epochs count from 1"));
  fs::remove(trace_state_file(folder(), id, 1));
  EXPECT_THAT(said(id, 2), HasSubstr("is missing, from which epoch 2 begins"));
  write_file_atomic(trace_file(folder(), id), "{\"epoch\": 1, \"step\": 1}\n");
  EXPECT_THROW(replay_trial(plan, folder(), id), DataError);
  EXPECT_THROW(run_sweep(plan, {.trace_every = 1}), InvalidArgument);
  EXPECT_THROW(run_sweep(plan, {.folder = folder(), .trace_every = -1}), InvalidArgument);
}

}  // namespace
}  // namespace saltus
