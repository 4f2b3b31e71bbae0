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

/// The plan of a sweep that was planned before, from its configuration and data: without networks,
/// for which neither pixels nor labels are needed. Throws InvalidArgument.
SweepPlan recorded_plan(SweepConfig config, ImageDataset data);

}  // namespace saltus
