// The identity of a trial: what a resumed or merged sweep goes by.
#pragma once

#include <cstdint>
#include <string>

#include <saltus/sweep.h>

namespace saltus {

/// The canonical text that decides a trial's result: JSON with sorted keys and no spaces. It holds
/// the network layer by layer, the checksums and counts of the data, and all that the trial is
/// trained with; not what leaves results alone (threads, folders) nor the device.
std::string trial_description(const SweepConfig& config, const Setting& setting, std::uint64_t seed,
                              const ImageDataset& data);

/// The first 16 hex digits of the SHA-256 of trial_description().
std::string trial_id(const std::string& description);

}  // namespace saltus
