#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "commands.h"

namespace {

int run(int argc, char** argv) {
  using namespace saltus;
  CLI::App app(
      "Benchmarks of Saltus. apps/bench/run_cpu.py and run_gpu.py compare them with other "
      "engines.");
  app.require_subcommand(1);
  bench::Options options;
  int rounds = 5;
  int steps = 10;
  const auto add = [&](const char* name, const char* help) {
    CLI::App* command = app.add_subcommand(name, help);
    command->add_option("--precision", options.precision, "fp32, tf32 or bf16")
        ->capture_default_str();
    command->add_option("--threads", options.threads, "CPU threads; 0: all cores")
        ->capture_default_str();
    command->add_option("--data", options.data,
                        "Folder of IDX files; without it: synthetic images");
    return command;
  };
  CLI::App* step =
      add("step", "Training steps of the tutorial's network, asked for on standard input");
  CLI::App* primitives = add("primitives", "The oneDNN primitives of such a step alone");
  CLI::App* activations = add("activations", "A step for every activation, as ratios to relu");
  for (CLI::App* command : {step, primitives}) {
    command->add_option("--activation", options.activation, "Activation of all layers")
        ->capture_default_str();
  }
  step->add_option("--weights", options.weights,
                   "File of initial weights, floats, tensor by tensor; without it: from seed 0");
  activations->add_option("--rounds", rounds, "Rounds; each activation has its turn in each")
      ->capture_default_str();
  activations->add_option("--steps", steps, "Steps a turn")->capture_default_str();
  CLI::App* trials = add("trials", "Whole trials, asked for on standard input");
  trials->get_option("--data")->required();
  trials->add_option("--device", options.device, "cpu or cuda")->capture_default_str();
  trials->add_option("--limit", options.limit, "Use the first images only; 0: all")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  if (step->parsed()) bench::step(options);
  if (primitives->parsed()) bench::primitives(options);
  if (activations->parsed()) bench::activations(options, rounds, steps);
  if (trials->parsed()) bench::trials(options);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "saltus_bench: %s\n", error.what());
    return 1;
  }
}
