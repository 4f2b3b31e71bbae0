// Options that several commands have, each said once.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include <saltus/activation.h>

namespace saltus::app {

/// --activations, a list or "all"; parse_activations() reads it.
void add_activations(CLI::App& command, std::string& activations);

/// Activations as positional arguments, and what they name: all of the list without one. Throws
/// InvalidArgument.
void add_activation_names(CLI::App& command, std::vector<std::string>& names);
std::vector<Activation> named_activations(const std::vector<std::string>& names);

/// --out, a folder whose files are replaced.
void add_replaced_folder(CLI::App& command, std::string& folder);

/// --threads, of the CPU.
void add_threads(CLI::App& command, int& threads);

}  // namespace saltus::app
