#pragma once

#include <filesystem>

namespace saltus {

/// The cores that this process may use, at least one: those that the scheduler gives it, or as many
/// as the CPU quota of its container is worth, rounded up.
int usable_cores();

/// What the quotas of the process's control groups (versions 1 and 2) are worth, rounded up; 0
/// where there is none. `root` is where /proc and the mounted groups are looked for.
int quota_cores(const std::filesystem::path& root = "/");

}  // namespace saltus
