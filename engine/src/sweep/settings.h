// The settings of a sweep, and the model that each trains.
#pragma once

#include <cstdint>
#include <vector>

#include <saltus/sweep.h>

#include "train/trainer.h"

namespace saltus {

/// All combinations of what the configuration lists, activations slowest.
std::vector<Setting> settings_of(const SweepConfig& config);

/// The network of a setting for these images. Throws InvalidArgument if they are too small.
Graph network_of(const SweepConfig& config, const Setting& setting, const ImageDataset& data);

/// The optimizer of a setting.
Optimizer optimizer_of(const Setting& setting);

/// The model of a trial.
train::Entry entry_of(const SweepConfig& config, const ImageDataset& data, const Setting& setting,
                      std::uint64_t seed);

}  // namespace saltus
