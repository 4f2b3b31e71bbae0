// The command that runs a sweep again.
#pragma once

#include <string>

#include <saltus/sweep.h>

namespace saltus::app {

/// A word of a shell's command, in quotes where it needs them.
std::string quoted(const std::string& word);

/// "saltus sweep --activations 'relu,x*tanh(x)' ...", for a shell: all that decides the results and
/// is not the default. Empty for what no command can say: activations that are functions of C++,
/// and clippings of several kinds.
std::string sweep_command(const SweepConfig& config, const ImageDataset& data);

}  // namespace saltus::app
