// saltus sweep: from options to trained networks, files, pictures and a ranking.
#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <saltus/dataset.h>
#include <saltus/error.h>
#include <saltus/machine.h>
#include <saltus/report.h>
#include <saltus/sweep.h>

#include "commands.h"
#include "data_progress.h"
#include "interrupt.h"
#include "output.h"
#include "output_folder.h"
#include "quick.h"
#include "recorded.h"
#include "sweep_arguments.h"
#include "sweep_console.h"

namespace saltus::app {
namespace {

namespace fs = std::filesystem;

/// Runs a part of the preparation. With --config, an error says that options may come from there.
template <class Call>
auto prepare(const SweepArguments& arguments, Call call) {
  const auto said = [&](const Error& error) {
    return fmt::format("{} (options that are not typed are those of {})", error.what(),
                       arguments.config);
  };
  try {
    return call();
  } catch (const InvalidArgument& error) {
    if (arguments.config.empty()) throw;
    throw InvalidArgument(said(error));
  } catch (const DeviceError& error) {
    if (arguments.config.empty()) throw;
    throw DeviceError(said(error));
  }
}

/// Shows progress, and has it written.
class SavingConsole : public SweepConsole {
 public:
  SavingConsole(const SweepPlan& plan, std::span<const TrialResult> done, SweepWriter& writer)
      : SweepConsole(plan, done), writer_(writer) {}

  void on_trial_resumed(const TrialSpec& trial, const History& history) override {
    writer_.on_trial_resumed(trial, history);
    SweepConsole::on_trial_resumed(trial, history);
  }
  void on_progress(const TrialSpec& trial, const TrialProgress& progress) override {
    writer_.on_progress(trial, progress);
    SweepConsole::on_progress(trial, progress);
  }
  void on_epoch_end(const TrialSpec& trial, int epoch, const Logs& logs) override {
    writer_.on_epoch_end(trial, epoch, logs);
    SweepConsole::on_epoch_end(trial, epoch, logs);
  }
  void on_trial_end(const TrialSpec& trial, const TrialResult& result,
                    std::span<const TrialResult> all) override {
    writer_.on_trial_end(trial, result, all);
    SweepConsole::on_trial_end(trial, result, all);
  }

 private:
  SweepWriter& writer_;
};

/// Results of an earlier run; none where it did not come so far. Throws InvalidArgument where this
/// sweep would drop one.
std::vector<TrialResult> earlier_results(const fs::path& out, const SweepPlan& plan) {
  std::vector<TrialResult> trials = read_trials(out);
  std::erase_if(trials, [](const TrialResult& t) { return t.status == TrialStatus::stopped; });
  std::set<std::string> planned;
  for (const TrialSpec& trial : plan.trials) planned.insert(trial.id);
  const auto dropped = std::count_if(trials.begin(), trials.end(), [&](const TrialResult& trial) {
    return !planned.contains(trial.id);
  });
  if (dropped > 0) {
    throw InvalidArgument(fmt::format(
        "{} holds {} finished trials that this sweep has not: to go on, repeat its options (more "
        "activations, values or seeds may be added), or name another folder with --out",
        out.string(), dropped));
  }
  return trials;
}

int run_sweep_command(const SweepArguments& arguments) {
  const std::optional<RecordedSweep> recorded = recorded_sweep(arguments);
  SweepConfig config = prepare(
      arguments, [&] { return sweep_config(arguments, recorded ? &recorded->config : nullptr); });
  const int concurrent = concurrent_trials(arguments);
  const Existing existing = existing_results(arguments);
  check_output_folder(arguments.out.empty() ? default_parent() : fs::path(arguments.out), existing);

  const std::atomic<bool>& interrupted = catch_interrupts();
  DataProgress data_progress;
  const ImageDataset data = load_dataset(data_of(arguments, recorded), data_progress.options());
  throw_if_interrupted();
  check_same_data(arguments, recorded, data);
  if (arguments.quick) {
    const fs::path earlier = fs::path(arguments.out) / "sweep.json";
    if (existing == Existing::resume && fs::exists(earlier)) {
      take_quick_size(arguments, read_sweep_json(earlier).config, config);
    } else {
      choose_quick_size(arguments, data, config);
    }
    throw_if_interrupted();
  }
  const SweepPlan plan = prepare(arguments, [&] { return plan_sweep(config, data); });

  const OutputFolder folder(
      arguments.out.empty() ? default_out(data.name) : fs::path(arguments.out), existing);
  const fs::path& out = folder.path();
  std::vector<TrialResult> done;
  if (existing == Existing::resume) done = earlier_results(out, plan);
  SweepWriter writer(out, config, data, plan, done);

  print_plan(config, data, plan, done.size(), out);
  SavingConsole console(plan, done, writer);
  const SweepResult result = run_sweep(config, data,
                                       {.observer = &console,
                                        .done = done,
                                        .interrupt = &interrupted,
                                        .side_by_side = concurrent,
                                        .folder = out,
                                        .save = parse_saved_models(arguments.save),
                                        .resume = existing == Existing::resume});
  if (!result.complete && !writer.begun()) throw Interrupted();
  writer.write(result);
  print_ranking(result);
  flush_output();
  draw_sweep(out, config, data, result);
  print(
      "\nwrote sweep.json, history.jsonl, history.csv, results.json, accuracy and loss (.svg, "
      ".png) into "
      "{}\n",
      out.string());
  if (result.complete) return 0;
  note("saltus: interrupted: the same command with --out {} --resume goes on\n", out.string());
  return interrupt_exit_code();
}

}  // namespace

void add_sweep_command(CLI::App& program, Run& chosen) {
  CLI::App* command = program.add_subcommand(
      "sweep",
      "Trains the tutorial's convolutional network once for each activation, setting and seed, "
      "ranks them with intervals, and writes tables and pictures");
  const auto arguments = std::make_shared<SweepArguments>();
  add_sweep_options(*command, arguments);
  command->callback(
      [arguments, &chosen] { chosen = [arguments] { return run_sweep_command(*arguments); }; });
}

}  // namespace saltus::app
