// From the words of the command line to the command that they choose.
#pragma once

#include <CLI/CLI.hpp>

#include "commands.h"

namespace saltus::app {

/// Name, description, and the options of the program itself. Comes behind the commands, which would
/// inherit from it.
void describe_program(CLI::App& program);

/// saltus help COMMAND
void add_help_command(CLI::App& program, Run& chosen);

enum class Parsed { run, done };

/// Parses; prints help or the version where that was asked for (`done`). The commands must have
/// been added. Throws InvalidArgument with the nearest thing that there is.
Parsed parse_command_line(CLI::App& program, int argc, const char* const* argv);

}  // namespace saltus::app
