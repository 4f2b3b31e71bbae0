#include "sweep_parts.h"

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <saltus/error.h>
#include <saltus/progress.h>
#include <saltus/trial_store.h>

#include "exit_codes.h"
#include "interrupt.h"
#include "lists.h"
#include "output.h"
#include "output_folder.h"
#include "sweep_command.h"
#include "sweep_console.h"
#include "sweep_results.h"
#include "unit_program.h"

namespace saltus::app {
namespace {

namespace fs = std::filesystem;

using TrialsById = std::map<std::string_view, const TrialSpec*>;

TrialsById trials_by_id(const SweepPlan& plan) {
  TrialsById by_id;
  for (const TrialSpec& trial : plan.trials) by_id[trial.id] = &trial;
  return by_id;
}

/// Those of the plan's trials that have one.
std::vector<TrialResult> results_in(const fs::path& folder, const SweepPlan& plan) {
  std::set<std::string> planned;
  for (const TrialSpec& trial : plan.trials) planned.insert(trial.id);
  std::vector<TrialResult> results = read_trials(folder);
  std::erase_if(results, [&](const TrialResult& result) {
    return result.status == TrialStatus::stopped || planned.erase(result.id) == 0;
  });
  return results;
}

void check_mergeable(const fs::path& folder, const SweepPlan& plan,
                     const std::vector<TrialResult>& results, const MergeOptions& options) {
  const std::size_t missing = next_trials(plan, results).size();
  if (results.empty()) {
    throw InvalidArgument(fmt::format("none of the {} trials of {} has a result yet",
                                      grouped(std::ssize(plan.trials)), folder.string()));
  }
  if (missing > 0 && !options.partial) {
    throw InvalidArgument(
        fmt::format("{} of {} trials have no result yet: run their parts, which skip what is there "
                    "(saltus sweep --config {} --out {} --part 1/1 runs all of them), or say "
                    "--partial",
                    grouped(static_cast<std::int64_t>(missing)), grouped(std::ssize(plan.trials)),
                    (folder / kSweepFile).string(), folder.string()));
  }
  std::set<std::string> devices;
  for (const TrialResult& result : results) devices.insert(result.device);
  if (devices.size() > 1 && !options.mixed) {
    throw InvalidArgument(
        fmt::format("trials were trained on {}, whose bits differ: say --mixed if that is meant",
                    fmt::join(devices, " and ")));
  }
}

/// Gives the store what an earlier sweep by one program has: an audit compares with it, too.
void take_over(const SweepPlan& plan, const std::vector<TrialResult>& done,
               const TrialStore& store) {
  const TrialsById by_id = trials_by_id(plan);
  for (const TrialResult& result : done) {
    if (!store.holds(result.id)) store.add(*by_id.at(result.id), result);
  }
}

/// Ids are hashes: of the same trials each time, about this share.
bool is_audited(const std::string& id, double share) {
  constexpr std::size_t kDigits = 8;
  std::uint32_t number = 0;
  std::from_chars(id.data(), id.data() + std::min(kDigits, id.size()), number, 16);
  return number < share * static_cast<double>(std::uint64_t{1} << (4 * kDigits));
}

/// The next line that arrives; none at the end, and where it is interrupted.
std::optional<std::string> next_line(LineInput& input, const std::atomic<bool>& interrupted) {
  constexpr int kMilliseconds = 50;
  for (;;) {
    if (interrupted) return std::nullopt;
    if (auto line = input.take()) return line;
    if (input.has_ended()) return std::nullopt;
    pollfd ready{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, kMilliseconds) > 0) input.read();
  }
}

/// Whether whoever was to read its answers has closed the pipe.
bool nobody_reads() {
  pollfd answers{.fd = STDOUT_FILENO, .events = 0, .revents = 0};
  return ::poll(&answers, 1, 0) > 0 && (answers.revents & POLLERR) != 0;
}

int say_different(const std::vector<std::string>& ids, const fs::path& folder) {
  note(
      "saltus: not reproducible: another program had other results for {}: both are in {}; one "
      "of the two machines, or versions of the program, computes otherwise\n",
      fmt::join(ids, ", "), (folder / "trials").string());
  return kDifferent;
}

}  // namespace

Part parse_part(const std::string& text, const std::string& audit) {
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos)
    throw InvalidArgument(fmt::format("--part {}: write it as K/N, such as 3/16", text));
  const Part part{parse_number<int>("--part", text.substr(0, slash)),
                  parse_number<int>("--part", text.substr(slash + 1)),
                  parse_number<double>("--audit", audit)};
  if (!(part.audit >= 0 && part.audit <= 1))
    throw InvalidArgument(
        fmt::format("--audit takes a share of the trials, 0 to 1, not {}", audit));
  if (part.part < 1 || part.part > part.parts) {
    throw InvalidArgument(
        fmt::format("--part {}: parts are numbered from 1 to {}", text, std::max(part.parts, 1)));
  }
  return part;
}

int train_part(const SweepPlan& plan, const Part& part, const fs::path& folder, int side_by_side,
               SavedModels save) {
  const OutputFolder shared(folder, Existing::share);
  const SweepPlan own = part_of(plan, part.part, part.parts);
  const TrialStore store(folder, plan);
  std::vector<TrialResult> done = results_in(folder, own);
  take_over(own, done, store);
  std::erase_if(done, [&](const TrialResult& result) { return is_audited(result.id, part.audit); });
  print_plan(own, done.size(), folder);
  SweepConsole console(own, done);
  std::vector<std::string> different;
  const auto keep = [&](const TrialSpec& trial, const TrialResult& result,
                        std::span<const TrialResult> /*all*/) {
    if (result.status != TrialStatus::stopped && store.add(trial, result) == Kept::different)
      different.push_back(trial.id);
    console.end(trial, result);
  };
  const bool complete = train_trials(
      own, own.trials,
      {.callbacks = [&](const TrialSpec& trial) { return std::vector{console.callback(trial)}; },
       .on_trial_end = keep,
       .done = done,
       .interrupt = &catch_interrupts(),
       .side_by_side = side_by_side,
       .folder = folder,
       .save = save,
       .resume = true});
  if (!different.empty()) return say_different(different, folder);
  if (!complete) {
    note("saltus: interrupted: the same command continues\n");
    return interrupt_exit_code();
  }
  print("\nthis part is complete; {} of {} trials of the sweep have results: saltus merge {}\n",
        grouped(static_cast<std::int64_t>(store.size())), grouped(std::ssize(plan.trials)),
        folder.string());
  return 0;
}

int serve_trials(const SweepPlan& plan, const fs::path& folder, int side_by_side,
                 SavedModels save) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const OutputFolder shared(folder, Existing::share);
  const TrialStore store(folder, plan);
  const TrialsById by_id = trials_by_id(plan);
  const std::atomic<bool>& interrupted = catch_interrupts();
  std::vector<std::string> different;
  const SweepOptions options = {
      .on_trial_end =
          [&](const TrialSpec& trial, const TrialResult& result, std::span<const TrialResult>) {
            if (result.status != TrialStatus::stopped &&
                store.add(trial, result) == Kept::different)
              different.push_back(trial.id);
          },
      .interrupt = &interrupted,
      .side_by_side = side_by_side,
      .folder = folder,
      .save = save,
      .resume = true};
  LineInput input(STDIN_FILENO);
  while (const auto line = next_line(input, interrupted)) {
    if (nobody_reads()) break;  // who started this died before it could be told
    std::vector<TrialSpec> trials;
    for (const std::string_view id : split_list("standard input", *line)) {
      const auto trial = by_id.find(id);
      if (trial == by_id.end())
        throw InvalidArgument(fmt::format("standard input: this sweep has no trial {}", id));
      if (!store.holds(trial->second->id)) trials.push_back(*trial->second);
    }
    const bool complete = train_trials(plan, std::move(trials), options);
    if (!different.empty()) return say_different(different, folder);
    if (!complete) break;
    print("trained {}\n", *line);
    flush_output();
  }
  return interrupted ? interrupt_exit_code() : 0;
}

int take_results(const fs::path& from, const SweepPlan& plan, const TrialStore& store,
                 const fs::path& folder) {
  std::vector<std::string> different;
  const TrialsById by_id = trials_by_id(plan);
  for (const TrialResult& result : results_in(from, plan)) {
    if (store.add(*by_id.at(result.id), result) == Kept::different) different.push_back(result.id);
  }
  std::error_code none;
  fs::remove_all(from, none);
  return different.empty() ? 0 : say_different(different, folder);
}

void merge_trials(const fs::path& folder, const SweepPlan& plan, const MergeOptions& options) {
  const OutputFolder own(folder, Existing::resume, options.wait ? Busy::wait : Busy::refuse);
  remove_leftovers(folder / "trials");  // of programs that were killed: none runs now
  const std::vector<TrialResult> results = results_in(folder, plan);
  check_mergeable(folder, plan, results, options);
  SweepWriter writer(folder, plan, results);
  const SweepResult result = summarize_sweep(plan, results);
  writer.write(result);
  std::error_code none;
  if (result.complete) fs::remove_all(folder / "states", none);
  present_results(folder, plan, result);
}

std::string job_array(const std::string& text, const fs::path& folder) {
  constexpr std::string_view kSlurm = "slurm:";
  constexpr int kMostTasks = 100'000;
  const int tasks =
      text.starts_with(kSlurm) ? parse_number<int>("--emit", text.substr(kSlurm.size())) : 0;
  if (tasks < 1 || tasks > kMostTasks) {
    throw InvalidArgument(
        fmt::format("--emit {}: write slurm:N, an array of 1 to {} tasks", text, kMostTasks));
  }
  const std::string out = quoted(folder.string());
  return fmt::format(
      "#!/bin/bash\n"
      "# saltus sweep in {1} parts. Submit it with sbatch, and when it has ended: saltus merge "
      "{0}\n"
      "# A task that is preempted or loses its node runs again, and goes on where it was.\n"
      "#SBATCH --job-name=saltus\n"
      "#SBATCH --array=1-{1}\n"
      "#SBATCH --requeue\n"
      "#SBATCH --open-mode=append\n"
      "saltus sweep --config {2} --out {0} --part \"$SLURM_ARRAY_TASK_ID/{1}\"\n"
      "code=$?\n"
      "# 2: asked for what cannot be; 3: another machine came to another result. Neither gets\n"
      "# better by trying.\n"
      "if [ $code -ne 0 ] && [ $code -ne 2 ] && [ $code -ne {3} ] &&\n"
      "   [ \"${{SLURM_RESTART_COUNT:-0}}\" -lt 3 ]; then\n"
      "  scontrol requeue \"$SLURM_JOB_ID\"\n"
      "fi\n"
      "exit $code\n",
      out, tasks, quoted((folder / kSweepFile).string()), kDifferent);
}

}  // namespace saltus::app
