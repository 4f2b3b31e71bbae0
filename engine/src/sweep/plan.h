// Parts of a sweep's plan.
#pragma once

#include <vector>

#include <saltus/sweep.h>

namespace saltus {

/// Throws unless the configuration makes sense, and the network can be built for these images and
/// has something to tell apart.
void check_sweep(const SweepConfig& config, const ImageDataset& data);

/// All combinations of what the configuration lists, activations slowest.
std::vector<Setting> settings_of(const SweepConfig& config);

}  // namespace saltus
