// A sweep in parts: one of several programs that share its folder, and what puts them together.
#pragma once

#include <filesystem>
#include <string>

#include <saltus/report.h>
#include <saltus/sweep.h>
#include <saltus/trial_store.h>

namespace saltus::app {

/// Part `part` of `parts`, from 1.
struct Part {
  int part = 1;
  int parts = 1;
  /// Of the trials that have results, this share is trained again, to compare them.
  double audit = 0;
};

/// "3/16", and "0.01". Throws InvalidArgument.
Part parse_part(const std::string& text, const std::string& audit);

/// Trains what is missing of a part, into the folder's trials/. Returns the exit code.
int train_part(const SweepPlan& plan, const Part& part, const std::filesystem::path& folder,
               int side_by_side, SavedModels save);

/// Trains lists of trials into the folder's trials/, as they come on standard input: a line each,
/// ids with commas between them. Answers each with a line when its trials have results. Ends with
/// its input, and with whoever started it. Returns the exit code.
int serve_trials(const SweepPlan& plan, const std::filesystem::path& folder, int side_by_side,
                 SavedModels save);

/// Gives the sweep the results in a folder's trials/, which another program left there, and removes
/// that folder. Returns the exit code: kDifferent, which is said, where others had other results.
int take_results(const std::filesystem::path& from, const SweepPlan& plan, const TrialStore& store,
                 const std::filesystem::path& folder);

struct MergeOptions {
  bool partial = false;  ///< although trials are missing
  bool mixed = false;    ///< although kinds of devices differ
  bool wait = false;     ///< for programs that write into the folder, instead of refusing it
};

/// Makes the sweep's results of the trials that are in a folder, and presents them. Throws
/// InvalidArgument where the options do not allow it.
void merge_trials(const std::filesystem::path& folder, const SweepPlan& plan,
                  const MergeOptions& options = {});

/// A job array, as a script: "slurm:16" is one for Slurm of 16 tasks. Throws InvalidArgument.
std::string job_array(const std::string& text, const std::filesystem::path& folder);

}  // namespace saltus::app
