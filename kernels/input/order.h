// The order of samples: the one that a row of a batch is.
#pragma once

#include <saltus/kernels/random.h>
#include <saltus/kernels/trial.h>

namespace saltus::kernels {

/// The order in which a data set is gone through.
struct Order {
  std::uint32_t count = 0;  ///< samples of the data set
  bool shuffled = false;    ///< by each trial's seed and the epoch; else as they are
};

/// The number of the sample in a row of the present batch.
SALTUS_HD std::uint32_t sample_of_row(const Order& order, const Trials& trials, int trial,
                                      int row) {
  const std::uint32_t place = trials.batch->first + static_cast<std::uint32_t>(row);
  if (!order.shuffled) return place;
  return shuffled_index(trials.states[trial].seed, trials.batch->epoch, place, order.count);
}

}  // namespace saltus::kernels
