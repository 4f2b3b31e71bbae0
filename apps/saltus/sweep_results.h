// What saltus sweep and saltus merge end with.
#pragma once

#include <filesystem>

#include <saltus/sweep.h>

namespace saltus::app {

/// Prints ranking, verdict and digest, draws the pictures and writes the page into a folder that
/// has its tables already, and names its files.
void present_results(const std::filesystem::path& out, const SweepPlan& plan,
                     const SweepResult& result);

}  // namespace saltus::app
