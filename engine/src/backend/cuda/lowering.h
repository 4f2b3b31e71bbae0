// Steps become launches of kernels.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "backend/cuda/constants.h"
#include "backend/cuda/dataset.h"
#include "backend/cuda/layout.h"
#include "kernels/batch_sums.h"
#include "kernels/stage.h"
#include "kernels/update/update.h"

namespace saltus::cuda {

/// What launches work on: known once memory is there, a split is chosen and a stream captures.
struct Site {
  kernels::Stage stage;
  Memory memory;
  const Constants* constants = nullptr;
  DataView data;
  bool shuffled = false;
  kernels::PerTrial<kernels::BatchSums> sums;
  const kernels::UpdateRule* rules = nullptr;
  kernels::NonFinite* non_finite = nullptr;
};

/// The launches of one step.
struct Launch {
  std::function<void(const Site&)> run;
  std::int64_t workspace = 0;  ///< bytes of a trial, free for all before and after
};

/// How the update is to be done.
struct UpdateChoices {
  bool check_finite = false;
  bool clips_by_norm = false;
};

/// The steps of a program, for batches of up to `max_rows`. The launches refer to `program`.
std::vector<Launch> lower(const plan::Plan& plan, const Schedule& program, std::int64_t max_rows,
                          const UpdateChoices& update, Constants& constants);

/// Numbers of the weights that are trained, in the order in which the update counts them.
std::vector<int> trained_weights(const Schedule& program, std::size_t weights);

}  // namespace saltus::cuda
