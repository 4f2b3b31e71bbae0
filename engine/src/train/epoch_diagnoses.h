// Diagnoses of the models of a Trainer, epoch by epoch.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "diagnostics/diagnosis.h"

namespace saltus::train {

/// So many of these samples are looked at: one in two hundred, but not fewer than 16 and not more
/// than 128. A sample takes up to four times as long as in training, where the passes skip what
/// diagnoses look at: so the time is at most a fiftieth of an epoch's of more than 3,200 samples.
std::int64_t diagnosed_samples(std::int64_t samples);

class EpochDiagnoses {
 public:
  explicit EpochDiagnoses(std::shared_ptr<diagnostics::Diagnosis> diagnosis)
      : diagnosis_(std::move(diagnosis)) {}

  /// Remembers the weights with which an epoch of a trial begins.
  void begin(backend::Executable& executable, int trial);

  /// Adds what the layers of a trial, at the end of an epoch, do with some of the samples that it
  /// trains on. They are evenly spread, the same for all trials and epochs.
  void log(backend::Executable& executable, int trial, const backend::Trial& row,
           const Samples& samples, Logs& logs);

  /// By weight, those with which the epoch at hand of a trial began, and none of what is not
  /// trained; or nothing where they are not known. The second takes them in.
  std::vector<std::vector<float>> before(int trial) const;
  void restore(int trial, const std::vector<std::vector<float>>& before);

 private:
  void take_weights(backend::Executable& executable, int trial);

  std::shared_ptr<diagnostics::Diagnosis> diagnosis_;
  std::map<int, std::vector<float>> before_;  ///< by trial; empty where it is not known
};

}  // namespace saltus::train
