// saltus speed: what activations cost on this CPU.
#include <algorithm>
#include <cstddef>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include <saltus/machine.h>
#include <saltus/progress.h>
#include <saltus/speed.h>

#include "commands.h"
#include "common_options.h"
#include "interrupt.h"
#include "lists.h"
#include "output.h"
#include "terminal.h"
#include "text_layout.h"

namespace saltus::app {
namespace {

struct SpeedArguments {
  std::vector<std::string> names;
  SpeedOptions options;
};

int run_speed(const SpeedArguments& arguments) {
  const std::vector<Activation> activations = named_activations(arguments.names);
  catch_interrupts();
  SpeedOptions options = arguments.options;
  std::vector<ActivationSpeed> speeds;
  {
    ProgressBar bar(std::cerr, can_redraw(STDERR_FILENO),
                    {.label = "speed", .ascii = !shows_unicode()});
    options.progress = [&](std::int64_t done, std::int64_t all) {
      throw_if_interrupted();
      bar.update(done, all, {"rounds"});
    };
    speeds = measure_speed(activations, options);
  }
  std::ranges::stable_sort(speeds, {},
                           [](const ActivationSpeed& speed) { return speed.training.to_relu; });
  TextTable table;
  table.add_column("activation");
  for (const char* title : {"f ns", "to relu", "f, f' ns", "to relu"})
    table.add_column(title, Align::right);
  for (const ActivationSpeed& speed : speeds) {
    std::vector<std::string> cells = {speed.activation.label()};
    for (const Cost& cost : {speed.forward, speed.training}) {
      cells.push_back(fmt::format("{:.3f}", cost.nanoseconds));
      cells.push_back(fmt::format("{:.2f}", cost.to_relu));
    }
    table.add_row(std::move(cells));
  }
  const MachineInfo machine = machine_info();
  print(
      "{}\nNanoseconds for an element on one core of {} ({}), medians of {} {}: f alone, and\n"
      "f and f' with the gradient's product, as in training. A whole step of training differs "
      "less:\nmost of it is convolutions.\n",
      table.str(static_cast<std::size_t>(output_columns())), machine.cpu, machine.loops,
      options.rounds, options.rounds == 1 ? "round" : "rounds");
  return 0;
}

}  // namespace

Run make_speed(CLI::App& command) {
  const auto arguments = std::make_shared<SpeedArguments>();
  add_activation_names(command, arguments->names);
  add_number(command, "--rounds", arguments->options.rounds,
             "Rounds, of which the median counts; relu is timed in each")
      ->type_name("N");
  command.footer("Example:\n  saltus speed elu leaky_relu gelu \"x * atan(exp(x))\"");
  return [arguments] { return run_speed(*arguments); };
}

}  // namespace saltus::app
