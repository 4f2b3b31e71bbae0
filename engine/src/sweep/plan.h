// Parts of a sweep's plan.
#pragma once

#include <optional>
#include <vector>

#include <saltus/sweep.h>

namespace saltus {

/// Throws unless the configuration makes sense, and the network can be built for these images and
/// has something to tell apart.
void check_sweep(const SweepConfig& config, const ImageDataset& data);

/// Throws unless the network can be built for these images and the loss fits its end, and there is
/// something to tell apart.
void check_data(const SweepConfig& config, const ImageDataset& data);

/// Of a regression: replaces the targets by standardised ones, and gives the moments that those of
/// the rows had which are trained on.
std::optional<FeatureMoments> standardize_targets(const SweepConfig& config, ImageDataset& data);

/// The plan of a sweep that was planned before, from its configuration and data: without networks,
/// for which neither pixels nor labels are needed. Throws InvalidArgument.
SweepPlan recorded_plan(SweepConfig config, ImageDataset data);

}  // namespace saltus
