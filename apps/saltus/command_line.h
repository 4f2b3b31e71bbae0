// From the words of the command line to the command that they choose.
#pragma once

#include <CLI/CLI.hpp>

namespace saltus::app {

/// Name, description, and the options of the program itself. Must come after the commands, which
/// would inherit from it.
void describe_program(CLI::App& program);

enum class Parsed { run, done };

/// Parses; prints help or the version if that was asked for (`done`). The commands must have
/// been added. Throws InvalidArgument with the nearest thing that there is.
Parsed parse_command_line(CLI::App& program, int argc, const char* const* argv);

}  // namespace saltus::app
