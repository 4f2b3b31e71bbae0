// How the commands and their options describe themselves: for help, manual page, completion and
// checks alike.
//
// The value of an option is described by what may stand there, separated by '|': words in lower
// case must be typed as they are, words with capitals stand for something (DIR for a folder,
// ACTIVATION for the name of one), and ",..." at the end makes it a list.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace saltus::app {

/// "saltus", "saltus data fetch".
std::string full_name(const CLI::App& command);

/// The commands below one, without those that are hidden.
std::vector<const CLI::App*> commands_of(const CLI::App& command);

/// "saltus has no command 'swep': did you mean sweep?" There must be commands below that one.
std::string unknown_command(const CLI::App& command, const std::string& name);

/// The command below one that the last of `names` names. Throws InvalidArgument.
const CLI::App& find_command(const CLI::App& program, const std::vector<std::string>& names);

/// Options that begin with a dash, in the order of their definition.
std::vector<const CLI::Option*> options_of(const CLI::App& command);

/// The others.
std::vector<const CLI::Option*> positionals_of(const CLI::App& command);

/// Whether an option takes no value.
bool is_flag(const CLI::Option& option);

/// The values that an option may have, piece by piece; empty for a flag.
std::vector<std::string> alternatives_of(const CLI::Option& option);

/// Whether one of these must be typed as it is.
bool is_literal(const std::string& alternative);

/// "-V, --version", "--seeds N".
std::string synopsis_of(const CLI::Option& option);

/// "[NAME...]"
std::string synopsis_of_positional(const CLI::Option& option);

/// The description of an option, with its default and the options that it excludes.
std::string description_of(const CLI::Option& option);

/// "saltus sweep [OPTIONS]", "saltus data COMMAND"
std::string usage_of(const CLI::App& command);

}  // namespace saltus::app
