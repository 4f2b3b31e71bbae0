// The saltus program: subcommands over the library, errors as one line, exit codes.
//
//   0  done
//   1  failed: a file, a device, the network
//   2  asked for something that cannot be
//   128 + n  interrupted by signal n: 130 for Ctrl-C
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <new>
#include <string>

#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/machine.h>

#include "commands.h"
#include "interrupt.h"

namespace saltus::app {
namespace {

constexpr int kFailure = 1;
constexpr int kUsage = 2;

int fail(int code, std::string message) {
  for (char& c : message) {
    if (c == '\n') c = ' ';
  }
  fmt::print(stderr, "saltus: {}\n", message);
  return code;
}

int run(int argc, char** argv) {
  CLI::App program(
      "Trains the same network once per activation function and says which is best.\n"
      "`saltus sweep --quick` shows it in a few minutes.",
      "saltus");
  program.set_version_flag("--version", "saltus " + version(), "Print the version and exit");
  program.require_subcommand(1);
  program.failure_message([](const CLI::App*, const CLI::Error& error) { return error.what(); });
  Run chosen;
  add_sweep_command(program, chosen);
  add_curves_command(program, chosen);
  add_activations_command(program, chosen);
  add_accuracy_command(program, chosen);
  add_data_command(program, chosen);
  add_info_command(program, chosen);

  try {
    program.parse(argc, argv);
  } catch (const CLI::Success& asked) {  // --help, --version
    return program.exit(asked);
  } catch (const CLI::ParseError& error) {
    return fail(kUsage, fmt::format("{} (saltus --help shows what there is)", error.what()));
  }
  const int code = chosen();
  std::cout.flush();
  if (!std::cout || std::fflush(stdout) != 0) {
    return fail(kFailure, "cannot write to standard output");
  }
  return code;
}

}  // namespace
}  // namespace saltus::app

int main(int argc, char** argv) {
  using namespace saltus;
  // A full disk, a file size limit and a closed pipe are errors of the call that met them.
  std::signal(SIGXFSZ, SIG_IGN);
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return app::run(argc, argv);
  } catch (const app::Interrupted&) {
    return app::fail(app::interrupt_exit_code(), "interrupted");
  } catch (const InvalidArgument& error) {
    return app::fail(app::kUsage, error.what());
  } catch (const std::bad_alloc&) {
    return app::fail(app::kFailure, "out of memory");
  } catch (const std::exception& error) {
    return app::fail(app::kFailure, error.what());
  }
}
