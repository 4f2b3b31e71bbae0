// saltus reproduce: published claims, trained again.
#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <saltus/dataset.h>
#include <saltus/error.h>
#include <saltus/progress.h>
#include <saltus/sweep.h>

#include "claims.h"
#include "commands.h"
#include "data_progress.h"
#include "interrupt.h"
#include "lists.h"
#include "output.h"
#include "sweep_command.h"
#include "sweep_console.h"
#include "terminal.h"
#include "text_layout.h"

namespace saltus::app {
namespace {

/// Of the data sets of the claims.
constexpr std::int64_t kTrainingImages = 60'000;

struct ReproduceArguments {
  std::string name;
  std::string data;
  bool published_size = false;
};

SweepConfig config_of(const Claim& claim, bool published_size) {
  SweepConfig config = claim.published_size();
  if (!published_size) claim.make_small(config);
  return config;
}

std::string cost_of(const Claim& claim, bool published_size) {
  const SweepConfig config = config_of(claim, published_size);
  const std::size_t trials = config.activations.size() * config.initializers.size() *
                             static_cast<std::size_t>(config.seeds);
  return fmt::format("{} trials of {} epochs, {} million images", trials, config.epochs.front(),
                     grouped(std::max<std::int64_t>(
                         1, (images_trained(config, kTrainingImages) + 500'000) / 1'000'000)));
}

void print_paragraph(const std::string& text) {
  print("{}", entry("", text, 0, static_cast<std::size_t>(text_columns())));
}

void list_claims() {
  const auto columns = static_cast<std::size_t>(text_columns());
  for (const Claim& claim : claims()) {
    print("{}", entry(claim.name,
                      fmt::format("{} ({}). Small: {}; --published-size: {}.", claim.says,
                                  claim.source, cost_of(claim, false), cost_of(claim, true)),
                      14, columns));
  }
}

int run_reproduce(const ReproduceArguments& arguments) {
  if (arguments.name.empty()) {
    list_claims();
    return 0;
  }
  const Claim& claim = claim_named(arguments.name);
  const std::atomic<bool>& interrupted = catch_interrupts();
  DataProgress progress;
  ImageDataset data =
      load_dataset(arguments.data.empty() ? claim.data : arguments.data, progress.options());
  throw_if_interrupted();
  SweepConfig config = config_of(claim, arguments.published_size);
  config.device = usable_device(config.device);
  const SweepPlan plan = plan_sweep(std::move(config), std::move(data));

  print_paragraph(fmt::format("Claim: {}.", claim.says));
  print_paragraph(fmt::format("Source: {}: {}.", claim.source, claim.published));
  print_paragraph(fmt::format("What differs here: {}{}.", claim.differs,
                              arguments.published_size ? "" : "; a smaller training"));
  print_paragraph(fmt::format("{}: {}; {}.", plan.data->name, images_text(plan.config, *plan.data),
                              cost_of(claim, arguments.published_size)));
  print("\n");
  flush_output();
  SweepConsole console(plan, {});
  const SweepResult result = run_sweep(
      plan,
      {.callbacks = [&](const TrialSpec& trial) { return std::vector{console.callback(trial)}; },
       .on_trial_end = [&](const TrialSpec& trial, const TrialResult& ended,
                           auto) { console.end(trial, ended); },
       .interrupt = &interrupted});
  if (!result.complete) throw Interrupted();
  print_ranking(result);
  print("\n");
  print_paragraph(fmt::format("{}{}, {}.", claim.name,
                              arguments.published_size ? "" : ", in a smaller training",
                              outcome(claim, result)));
  print("\nas a sweep, with files: {}\n", sweep_command(plan.config, *plan.data));
  return 0;
}

}  // namespace

Run make_reproduce(CLI::App& command) {
  const auto arguments = std::make_shared<ReproduceArguments>();
  command.add_option("NAME", arguments->name, "The claim (default: list them with their cost)")
      ->type_name("NAME");
  command
      .add_option("--data", arguments->data,
                  "Other data than the claim's: a name, or a folder with four IDX files")
      ->type_name(dataset_names() + "|DIR");
  command.add_flag(
      "--published-size", arguments->published_size,
      "Train as long, and as often, as was published: hours, or days. Otherwise a size "
      "that takes minutes, which is said to be smaller");
  command.footer(
      "A claim is reproduced if each of its differences is seen beyond chance (paired t-test over "
      "the seeds, Holm's correction, p < 0.05), not reproduced if the reverse of one is seen, and "
      "undecided otherwise.\n\nExample:\n  saltus reproduce gelu-mnist");
  return [arguments] { return run_reproduce(*arguments); };
}

}  // namespace saltus::app
