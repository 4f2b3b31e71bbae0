// What a sweep keeps of its trials for saltus/replay.h: traces/ID.jsonl and
// traces/ID.E.safetensors.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <saltus/callbacks.h>
#include <saltus/sweep.h>

namespace saltus {

namespace train {
class Trainer;
}

/// The weights of a trial at one moment, as their digests.
struct TracePoint {
  int epoch = 0;                            ///< from 1
  std::int64_t step = 0;                    ///< batches of the epoch that are done
  std::vector<std::uint64_t> weights = {};  ///< by weight: train::weight_digest()

  bool operator==(const TracePoint&) const = default;
};

std::filesystem::path trace_file(const std::filesystem::path& folder, const std::string& id);

/// The state of a trial behind so many epochs.
std::filesystem::path trace_state_file(const std::filesystem::path& folder, const std::string& id,
                                       int epochs);

/// The points of a trace in their order, of each moment the last that was written. A line that was
/// not finished is left out. Throws DataError.
std::vector<TracePoint> read_trace(const std::filesystem::path& file);

/// A callback of a trial that is told which one that is.
class Watcher : public Callback {
 public:
  void watch(const train::Trainer& trainer, int trial) {
    trainer_ = &trainer;
    trial_ = trial;
  }

  void on_train_begin(const FitInfo& info, TrainingControl& /*control*/) override {
    steps_per_epoch_ = info.steps_per_epoch;
  }
  void on_epoch_begin(int epoch, TrainingControl& /*control*/) override { epoch_ = epoch + 1; }

 protected:
  /// Whether a trace of a point in each `every` batches has one here.
  bool is_point(std::int64_t step, std::int64_t every) const {
    return step % every == 0 || step == steps_per_epoch_;
  }
  TracePoint point(std::int64_t step) const;

 private:
  const train::Trainer* trainer_ = nullptr;
  int trial_ = 0;
  int epoch_ = 0;
  std::int64_t steps_per_epoch_ = 0;
};

/// Writes the trace of a trial while it trains, a point in each `every` batches. What an earlier
/// run of the trial left there stays if this one continues it.
std::shared_ptr<Watcher> trial_trace(const std::filesystem::path& folder, const std::string& id,
                                     std::int64_t every, bool resume);

}  // namespace saltus
