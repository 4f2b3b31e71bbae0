// saltus sweep: from options to trained networks, files, pictures and a ranking.
#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <saltus/accuracy.h>
#include <saltus/dataset.h>
#include <saltus/error.h>
#include <saltus/machine.h>
#include <saltus/report.h>
#include <saltus/sweep.h>
#include <saltus/trial_store.h>

#include "commands.h"
#include "dask.h"
#include "data_choice.h"
#include "data_progress.h"
#include "interrupt.h"
#include "lists.h"
#include "output.h"
#include "output_folder.h"
#include "quick.h"
#include "recorded.h"
#include "sweep_arguments.h"
#include "sweep_console.h"
#include "sweep_parts.h"
#include "sweep_results.h"
#include "workers.h"

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

/// Results of an earlier run; none if it finished no trial. Throws InvalidArgument if this
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
    throw InvalidArgument(
        fmt::format("{} holds {} finished trials that this sweep does not have: to continue, "
                    "repeat its options (more "
                    "activations, values or seeds may be added), or name another folder with --out",
                    out.string(), dropped));
  }
  return trials;
}

/// Says where a formula that was typed loses digits: its training might not be its own. What is
/// next to 0 is added to nothing that small.
void warn_of_lost_digits(const std::vector<Activation>& activations) {
  constexpr std::uint32_t kStride = (1U << 20) + 7;  // four thousand floats
  constexpr double kMostUlp = 64;
  constexpr double kTiny = 1e-9;
  for (const Activation& activation : activations) {
    if (!activation.is_formula()) continue;
    const ActivationAccuracy accuracy =
        measure_accuracy(activation, {.stride = kStride, .tiny = kTiny});
    for (const auto& [name, worst] :
         {std::pair("f", accuracy.f.ulp), std::pair("f'", accuracy.df.ulp)}) {
      if (worst.size <= kMostUlp) continue;
      note(
          "saltus: warning: {} of {} loses digits: {:.0f} ulp at x = {:.6g}; write it in another "
          "way, or see saltus accuracy\n",
          name, activation.label(), worst.size, worst.at);
    }
  }
}

/// A sweep that several programs train, each into the folder that they share.
int run_shared(const SweepArguments& arguments, const SweepPlan& plan) {
  const fs::path out = arguments.out;
  const SavedModels save = parse_saved_models(arguments.save);
  const int side_by_side = concurrent_trials(arguments);
  if (arguments.serve) return serve_trials(plan, out, side_by_side, save);
  warn_of_lost_digits(plan.config.activations);
  if (!arguments.part.empty())
    return train_part(plan, parse_part(arguments.part, arguments.audit), out, side_by_side, save);
  if (!arguments.emit.empty()) {
    const std::string script = job_array(arguments.emit, fs::absolute(out));
    static_cast<void>(part_of(plan, 1, 1));  // throws where there can be none
    const TrialStore store(out, plan);
    print("{}", script);
    return 0;
  }
  if (is_on_dask(arguments.workers)) {
    const int code = train_on_dask(plan,
                                   {.where = arguments.workers,
                                    .slurm = arguments.slurm,
                                    .insecure = arguments.insecure,
                                    .threads = plan.config.threads,
                                    .side_by_side = side_by_side,
                                    .save = save},
                                   out);
    if (code == 0) merge_trials(out, plan, {.wait = true});
    return code;
  }
  Workers workers{.threads = plan.config.threads, .side_by_side = side_by_side, .save = save};
  if (!arguments.devices.empty()) workers.devices = parse_devices(arguments.devices);
  workers.count = arguments.workers.empty() ? static_cast<int>(workers.devices.size())
                                            : parse_number<int>("--workers", arguments.workers);
  const int code = train_in_workers(plan, workers, out);
  if (code == 0) merge_trials(out, plan, {.wait = true});
  return code;
}

int run_sweep_command(const SweepArguments& arguments) {
  const std::optional<RecordedSweep> recorded = recorded_sweep(arguments);
  SweepConfig config = prepare(
      arguments, [&] { return sweep_config(arguments, recorded ? &recorded->config : nullptr); });
  const int concurrent = concurrent_trials(arguments);
  const std::int64_t trace = trace_steps(arguments);
  const Existing existing = existing_results(arguments);
  check_output_folder(arguments.out.empty() ? default_parent() : fs::path(arguments.out), existing);

  const std::atomic<bool>& interrupted = catch_interrupts();
  DataProgress data_progress;
  ImageDataset data = load_data(data_of(arguments, recorded), data_progress.options());
  throw_if_interrupted();
  check_same_data(arguments, recorded, data);
  take_usual(arguments, data, recorded ? &*recorded : nullptr, config);
  if (arguments.quick) {
    const fs::path earlier = fs::path(arguments.out) / kSweepFile;
    if ((existing == Existing::resume || existing == Existing::share) && fs::exists(earlier)) {
      take_quick_size(arguments, read_sweep_json(earlier).config, config);
    } else {
      choose_quick_size(arguments, data, config);
    }
    throw_if_interrupted();
  }
  const SweepPlan plan =
      prepare(arguments, [&] { return plan_sweep(std::move(config), std::move(data)); });

  if (existing == Existing::share) return run_shared(arguments, plan);
  const OutputFolder folder(
      arguments.out.empty() ? default_out(plan.data->name) : fs::path(arguments.out), existing);
  const fs::path& out = folder.path();
  std::vector<TrialResult> done;
  if (existing == Existing::resume) done = earlier_results(out, plan);
  SweepWriter writer(out, plan, done);

  warn_of_lost_digits(plan.config.activations);
  print_plan(plan, done.size(), out);
  SweepConsole console(plan, done);
  const SweepResult result = run_sweep(
      plan,
      {.callbacks =
           [&](const TrialSpec& trial) {
             return std::vector{writer.callback(trial), console.callback(trial)};
           },
       .on_trial_end =
           [&](const TrialSpec& trial, const TrialResult& ended, std::span<const TrialResult> all) {
             writer.add(trial, ended, all);
             console.end(trial, ended);
           },
       .on_round_end = [&](const Verdict& standings) { console.end_round(standings); },
       .done = done,
       .interrupt = &interrupted,
       .side_by_side = concurrent,
       .folder = out,
       .save = parse_saved_models(arguments.save),
       .resume = existing == Existing::resume,
       .trace_every = trace});
  if (!result.complete && !writer.begun()) throw Interrupted();
  writer.write(result);
  present_results(out, plan, result);
  if (result.complete) return 0;
  note("saltus: interrupted: the same command with --out {} --resume continues\n", out.string());
  return interrupt_exit_code();
}

}  // namespace

Run make_sweep(CLI::App& command) {
  const auto arguments = std::make_shared<SweepArguments>();
  add_sweep_options(command, arguments);
  return [arguments] { return run_sweep_command(*arguments); };
}

}  // namespace saltus::app
