// saltus merge: the results of a sweep that several programs trained.
#include <filesystem>
#include <memory>
#include <string>

#include <saltus/report.h>

#include "commands.h"
#include "sweep_parts.h"

namespace saltus::app {
namespace {

struct MergeArguments {
  std::string folder;
  bool partial = false;
  bool mixed = false;
};

int run_merge(const MergeArguments& arguments) {
  const std::filesystem::path folder = arguments.folder;
  const StoredSweep stored = read_sweep(folder);
  merge_trials(folder, stored.plan, {.partial = arguments.partial, .mixed = arguments.mixed});
  return 0;
}

}  // namespace

Run make_merge(CLI::App& command) {
  const auto arguments = std::make_shared<MergeArguments>();
  command.add_option("DIR", arguments->folder, "The folder that the programs share")
      ->required()
      ->type_name("DIR");
  command.add_flag("--partial", arguments->partial,
                   "Merge those that are there, although trials are missing");
  command.add_flag("--mixed", arguments->mixed,
                   "Although some were trained on a CPU and some on a GPU, whose bits differ");
  command.footer("Example:\n  saltus merge runs/large --partial");
  return [arguments] { return run_merge(*arguments); };
}

}  // namespace saltus::app
