// saltus replay: does an epoch of a sweep give the same bits again?
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <saltus/dataset.h>
#include <saltus/error.h>
#include <saltus/replay.h>
#include <saltus/report.h>
#include <saltus/sweep.h>

#include "commands.h"
#include "common_options.h"
#include "data_progress.h"
#include "exit_codes.h"
#include "interrupt.h"
#include "lists.h"
#include "output.h"
#include "recorded.h"
#include "sweep_arguments.h"
#include "text_layout.h"

namespace saltus::app {
namespace {

namespace fs = std::filesystem;

struct ReplayArguments {
  std::string folder;
  std::string trial;
  std::string data;
  std::string device;
  int epoch = 1;
  std::int64_t points = 0;
  int threads = 0;
};

/// The sweep of a folder, planned for this machine.
SweepPlan plan_of(const ReplayArguments& arguments) {
  SweepArguments sweep;
  sweep.config = (fs::path(arguments.folder) / kSweepFile).string();
  sweep.given.insert("--config");
  if (!arguments.data.empty()) {
    sweep.data = arguments.data;
    sweep.given.insert("--data");
  }
  const std::optional<RecordedSweep> recorded = recorded_sweep(sweep);
  SweepConfig config = recorded->config;
  if (!arguments.device.empty()) config.device = parse_device(arguments.device);
  config.threads = arguments.threads;
  DataProgress progress;
  ImageDataset data = load_data(data_of(sweep, recorded), progress.options());
  throw_if_interrupted();
  check_same_data(sweep, recorded, data);
  return plan_sweep(std::move(config), std::move(data));
}

/// Whether every bit is the run's.
bool replay(const SweepPlan& plan, const ReplayArguments& arguments, const std::string& id,
            const std::atomic<bool>& interrupted) {
  const TrialSpec& trial = *std::ranges::find(plan.trials, id, &TrialSpec::id);
  const std::vector<ReplayPoint> points = replay_trial(
      plan, arguments.folder, id,
      {.epoch = arguments.epoch, .points = arguments.points, .interrupt = &interrupted});
  throw_if_interrupted();
  print("{}, seed {} ({}), epoch {}: ", setting_labels(plan.settings)[trial.setting], trial.seed,
        id, arguments.epoch);
  const ReplayPoint& last = points.back();
  if (last.different.empty()) {
    print("equal, at {} up to step {}\n", counted(points.size(), "point"), last.step);
    return true;
  }
  const std::string weights = fmt::format("{}", fmt::join(last.different, ", "));
  print("differs at step {} in {}; {}\n", last.step, weights,
        points.size() == 1 ? std::string("that is the first point")
                           : fmt::format("equal up to step {}", points[points.size() - 2].step));
  return false;
}

int run_replay(const ReplayArguments& arguments) {
  const std::atomic<bool>& interrupted = catch_interrupts();
  const SweepPlan plan = plan_of(arguments);
  std::vector<std::string> trials = {arguments.trial};
  if (arguments.trial.empty()) trials = traced_trials(plan, arguments.folder);
  if (trials.empty()) {
    throw InvalidArgument(
        fmt::format("{} has no traces: only what was trained with --trace K can be replayed",
                    arguments.folder));
  }
  if (std::ranges::find(plan.trials, trials.front(), &TrialSpec::id) == plan.trials.end()) {
    throw InvalidArgument(
        fmt::format("the sweep has no trial {}: results.json has their ids", trials.front()));
  }
  bool equal = true;
  for (const std::string& id : trials) equal = replay(plan, arguments, id, interrupted) && equal;
  return equal ? 0 : kDifferent;
}

}  // namespace

Run make_replay(CLI::App& command) {
  const auto arguments = std::make_shared<ReplayArguments>();
  command.add_option("DIR", arguments->folder, "The folder of a sweep that ran with --trace")
      ->required()
      ->type_name("DIR");
  command
      .add_option("--trial", arguments->trial, "Only this trial, by its id (default: all traced)")
      ->type_name("ID");
  add_number(command, "--epoch", arguments->epoch, "The epoch to train again, from 1")
      ->type_name("N");
  add_number(command, "--points", arguments->points,
             "Compare only so many points of it; 0: to its end")
      ->type_name("N");
  command
      .add_option("--device", arguments->device,
                  "Where to train it again (default: as the sweep was)")
      ->type_name("auto|cpu|cuda");
  add_threads(command, arguments->threads);
  command.add_option("--data", arguments->data, "The sweep's data, if they are elsewhere now")
      ->type_name("NAME|DIR|FILE");
  command.footer(
      "Exit code: 0 all bits are equal, 3 some are not.\nExample:\n  saltus sweep --trace 64 --out "
      "runs/traced\n  saltus replay runs/traced --epoch 2 --points 1");
  return [arguments] { return run_replay(*arguments); };
}

}  // namespace saltus::app
