// The common part of sweep.json, results.json and history.jsonl.
#pragma once

#include <cstdint>

#include <saltus/sweep.h>

#include "core/json.h"

namespace saltus {

/// To be raised when a file's meaning changes.
inline constexpr int kSchemaVersion = 1;

/// How a trial ended, without its history: status, device, seconds, epochs, and divergence if it
/// diverged.
Json end_of(const TrialResult& trial);

/// Reads that into a trial and returns the number of epochs. Throws as what core/json.h has.
std::int64_t read_end(const ReadJson& json, TrialResult& trial);

/// The longest file that is read, in bytes.
inline constexpr std::int64_t kMaxFileBytes = std::int64_t{1} << 30;

}  // namespace saltus
