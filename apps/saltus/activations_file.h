// Files with an activation on each line.
#pragma once

#include <string>
#include <vector>

#include <saltus/activation.h>

namespace saltus::app {

/// What such a file holds; empty lines and what follows a '#' do not count. Throws InvalidArgument,
/// with the line.
std::vector<Activation> read_activations(const std::string& file);

}  // namespace saltus::app
