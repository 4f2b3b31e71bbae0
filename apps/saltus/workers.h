// A sweep in several programs on this machine.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <saltus/sweep.h>

namespace saltus::app {

/// The GPUs that --devices names, as CUDA numbers them: "0,2", or "all" that the driver knows.
/// Throws InvalidArgument, and DeviceError where there is none.
std::vector<std::string> parse_devices(const std::string& text);

struct Workers {
  int count = 1;
  std::vector<std::string> devices = {};  ///< of each, in turn; empty: all see all
  int threads = 0;                        ///< of each; 0: an equal share of the cores
  int side_by_side = 0;
  SavedModels save = SavedModels::none;
};

/// Trains what is missing of a sweep in programs of their own, unit by unit, into the folder's
/// trials/. One that is killed or fails is started again, up to three times; each ends with this
/// one. Returns the exit code.
int train_in_workers(const SweepPlan& plan, const Workers& workers,
                     const std::filesystem::path& folder);

}  // namespace saltus::app
