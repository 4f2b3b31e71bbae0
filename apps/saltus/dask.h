// A sweep on the workers of Dask, an engine in Python: on this machine, on a cluster, or anywhere.
#pragma once

#include <filesystem>
#include <string>

#include <saltus/sweep.h>

namespace saltus::app {

struct DaskOptions {
  std::string where;      ///< "local", "local:2", "slurm:64", "tls://HOST:PORT", "tcp://HOST:PORT"
  std::string slurm;      ///< options of sbatch for each worker
  bool insecure = false;  ///< also a port that anybody may reach
  int threads = 0;        ///< of each; 0: all its cores, or its share of this machine's
  int side_by_side = 0;   ///< trials of a unit; 0: one on CPUs, sixteen else
  SavedModels save = SavedModels::none;
};

/// Whether --workers names them, and no number of programs.
bool is_on_dask(const std::string& workers);

/// Trains what is missing of a sweep, unit by unit, into the folder's trials/, by dask_launcher.py.
/// Returns the exit code. Throws DataError where that is missing, Error where Python cannot be
/// started.
int train_on_dask(const SweepPlan& plan, const DaskOptions& options,
                  const std::filesystem::path& folder);

}  // namespace saltus::app
