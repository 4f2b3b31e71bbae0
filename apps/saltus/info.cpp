// saltus info: what this program is and runs on, and what a training step is.
#include <memory>
#include <string>

#include <fmt/format.h>

#include <saltus/machine.h>
#include <saltus/plan.h>
#include <saltus/sweep.h>

#include "commands.h"
#include "networks.h"
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

struct InfoArguments {
  bool plan = false;
  std::string device{to_string(SweepConfig{}.device)};
  std::string precision;
};

/// The plan of the network that a sweep trains.
int print_plan(const InfoArguments& arguments) {
  const SweepConfig defaults;
  const Device device = parse_device(arguments.device);
  const Precision precision =
      arguments.precision.empty()
          ? default_precision(device == Device::automatic ? usable_device(device) : device)
          : parse_precision(arguments.precision);
  const Graph graph =
      network_of(defaults, {.activation = Activation("relu")}, kMnistImage, kMnistClasses);
  write_output(plan_text(graph, defaults.loss, precision, device));
  return 0;
}

}  // namespace

Run make_info(CLI::App& command) {
  const auto arguments = std::make_shared<InfoArguments>();
  CLI::Option* plan = command.add_flag(
      "--plan", arguments->plan,
      "Instead: the training step of the network that a sweep trains, as planned and behind each "
      "pass of the device");
  command
      .add_option("--device", arguments->device,
                  "Whose passes; cuda needs no GPU here, for nothing runs")
      ->type_name("auto|cpu|cuda")
      ->capture_default_str()
      ->needs(plan);
  command
      .add_option("--precision", arguments->precision,
                  "Of the products; by default tf32 on a GPU and fp32 on a CPU")
      ->type_name("fp32|tf32|bf16")
      ->needs(plan);
  command.footer(
      "Examples:\n"
      "  saltus info\n"
      "  saltus info --plan --device cuda --precision bf16");
  return [arguments] { return arguments->plan ? print_plan(*arguments) : print_info(); };
}

}  // namespace saltus::app
