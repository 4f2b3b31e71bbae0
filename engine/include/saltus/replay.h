// Training a part of a sweep again, to see whether it gives the same bits.
#pragma once

#include <saltus/export.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <saltus/sweep.h>

namespace saltus {

/// A moment at which a trial's weights were compared with those of the run.
struct ReplayPoint {
  int epoch = 0;                            ///< from 1
  std::int64_t step = 0;                    ///< batches of the epoch that are done
  std::vector<std::string> different = {};  ///< names of the weights that are not the run's
};

struct ReplayOptions {
  int epoch = 1;            ///< the one that is trained again, from 1
  std::int64_t points = 0;  ///< of its points so many are compared, at least; 0: all
  /// Called at each point.
  std::function<void(const ReplayPoint& point)> on_point = {};
  /// Ends the replay once it is true, as for SweepOptions.
  const std::atomic<bool>* interrupt = nullptr;
};

/// Trains an epoch of a trial again, or its first batches, from the state in which the run began
/// it: the folder of a sweep with SweepOptions::trace_every. `plan` is that sweep, on the device
/// that is to compute it now. Returns the points that were compared: those before the first
/// difference, and that one. Throws InvalidArgument if the sweep has no such trial, or the folder
/// no trace of that epoch; DataError, DeviceError.
SALTUS_API std::vector<ReplayPoint> replay_trial(const SweepPlan& plan,
                                                 const std::filesystem::path& folder,
                                                 const std::string& trial,
                                                 const ReplayOptions& options = {});

/// The trials of a plan of which the folder has traces, by their ids.
SALTUS_API std::vector<std::string> traced_trials(const SweepPlan& plan,
                                                  const std::filesystem::path& folder);

}  // namespace saltus
