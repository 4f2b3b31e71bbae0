// The text that --help prints.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace saltus::app {

/// The help of a command, wrapped at the terminal's width.
std::string help_text(const CLI::App& command);

}  // namespace saltus::app
