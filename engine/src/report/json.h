// The common part of sweep.json, results.json and history.jsonl.
#pragma once

#include <cstdint>

#include <saltus/sweep.h>

#include "core/json.h"

namespace saltus {

/// To be raised when a file's meaning changes.
inline constexpr int kSchemaVersion = 1;

/// How a trial ended, without its history: docs/sweep-output.md has the keys.
Json end_of(const TrialResult& trial);

/// A text for each class: how many of its images were taken for which, "977 0 1".
Json json_of(const Confusion& confusion);

/// Reads that into a trial and returns the number of epochs. Throws as what core/json.h has.
std::int64_t read_end(const ReadJson& json, TrialResult& trial);

/// The longest file that is read, in bytes.
inline constexpr std::int64_t kMaxFileBytes = std::int64_t{1} << 30;

}  // namespace saltus
