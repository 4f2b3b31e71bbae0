// saltus accuracy: how exact the activations are, float by float.
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <unistd.h>

#include <saltus/accuracy.h>
#include <saltus/progress.h>

#include "commands.h"
#include "common_options.h"
#include "interrupt.h"
#include "lists.h"
#include "output.h"
#include "terminal.h"

namespace saltus::app {
namespace {

struct AccuracyArguments {
  std::vector<std::string> names;
  bool exhaustive = false;
  int threads = 0;
};

/// A prime, so that a walk meets bit patterns of every kind.
constexpr std::uint32_t kSampleStride = 4093;
/// For formulas, whose truth takes longer.
constexpr std::uint32_t kFormulaStride = 65521;

int run_accuracy(const AccuracyArguments& arguments) {
  const std::vector<Activation> activations = named_activations(arguments.names);
  catch_interrupts();
  const bool in_place = can_redraw(STDERR_FILENO);
  const bool ascii = !shows_unicode();
  std::vector<ActivationAccuracy> results;
  for (const Activation& activation : activations) {
    ProgressBar bar(std::cerr, in_place, {.label = activation.label(), .ascii = ascii});
    constexpr std::uint64_t kMillion = 1'000'000;
    const std::uint32_t sample = activation.is_formula() ? kFormulaStride : kSampleStride;
    results.push_back(measure_accuracy(
        activation, {.stride = arguments.exhaustive ? 1 : sample,
                     .threads = arguments.threads,
                     .progress = [&](std::uint64_t done, std::uint64_t all) {
                       throw_if_interrupted();
                       bar.update(static_cast<std::int64_t>(done / kMillion),
                                  static_cast<std::int64_t>(all / kMillion), {"million floats"});
                     }}));
  }
  print("{}", accuracy_table(results));
  return 0;
}

}  // namespace

Run make_accuracy(CLI::App& command) {
  const auto arguments = std::make_shared<AccuracyArguments>();
  add_activation_names(command, arguments->names);
  command.add_flag("--exhaustive", arguments->exhaustive,
                   "All 2^32 floats (minutes for each activation, days for a formula) instead of "
                   "every 4093rd, of a formula every 65521st");
  add_threads(command, arguments->threads);
  command.footer(
      "Example:\n  saltus accuracy --exhaustive gelu elu:alpha=0.2\n"
      "  saltus accuracy \"x * atan(exp(x))\"");
  return [arguments] { return run_accuracy(*arguments); };
}

}  // namespace saltus::app
