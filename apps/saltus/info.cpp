// saltus info: what this program is and runs on.
#include <fmt/format.h>

#include <saltus/machine.h>

#include "commands.h"
#include "output.h"

namespace saltus::app {
namespace {

int print_info() {
  const MachineInfo info = machine_info();
  const auto line = [](std::string_view what, std::string_view value) {
    print("{:<14}{}\n", what, value);
  };
  line("saltus", info.version);
  line("compiler", info.compiler);
  line("system", info.system);
  line("cpu", fmt::format("{}, {} {}", info.cpu, info.cores, info.cores == 1 ? "core" : "cores"));
  line("cpu features", info.cpu_features);
  line("loops", info.loops);
  line("onednn", info.onednn);
  line("cuda", info.cuda);
  return 0;
}

}  // namespace

void add_info_command(CLI::App& program, Run& chosen) {
  program.add_subcommand("info", "What this program is and runs on: version, CPU, devices")
      ->callback([&chosen] { chosen = print_info; });
}

}  // namespace saltus::app
