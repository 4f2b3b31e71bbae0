#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include <saltus/sweep.h>

#include "sweep/trial_files.h"
#include "train/trainer.h"

namespace saltus {

/// Trains trials of a sweep. Configuration and data must outlive it.
class TrialRunner {
 public:
  TrialRunner(const SweepConfig& config, const ImageDataset& data);

  /// The models of trials that have batch size and epochs in common, compiled. Throws where they
  /// cannot be run.
  train::Trainer trainer(const SweepPlan& plan, std::span<const TrialSpec> trials) const;

  /// How many of them the device is best at side by side.
  int side_by_side(const SweepPlan& plan) const;

  /// Trains such trials side by side; those that go on stand at one place.
  std::vector<TrialResult> run(const SweepPlan& plan, std::span<const TrialSpec> trials,
                               SweepObserver& observer, const std::atomic<bool>* interrupt,
                               TrialFiles& files) const;

  /// Measures the first trial.
  Throughput throughput(const SweepPlan& plan) const;

 private:
  /// Rows of its largest batch.
  std::int64_t rows_of(const Setting& setting) const;

  const SweepConfig& config_;
  const ImageDataset& data_;
  Shape image_;
  std::int64_t classes_;
  Samples train_;
  Samples test_;
};

}  // namespace saltus
