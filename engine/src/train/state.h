// The training of a trial as data: what it takes to go on elsewhere with the same bits.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <saltus/history.h>

#include "backend/backend.h"

namespace saltus::train {

/// Where a trial stands. `batch` is 0 between epochs; inside of one the rest says what was done and
/// what the epoch is made of, which must be the same where it goes on.
struct Position {
  int epoch = 0;           ///< the one at hand or the next, as fit() counts
  int order = 0;           ///< of its samples: epochs done over all calls of fit()
  std::int64_t batch = 0;  ///< that comes next
  std::int64_t batch_size = 0;
  std::int64_t samples = 0;  ///< of an epoch
  bool shuffle = true;
  backend::BatchSums sums = {};  ///< of the batches done
  double seconds = 0;            ///< of the epoch so far
  double training_seconds = 0;   ///< of these, while training
};

/// All that the rest of a training depends on, beside the network, what it was compiled with and
/// the samples.
struct TrainingState {
  /// In the graph's order, moving statistics among them; averages in place of the trained ones,
  /// where the trial has averages.
  std::vector<std::vector<float>> weights = {};
  /// Where it has, by weight what training goes on from; nothing for weights that are not trained.
  std::vector<std::vector<float>> trained = {};
  /// By moment and weight what the optimizer remembers; nothing for weights that are not trained.
  std::vector<std::vector<std::vector<float>>> moments = {};
  /// Inside an epoch of a trial that is diagnosed, by weight what the epoch began with; nothing for
  /// weights that are not trained.
  std::vector<std::vector<float>> before = {};
  std::uint32_t steps = 0;  ///< optimizer steps done
  double learning_rate = 0;
  Position position = {};
  History history = {};  ///< of all epochs done
};

/// Adds the figures of an epoch. Where an epoch lacks a figure that others have, the history has a
/// NaN.
void append(History& history, int epoch, const Logs& logs);

}  // namespace saltus::train
