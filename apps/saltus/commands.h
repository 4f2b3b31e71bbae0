// The commands of the program. A new one is a file that defines its Make, and its line in the table
// of commands.cpp.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace saltus::app {

/// What a command does when it is called; returns the exit code.
using Run = std::function<int()>;

/// Adds a command's options and subcommands to it, and returns what it does with them.
using Make = Run(CLI::App& command);

/// Adds all commands to the program. The one that the user calls is put into `chosen`.
void add_commands(CLI::App& program, Run& chosen);

}  // namespace saltus::app
