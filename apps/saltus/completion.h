// Completion for bash, made of what the commands say of themselves.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace saltus::app {

/// A script for bash to source: it completes commands, options and their values, also after the
/// last comma of a list.
std::string bash_completion(const CLI::App& program);

}  // namespace saltus::app
