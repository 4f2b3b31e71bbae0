// Steps become launches of kernels.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <saltus/kernels/batch_sums.h>
#include <saltus/kernels/stage.h>
#include <saltus/kernels/update/update.h>

#include "backend/cuda/constants.h"
#include "backend/cuda/dataset.h"
#include "backend/cuda/layout.h"

namespace saltus::cuda {

class Multiplier;

/// Whose products they are; none: those of our kernels.
struct Multipliers {
  std::shared_ptr<Multiplier> convolutions;
  std::shared_ptr<Multiplier> dense;
};

/// What launches work on: known once memory is there, a split is chosen and a stream captures.
struct Site {
  kernels::Stage stage;
  Memory memory;
  const Constants* constants = nullptr;
  DataView data;
  std::int64_t rows = 0;  ///< of the batch, for those who have to know before the device
  bool shuffled = false;
  kernels::PerTrial<kernels::BatchSums> sums;
  const kernels::UpdateRule* rules = nullptr;
  kernels::NonFinite* non_finite = nullptr;
};

/// The launches of one step.
struct Launch {
  std::function<void(const Site&)> run;
  std::int64_t workspace = 0;  ///< bytes of a trial, free for all before and after
  std::int64_t shared = 0;     ///< bytes that the trials share, free likewise
  /// Makes what running at this site needs; nothing is put into the stream. Comes before run() for
  /// each number of rows, outside of captures. Often none.
  std::function<void(const Site&)> prepare = {};
};

/// How the update is to be done.
struct UpdateChoices {
  bool check_finite = false;
  bool clips_by_norm = false;
};

/// The steps of a program, for batches of up to `max_rows`. The launches refer to `program`.
std::vector<Launch> lower(const plan::Plan& plan, const Schedule& program, std::int64_t max_rows,
                          const UpdateChoices& update, Constants& constants,
                          const Multipliers& multipliers);

/// Numbers of the weights that are trained, in the order in which the update counts them.
std::vector<int> trained_weights(const Schedule& program, std::size_t weights);

/// The name of what the update found not to be finite, in its counting: kernels::NonFinite::weight.
std::string non_finite_weight(const Schedule& program, std::size_t weights, int found);

}  // namespace saltus::cuda
