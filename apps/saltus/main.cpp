// The saltus program: subcommands over the library, errors as one line, exit codes.
//
//   0  done
//   1  failed: a file, a device, the network
//   2  asked for something that cannot be
//   3  other results than another program before it had
//   75 the device has no room for one trial: another may have
//   128 + n  interrupted by signal n: 130 for Ctrl-C
#include <CLI/CLI.hpp>
#include <csignal>
#include <new>

#include <saltus/error.h>
#include <saltus/machine.h>

#include "command_line.h"
#include "commands.h"
#include "exit_codes.h"
#include "interrupt.h"
#include "output.h"

namespace saltus::app {
namespace {

int run(int argc, char** argv) {
  CLI::App program;
  Run chosen;
  add_commands(program, chosen);
  describe_program(program);
  const int code = parse_command_line(program, argc, argv) == Parsed::run ? chosen() : 0;
  return hung_up() ? code : finish_output(code);
}

}  // namespace
}  // namespace saltus::app

int main(int argc, char** argv) {
  using namespace saltus;
  app::open_standard_streams();
  // A full disk, a file size limit and a closed pipe are errors of the call that met them.
  std::signal(SIGXFSZ, SIG_IGN);
  std::signal(SIGPIPE, SIG_IGN);
  try {
    app::watch_signals();
    return app::run(argc, argv);
  } catch (const app::Interrupted&) {
    return app::fail(app::interrupt_exit_code(), "interrupted");
  } catch (const InvalidArgument& error) {
    return app::fail(app::kUsage, error.what());
  } catch (const OutOfMemory& error) {
    return app::fail(app::kNoRoom, error.what());
  } catch (const std::bad_alloc&) {
    return app::fail(app::kNoRoom, "out of memory");
  } catch (const std::exception& error) {
    return app::fail(app::kFailure, error.what());
  }
}
