// The subcommands. Each adds itself to the program; the one that the user calls puts what it does
// into `chosen`, which returns the exit code.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace saltus::app {

using Run = std::function<int()>;

void add_sweep_command(CLI::App& program, Run& chosen);
void add_curves_command(CLI::App& program, Run& chosen);
void add_activations_command(CLI::App& program, Run& chosen);
void add_accuracy_command(CLI::App& program, Run& chosen);
void add_predict_command(CLI::App& program, Run& chosen);
void add_evaluate_command(CLI::App& program, Run& chosen);
void add_summary_command(CLI::App& program, Run& chosen);
void add_export_command(CLI::App& program, Run& chosen);
void add_data_command(CLI::App& program, Run& chosen);
void add_info_command(CLI::App& program, Run& chosen);
/// Two that help does not list: man-page and bash-completion, from which the build makes what is
/// installed beside the program.
void add_document_commands(CLI::App& program, Run& chosen);

}  // namespace saltus::app
