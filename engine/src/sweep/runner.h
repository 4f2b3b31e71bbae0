#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <saltus/sweep.h>

#include "sweep/trial_files.h"
#include "sweep/trial_model.h"

namespace saltus {

/// Trains trials of a sweep, whose plan must outlive it.
class TrialRunner {
 public:
  explicit TrialRunner(const SweepPlan& plan);

  /// How many trials of a network, with averages of its weights or not, the device is best at side
  /// by side.
  int side_by_side(const train::Network& network, bool averages) const;

  /// Trains trials side by side that have network, batch size and epochs in common, and stand at
  /// one place if they go on.
  std::vector<TrialResult> run(std::span<const TrialSpec> trials, const SweepOptions& options,
                               TrialFiles& files) const;

  /// The same trials as they begin.
  train::Trainer trainer(std::span<const TrialSpec> trials) const;

  const SweepSamples& samples() const { return samples_; }

 private:
  const Samples& largest_evaluated() const;

  /// What looks at the layers of a network's trials.
  std::shared_ptr<diagnostics::Diagnosis> diagnosis_of(
      const std::shared_ptr<const train::Network>& network) const;

  const SweepPlan& plan_;
  SweepSamples samples_;
  /// Those of the network that trained last: most sweeps have one, and buffers are made once.
  mutable std::shared_ptr<const train::Network> diagnosed_;
  mutable std::shared_ptr<diagnostics::Diagnosis> diagnosis_;
};

}  // namespace saltus
